"""Files of NumPy arrays as images, or features, that metrics read."""

import functools
import hashlib
import pathlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import Prepare
from compare_ssgan.evaluation.image_source import (
    FeatureSource,
    ImageSource,
)

LABELS = "labels"
_LARGEST_LEVEL = 255.0
# What NumPy raises for files that are none of its own, or cut short; a ValueError is
# an array of Python objects too.
_UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_ROWS = 1000


class _Stored(NamedTuple):
    """An array in a file.

    Attributes:
        name: For messages.
        dtype: Of the elements.
        shape: Of the array.
        blocks: (number, size) to the first rows, in blocks of that many.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    blocks: Callable[[int, int], Iterator[np.ndarray]]


def open_images(path: pathlib.Path) -> ImageSource:
    """Returns images of a .npy file, or of a .npz file with labels or without.

    The array of an archive is called images, or is the only one besides labels; a
    file that NumPy wrote is read in blocks.

    Raises:
        InputError: If the file cannot be read, or does not hold images
            [examples, height, width, channels] uint8 with 1 or 3 channels.
    """
    stored, labels = _open(path, "images")
    _check_images(stored)
    height, width, channels = stored.shape[1:]
    return ImageSource(
        path=path,
        num_examples=stored.shape[0],
        channels=channels,
        image_shape=(height, width, channels),
        unequal="",
        read=functools.partial(_read, stored),
        digest=functools.partial(_digest, stored, labels),
        labels=labels,
    )


def open_features(path: pathlib.Path, name: str = "features") -> FeatureSource:
    """Returns vectors of a .npy file, or of a .npz file with labels or without.

    Args:
        path: The file.
        name: Name of the array in an archive, where it is not the only one.

    Raises:
        InputError: If the file cannot be read, or does not hold [examples, size] of
            finite floating point numbers.
    """
    stored, labels = _open(path, name)
    if len(stored.shape) != 2 or 0 in stored.shape or stored.dtype.kind != "f":
        raise InputError(
            f"{stored.name} is {stored.dtype} {list(stored.shape)}; {name} are "
            "floating point numbers [examples, size]. (Images are scored without "
            "--features none.)"
        )
    if path.suffix.lower() == ".npy":
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    else:
        vectors = np.concatenate([*stored.blocks(stored.shape[0], _ROWS)])
    if vectors.dtype.itemsize < 4:
        vectors = vectors.astype(np.float32)
    for first in range(0, len(vectors), _ROWS):
        finite = np.isfinite(vectors[first : first + _ROWS]).all(axis=1)
        if not finite.all():
            raise InputError(
                f"{stored.name}, row {first + int(np.argmin(finite))}, is not finite: "
                "metrics of it would be NaN."
            )
    return FeatureSource(path, vectors, labels)


def _open(path: pathlib.Path, name: str) -> tuple[_Stored, np.ndarray | None]:
    try:
        if path.suffix.lower() == ".npy":
            return _open_array(path), None
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(f"{path} is no archive of np.savez.")
            names = list(archive.files)
            chosen = _choose(path, names, name)
            labels = archive[LABELS] if LABELS in names else None
        stored = _open_member(path, chosen)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    if labels is not None:
        labels = _check_labels(path, labels, stored)
    return stored, labels


def _choose(path: pathlib.Path, names: Sequence[str], name: str) -> str:
    if name in names:
        return name
    others = [each for each in names if each != LABELS]
    if len(others) != 1:
        raise InputError(
            f"{path} has the arrays {', '.join(names) or '(none)'}; which of them are "
            f"the {name}? Call that one {name}."
        )
    return others[0]


def _open_array(path: pathlib.Path) -> _Stored:
    # np.load opens archives and pickles too.
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
    array = np.load(path, mmap_mode="r", allow_pickle=False)

    def blocks(num: int, size: int) -> Iterator[np.ndarray]:
        for first in range(0, num, size):
            yield array[first : min(first + size, num)]

    return _Stored(str(path), array.dtype, array.shape, blocks)


def _open_member(path: pathlib.Path, name: str) -> _Stored:
    """Returns an array of an archive, which is read from it in blocks."""

    def begin(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
        major, _ = np.lib.format.read_magic(file)
        if major == 1:
            return np.lib.format.read_array_header_1_0(file)
        return np.lib.format.read_array_header_2_0(file)

    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        shape, transposed, dtype = begin(file)
    if transposed or dtype.hasobject or not shape:
        # Rows of such an array are not one after the other.
        with np.load(path, allow_pickle=False) as loaded:
            array = loaded[name]
        return _Stored(
            f"{path}, array {name},", dtype, shape, functools.partial(_rows, array)
        )
    row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))

    def blocks(num: int, size: int) -> Iterator[np.ndarray]:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            begin(file)
            for first in range(0, num, size):
                rows = min(size, num - first)
                try:
                    data = file.read(rows * row_bytes)
                except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                    raise InputError(f"{path} is damaged: {error}.") from error
                if len(data) < rows * row_bytes:
                    raise InputError(f"{path}: the array {name} is cut short.")
                yield np.frombuffer(data, dtype).reshape(rows, *shape[1:])

    return _Stored(f"{path}, array {name},", dtype, shape, blocks)


def _rows(array: np.ndarray, num: int, size: int) -> Iterator[np.ndarray]:
    for first in range(0, num, size):
        yield array[first : min(first + size, num)]


def _check_images(stored: _Stored) -> None:
    shape, dtype = stored.shape, stored.dtype
    hint = ""
    if dtype.kind == "f":
        hint = (
            " Convert them: np.round(255 * x).astype(np.uint8) for x in [0, 1], "
            "np.round(127.5 * (x + 1)).astype(np.uint8) for x in [-1, 1]."
        )
        if len(shape) == 2:
            hint = " Features are scored with --features none."
    elif len(shape) == 3:
        hint = " Greyscale images need an axis for the channel: x[..., None]."
    elif len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        hint = " The channels go last: x.transpose(0, 2, 3, 1)."
    elif len(shape) == 4 and shape[3] not in (1, 3):
        hint = " There are 1 (greyscale) or 3 (RGB) channels, and no transparency."
    good = len(shape) == 4 and dtype == np.uint8 and shape[3] in (1, 3)
    if not good or 0 in shape:
        raise InputError(
            f"{stored.name} is {dtype} {list(shape)}; images are uint8 "
            f"[examples, height, width, channels].{hint}"
        )


def _check_labels(
    path: pathlib.Path, labels: np.ndarray, stored: _Stored
) -> np.ndarray:
    integers = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != stored.shape[:1] or not integers or (labels < -1).any():
        raise InputError(
            f"{path}: labels are {labels.dtype} {list(labels.shape)}; there must be a "
            f"whole number for each of {stored.shape[0]} examples: the class, from 0 "
            "on, or -1 for none."
        )
    return labels.astype(np.int64)


def _digest(stored: _Stored, labels: np.ndarray | None) -> str:
    digest = hashlib.sha256(repr(("images 1", stored.shape)).encode())
    for block in stored.blocks(stored.shape[0], _ROWS):
        digest.update(np.ascontiguousarray(block).data)
    if labels is not None:
        digest.update(labels.tobytes())
    return digest.hexdigest()


def _read(
    stored: _Stored, num: int, batch_size: int, prepare: Prepare | None
) -> Iterator[tf.Tensor]:
    for block in stored.blocks(num, batch_size):
        images = tf.cast(tf.constant(block), tf.float32) / _LARGEST_LEVEL
        yield images if prepare is None else prepare(images)
