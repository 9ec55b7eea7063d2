"""What is known of many image files without decoding them, found once and kept."""

import concurrent.futures
import functools
import hashlib
import os
import pathlib
import time
import zipfile
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from compare_ssgan import cache
from compare_ssgan.datasets.stores import image_headers
from compare_ssgan.errors import InputError

_HASH_BYTES = 32
# Files a thread inspects in one go.
_CHUNK = 64
# A file that was written a moment ago may be written again without a later time.
_SETTLED_NANOSECONDS = 2 * 10**9
# Paths and problems are kept as one text each; no path has this character.
_SEPARATOR = "\0"
_UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error
)  # fmt: skip


class Inspection(NamedTuple):
    """What is known of files, in their order.

    Attributes:
        headers: [files, 5] int64: those of `image_headers.Header`; zeros for a file
            that has a problem.
        hashes: [files, 32] uint8: SHA-256 of their bytes.
        problems: [files] texts about "it": why a file is no image; empty for others.
        decoded: [files] bool: whether it was tried to decode the image.
    """

    headers: np.ndarray
    hashes: np.ndarray
    problems: np.ndarray
    decoded: np.ndarray


def inspect(
    folder: pathlib.Path, names: Sequence[str], *, decode: bool = False
) -> Inspection:
    """Reads files, several at a time.

    Args:
        folder: Where they are.
        names: Their paths in the folder.
        decode: Whether images are decoded too, for damage that only this shows.

    Raises:
        InputError: If a file cannot be read.
    """
    paths = [os.path.join(folder, name) for name in names]
    workers = min(16, 2 * (os.cpu_count() or 1))
    one = functools.partial(_inspect, decode=decode)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        chunks = [paths[i : i + _CHUNK] for i in range(0, len(paths), _CHUNK)]
        rows = [row for part in pool.map(one, chunks) for row in part]
    headers = np.array([row[0] for row in rows], np.int64).reshape(-1, 5)
    hashes = np.frombuffer(b"".join(row[2] for row in rows), np.uint8)
    return Inspection(
        headers,
        hashes.reshape(-1, _HASH_BYTES),
        np.array([row[1] for row in rows], object),
        np.full(len(rows), decode),
    )


def remembered(
    folder: pathlib.Path, names: Sequence[str], *, decode: bool = False
) -> Inspection:
    """Returns what `inspect` does, from the cache for files that have not changed.

    A file is the same while its path in the folder, its size and the time of its last
    change are. A cache that is damaged costs time and nothing else.

    Raises:
        InputError: If a file cannot be read.
    """
    stats = _stats(folder, names)
    place = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()
    path = cache.directory() / "datasets" / f"folder-{place}.npz"
    rows, found = _known(path, names, stats)
    stale = rows < 0
    if decode:
        # A file whose problem is known need not be decoded.
        known = rows[~stale]
        stale[~stale] = ~(found.decoded[known] | (found.problems[known] != ""))
    (missing,) = np.nonzero(stale)
    if not len(missing):
        return _select(found, rows)
    logging.info("Reading %d files in %s.", len(missing), folder)
    started = time.time_ns()
    new = inspect(folder, [names[int(i)] for i in missing], decode=decode)
    rows[missing] = len(found.hashes) + np.arange(len(missing))
    everything = _select(_joined(found, new), rows)
    settled = stats[:, 1] < started - _SETTLED_NANOSECONDS
    try:
        _write(path, names, stats, everything, settled)
    except OSError as error:
        logging.warning("What %s has is not kept in %s: %s", folder, path, error)
    return everything


def _inspect(
    paths: Sequence[str], decode: bool
) -> list[tuple[tuple[int, ...], str, bytes]]:
    rows = []
    for path in paths:
        try:
            data = pathlib.Path(path).read_bytes()
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror}.") from error
        rows.append((*inspect_bytes(data, decode), hashlib.sha256(data).digest()))
    return rows


def inspect_bytes(data: bytes, decode: bool) -> tuple[tuple[int, ...], str]:
    """Returns the header of an image, and what is wrong with it.

    Args:
        data: Content of a file.
        decode: Whether the image is decoded too, for damage that only this shows.
    """
    nothing = (0,) * len(image_headers.Header._fields)
    try:
        header = tuple(int(value) for value in image_headers.read(data))
    except ValueError as error:
        return nothing, str(error)
    if decode and not _decodes(data):
        return nothing, "it is truncated or damaged"
    return header, ""


def _decodes(data: bytes) -> bool:
    try:
        # It decodes PNG too.
        tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    except tf.errors.InvalidArgumentError:
        return False
    return True


def _stats(folder: pathlib.Path, names: Sequence[str]) -> np.ndarray:
    """Returns [files, 2] int64: sizes, and nanoseconds of the last change."""
    stats = np.empty([len(names), 2], np.int64)
    for row, name in zip(stats, names, strict=True):
        path = os.path.join(folder, name)
        try:
            found = os.stat(path)
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror}.") from error
        row[:] = found.st_size, found.st_mtime_ns
    return stats


def _known(
    path: pathlib.Path, names: Sequence[str], stats: np.ndarray
) -> tuple[np.ndarray, Inspection]:
    """Returns rows of what the cache has, -1 for a file of which it has nothing."""
    nothing = Inspection(
        np.zeros([0, 5], np.int64),
        np.zeros([0, _HASH_BYTES], np.uint8),
        np.zeros(0, object),
        np.zeros(0, bool),
    )
    try:
        kept_names, kept_stats, found = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return np.full(len(names), -1), nothing
    except _UNREADABLE as error:
        logging.warning("Files are read anew: %s: %s", path, error)
        return np.full(len(names), -1), nothing
    position = {name: row for row, name in enumerate(kept_names)}
    rows = np.array([position.get(name, -1) for name in names], np.int64)
    rows[(kept_stats[rows] != stats).any(axis=1)] = -1
    return rows, found


def _read(path: pathlib.Path) -> tuple[list[str], np.ndarray, Inspection]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    texts = [arrays[key].tobytes() for key in ("names", "problems")]
    names, problems = (os.fsdecode(text).split(_SEPARATOR) for text in texts)
    found = Inspection(
        arrays["headers"], arrays["hashes"], np.array(problems, object),
        arrays["decoded"],
    )  # fmt: skip
    num = len(names)
    shapes = [array.shape for array in (arrays["stats"], *found)]
    if shapes != [(num, 2), (num, 5), (num, _HASH_BYTES), (num,), (num,)]:
        raise ValueError("its arrays do not fit together")
    return names, arrays["stats"], found


def _write(
    path: pathlib.Path,
    names: Sequence[str],
    stats: np.ndarray,
    found: Inspection,
    settled: np.ndarray,
) -> None:
    """Writes what is known of files that will not change without a later time."""
    (rows,) = np.nonzero(settled)
    if not len(rows):
        return
    kept = _select(found, rows)
    texts = {"names": [names[int(i)] for i in rows], "problems": list(kept.problems)}
    arrays = kept._asdict() | {"stats": stats[rows]}
    for key, text in texts.items():
        arrays[key] = np.frombuffer(os.fsencode(_SEPARATOR.join(text)), np.uint8)
    cache.write(path, lambda file: np.savez(file, **arrays))


def _select(found: Inspection, rows: np.ndarray) -> Inspection:
    return Inspection(*(array[rows] for array in found))


def _joined(one: Inspection, other: Inspection) -> Inspection:
    return Inspection(*map(np.concatenate, zip(one, other, strict=True)))
