"""Where each record of TFRecord files lies, found once and kept.

A record is its length (uint64), the masked CRC-32C of these eight bytes, the data, and
their masked CRC-32C, all little-endian:
https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

import hashlib
import os
import pathlib
import zipfile
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from compare_ssgan import cache
from compare_ssgan.datasets.stores import crc32c
from compare_ssgan.errors import InputError

_HEADER, _FOOTER = 12, 4
# What np.load raises for files that are none of its own, or cut short.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


class FileState(NamedTuple):
    """What a file is recognized by.

    Attributes:
        path: Absolute.
        num_bytes: Size.
        modified: Time of its last change in nanoseconds.
    """

    path: str
    num_bytes: int
    modified: int


class RecordIndex(NamedTuple):
    """Where records lie.

    Attributes:
        offsets: [records] int64, where the data of each begin in its file.
        lengths: [records] int64, bytes of its data.
        checksums: [records] uint32, masked CRC-32C of its data.
        files: [files + 1] int64, the first record of each file, and at last the
            number of all records.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    checksums: np.ndarray
    files: np.ndarray

    def file_of(self, indices: np.ndarray) -> np.ndarray:
        """Returns in which file records are."""
        return np.searchsorted(self.files, indices, side="right") - 1


def state(path: pathlib.Path) -> FileState:
    """Returns what a file is recognized by.

    Raises:
        InputError: If there is none, or it may not be read.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return FileState(os.path.abspath(path), found.st_size, found.st_mtime_ns)


def of_files(states: Sequence[FileState]) -> RecordIndex:
    """Returns the index of TFRecord files, from the cache where it is there.

    Raises:
        InputError: If a file is truncated, damaged, compressed or no TFRecord file.
    """
    known = load(states, "index", RecordIndex._fields)
    if known is not None:
        return RecordIndex(*known)
    parts = [_index(each) for each in states]
    counts = [len(offsets) for offsets, _, _ in parts]
    offsets, lengths, checksums = (
        np.concatenate([np.asarray(part[i], kind) for part in parts])
        for i, kind in enumerate((np.int64, np.int64, np.uint32))
    )
    files = np.cumsum([0, *counts], dtype=np.int64)
    index = RecordIndex(offsets, lengths, checksums, files)
    save(states, "index", index._asdict())
    return index


def load(
    states: Sequence[FileState], kind: str, names: Sequence[str]
) -> list[np.ndarray] | None:
    """Returns arrays kept for these files; None if there are none, or damaged ones.

    Args:
        states: The files.
        kind: What is kept.
        names: Of the arrays.
    """
    try:
        with np.load(_path(states, kind), allow_pickle=False) as file:
            return [file[name] for name in names]
    except _UNREADABLE:
        return None


def save(states: Sequence[FileState], kind: str, arrays: dict[str, np.ndarray]) -> None:
    """Keeps arrays for these files, where the cache can be written; see `load`."""
    path = _path(states, kind)
    try:
        cache.write(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
    except OSError as error:
        logging.warning("The index of records is not kept in %s: %s", path, error)


def _path(states: Sequence[FileState], kind: str) -> pathlib.Path:
    key = hashlib.sha256(repr([kind, *map(tuple, states)]).encode()).hexdigest()
    return cache.directory() / "datasets" / f"{key[:32]}.npz"


def _index(file: FileState) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Returns offsets, lengths and checksums of a file."""
    try:
        offsets, frames = _frames(file)
    except OSError as error:
        raise InputError(f"{file.path} cannot be read: {error.strerror}.") from error
    # Footers of the records before, headers, and a last footer.
    rows = np.frombuffer(b"".join(frames[:-1]), np.uint8)
    rows = rows.reshape(-1, _FOOTER + _HEADER)
    headers = np.ascontiguousarray(rows[:, _FOOTER:])
    sizes = headers[:, :8].tobytes()
    expected = crc32c.masked([sizes[i : i + 8] for i in range(0, len(sizes), 8)])
    wrong = np.flatnonzero(expected != headers[:, 8:].copy().view("<u4")[:, 0])
    if len(wrong):
        hint = ""
        if wrong[0] == 0:
            hint = " It may be compressed, or another kind of file."
        raise InputError(
            f"{file.path}, record {wrong[0]}: its header is damaged, or this is no "
            f"record of a TFRecord file.{hint} Prepare the file again."
        )
    if len(frames[-1]) != _FOOTER:
        raise InputError(
            f"{file.path}, record {len(offsets) - 1}: the file ends in the midst of "
            "it, it is truncated. Prepare the file again."
        )
    lengths = headers[:, :8].copy().view("<u8")[:, 0].astype(np.int64)
    footers = b"".join(frame[:_FOOTER] for frame in frames[1:])
    return offsets, lengths, np.frombuffer(footers, "<u4")


def _frames(file: FileState) -> tuple[list[int], list[bytes]]:
    """Reads what lies between the data of a file.

    Returns:
        Where the data of each record begin; and 16 bytes for each, the footer of the
        record before and the header, and after the last record its footer, which is
        the end of the file. Where the file is truncated, the last is of another size.
    """
    offsets: list[int] = []
    complete = _FOOTER + _HEADER
    begin = _HEADER
    descriptor = os.open(file.path, os.O_RDONLY)
    try:
        frames = [bytes(_FOOTER) + os.pread(descriptor, _HEADER, 0)]
        while len(frames[-1]) > _FOOTER:
            offsets.append(begin)
            if len(frames[-1]) < complete:
                break
            end = begin + int.from_bytes(frames[-1][_FOOTER:12], "little")
            # A damaged header may say anything.
            frames.append(os.pread(descriptor, complete, min(end, file.num_bytes)))
            begin = end + complete
    finally:
        os.close(descriptor)
    return offsets, frames
