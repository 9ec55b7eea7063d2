"""Files that give examples labels: reading and writing them.

The rows of a file say which example they are of by its id (`Split.ids`), which is
the same at every start. Labels are integers, -1 for none, or distributions over
classes, zeros for none.
"""

import os
import pathlib
import tempfile
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from compare_ssgan.errors import InputError

# What NumPy raises for files that are none of its own, or cut short; a ValueError is
# also a text that is no number, or an array of Python objects.
_UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_TOLERANCE = 1e-3
_SHOWN = 3

EXPECTED = (
    "It is an .npz file with the arrays ids [n] and labels ([n] integers, or [n, "
    "classes] distributions), an .npy file of such labels whose row is the id, or a "
    ".csv file with the header id,label or id,p0,p1,..."
)


class Rows(NamedTuple):
    """The content of a file of labels.

    Attributes:
        ids: [n] int64, each once.
        labels: [n] int64, -1 for an unlabelled example; or [n, classes] float32.
    """

    ids: np.ndarray
    labels: np.ndarray


def write(path: str | os.PathLike[str], ids: np.ndarray, labels: np.ndarray) -> None:
    """Writes an .npz file that `labels.replace` reads.

    What predicts labels (a classifier, clusters) hands them on with it: the ids are
    those of the split it read, `dataset.train.ids`.

    Args:
        path: A new file; its name ends in .npz.
        ids: [n] integers, each once.
        labels: [n] integers, -1 for none; or [n, classes] distributions or logits.

    Raises:
        InputError: If the file is there already or cannot be written, or what it
            should hold cannot be read again.
    """
    path = pathlib.Path(path)
    if path.suffix != ".npz":
        raise InputError(f"Labels are written to an .npz file, not to {path}.")
    if path.exists():
        raise InputError(f"{path} is there already. Remove it, or write another file.")
    rows = _checked(np.asarray(ids), np.asarray(labels), path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".labels") as folder:
            complete = pathlib.Path(folder) / path.name
            np.savez_compressed(complete, ids=rows.ids, labels=rows.labels)
            os.replace(complete, path)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error}.") from error


def read(path: pathlib.Path) -> Rows:
    """Returns the rows of a file, whatever they say of classes.

    Raises:
        InputError: If the file cannot be read, lacks something, names an example
            twice, or has numbers that are not finite.
    """
    readers = {".npz": _read_npz, ".npy": _read_npy, ".csv": _read_csv}
    if path.suffix not in readers:
        raise InputError(f"{path} is no file of labels. {EXPECTED}")
    try:
        ids, labels = readers[path.suffix](path)
    except InputError:
        raise  # It says what is wrong already; it is a ValueError, too.
    except FileNotFoundError as error:
        raise InputError(f"There is no file of labels {path}. {EXPECTED}") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read: {error}. {EXPECTED}") from error
    return _checked(ids, labels, path)


def check_classes(rows: Rows, num_classes: int, path: pathlib.Path) -> None:
    """Refuses labels that are none of `num_classes` classes.

    Raises:
        InputError: Naming the first example whose label is out of range or no
            distribution, or the number of columns.
    """
    ids, labels = rows
    if labels.ndim == 1:
        wrong = np.flatnonzero((labels < -1) | (labels >= num_classes))
        if wrong.size:
            raise InputError(
                f"{path}: the label of example {ids[wrong[0]]} is {labels[wrong[0]]}, "
                f"but there are {num_classes} classes, 0 to {num_classes - 1}, and -1 "
                f"for none ({wrong.size} such labels). {_OTHER_CLASSES}"
            )
        return
    if labels.shape[1] != num_classes:
        raise InputError(
            f"{path} has {labels.shape[1]} columns of classes, but there are "
            f"{num_classes} classes. {_OTHER_CLASSES}"
        )
    sums = labels.sum(axis=1, dtype=np.float64)
    is_one = (np.abs(sums - 1) <= _TOLERANCE) | ~labels.any(axis=1)
    wrong = np.flatnonzero(~is_one | (labels < 0).any(axis=1))
    if wrong.size:
        first = wrong[0]
        raise InputError(
            f"{path}: the row of example {ids[first]} is no distribution: it goes from "
            f"{labels[first].min():g} to {labels[first].max():g} and its sum is "
            f"{sums[first]:g} ({wrong.size} such rows). Of logits set "
            "labels.replace.logits = True."
        )


_OTHER_CLASSES = (
    "For other classes than the dataset's own set labels.replace.num_classes."
)


def _read_npz(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    # np.load opens other formats too, which are no context managers.
    with zipfile.ZipFile(path):
        pass
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("ids", "labels") if name not in arrays]
        if missing:
            raise InputError(
                f"{path} has no array {' and no '.join(missing)}. {EXPECTED}"
            )
        return arrays["ids"], arrays["labels"]


def _read_npy(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    # np.load opens archives and pickles too.
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
    labels = np.load(path, allow_pickle=False)
    return np.arange(len(labels) if labels.ndim else 0), labels


def _read_csv(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    # Spreadsheets put a mark of the encoding before the text, and quote cells.
    with path.open(encoding="utf-8-sig") as file:
        header = [name.strip().strip('"') for name in file.readline().split(",")]
        num_columns = len(header) - 1
        soft = [f"p{column}" for column in range(num_columns)]
        if header[0] != "id" or header[1:] not in (["label"], soft) or not soft:
            raise InputError(
                f"{path} begins with {','.join(header)[:60]!r}. {EXPECTED}"
            )
        lines = [line for line in file if line.strip()]
    if not lines:
        raise InputError(f"{path} has no row below its header.")
    cells = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None, quotechar='"')
    if cells.shape[1] != num_columns + 1:
        raise InputError(
            f"{path}: rows have {cells.shape[1]} cells, the header {num_columns + 1}."
        )
    ids, values = cells[:, 0], cells[:, 1:]
    labels = _whole(values[:, 0], "labels", path) if header[1] == "label" else values
    return _whole(ids, "ids", path), labels


def _whole(numbers: np.ndarray, name: str, path: pathlib.Path) -> np.ndarray:
    wrong = numbers[~(numbers == np.rint(numbers)) | (np.abs(numbers) >= 2**53)]
    if wrong.size:
        raise InputError(f"{path}: {name} are whole numbers, not {wrong[0]:g}.")
    return numbers.astype(np.int64)


def _checked(ids: np.ndarray, labels: np.ndarray, path: pathlib.Path) -> Rows:
    numbers = (np.integer, np.floating)
    is_hard = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    is_soft = labels.ndim == 2 and any(np.issubdtype(labels.dtype, n) for n in numbers)
    if not (is_hard or is_soft) or not labels.size:
        raise InputError(
            f"{path}: labels are {labels.dtype} {list(labels.shape)}. {EXPECTED}"
        )
    if ids.shape != labels.shape[:1] or not np.issubdtype(ids.dtype, np.integer):
        raise InputError(
            f"{path}: ids are {ids.dtype} {list(ids.shape)}, for {len(labels)} rows "
            f"of labels. {EXPECTED}"
        )
    found, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise InputError(f"{path} has more than one row of {some(found[counts > 1])}.")
    if is_hard:
        return Rows(ids.astype(np.int64), labels.astype(np.int64))
    with np.errstate(over="ignore"):
        labels = labels.astype(np.float32)
    wrong = ids[~np.isfinite(labels).all(axis=1)]
    if wrong.size:
        raise InputError(f"{path} has numbers that are not finite: {some(wrong)}.")
    return Rows(ids.astype(np.int64), labels)


def some(ids: np.ndarray) -> str:
    """Returns a text that names the first of these examples, and counts the others."""
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"example {', '.join(map(str, ids[:_SHOWN]))}{more}"
