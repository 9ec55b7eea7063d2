"""Records of files by number: TFRecord and ArrayRecord."""

import os
import pathlib
import weakref
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from compare_ssgan.datasets.stores import crc32c, record_index
from compare_ssgan.datasets.stores.array_records import ArrayRecordFiles
from compare_ssgan.datasets.stores.open_files import OpenFiles
from compare_ssgan.errors import InputError


class Records(Protocol):
    """Records by number, those of the first file first."""

    @property
    def num_records(self) -> int:
        """Number of records of all files."""
        ...

    @property
    def checksums(self) -> np.ndarray:
        """[records] uint32, a checksum of the data of each, for content hashes.

        TFRecord files keep the masked CRC-32C of each record, which is taken; of
        ArrayRecord files, which keep none, all records are read once to find their
        CRC-32, which is kept in the cache.
        """
        ...

    def read(self, indices: np.ndarray) -> list[bytes]:
        """Returns the records of these numbers; may be called from several threads.

        Raises:
            InputError: If one is damaged, or its file has changed; both are named.
        """
        ...

    def describe(self, index: int) -> str:
        """Returns "FILE, record K" for messages; K counts from 0 in its file."""
        ...


def open_records(paths: Sequence[pathlib.Path]) -> Records:
    """Returns the records of files in this order.

    Args:
        paths: One or more files; with .array_record in their names ArrayRecord files,
            else TFRecord files without compression.

    Raises:
        InputError: If a file cannot be read or is damaged, or both kinds are mixed.
    """
    kinds = {".array_record" in path.name for path in paths}
    if len(kinds) == 2:
        raise InputError(
            f"{paths[0].parent} holds TFRecord and ArrayRecord files. Keep one kind."
        )
    return ArrayRecordFiles(paths) if True in kinds else RecordFiles(paths)


class RecordFiles:
    """Records of TFRecord files; implements `Records`."""

    def __init__(self, paths: Sequence[pathlib.Path]) -> None:
        """Reads where all records lie, from the cache where it is known.

        Args:
            paths: Files without compression, in the order of their records.

        Raises:
            InputError: If a file cannot be read, is truncated, or damaged.
        """
        self._paths = list(paths)
        states = [record_index.state(path) for path in paths]
        self._index = record_index.of_files(states)
        self._open = OpenFiles(states, _Descriptor)

    @property
    def num_records(self) -> int:
        """Number of records of all files."""
        return len(self._index.offsets)

    @property
    def checksums(self) -> np.ndarray:
        """[records] uint32, masked CRC-32C of the data of each."""
        return self._index.checksums

    def read(self, indices: np.ndarray) -> list[bytes]:
        """Returns the records of these numbers; see `Records`."""
        files = self._index.file_of(indices).tolist()
        lengths = self._index.lengths[indices].tolist()
        offsets = self._index.offsets[indices].tolist()
        contents = [
            self._open.get(file).read(length, offset)
            for file, length, offset in zip(files, lengths, offsets, strict=True)
        ]
        found = crc32c.masked(contents)
        wrong = np.flatnonzero(found != self._index.checksums[indices])
        if len(wrong):
            raise InputError(
                f"{self.describe(int(indices[wrong[0]]))} is damaged: its data do not "
                "fit their checksum. Prepare the file again."
            )
        return contents

    def describe(self, index: int) -> str:
        """Returns "FILE, record K" for messages; K counts from 0 in its file."""
        file = int(self._index.file_of(np.asarray(index)))
        return f"{self._paths[file]}, record {index - self._index.files[file]}"


class _Descriptor:
    """A file that is open as long as there is a reference to this."""

    def __init__(self, path: str) -> None:
        self._number = os.open(path, os.O_RDONLY)
        # A finalizer knows `os.close` still when the interpreter has forgotten it at
        # its end, where nothing needs to be closed, and threads may read still.
        weakref.finalize(self, os.close, self._number).atexit = False

    def read(self, num_bytes: int, offset: int) -> bytes:
        # A method, so that there is a reference while it reads.
        return os.pread(self._number, num_bytes, offset)
