"""Records of ArrayRecord files, https://github.com/google/array_record, by number."""

import pathlib
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from compare_ssgan.datasets.stores import record_index
from compare_ssgan.datasets.stores.open_files import OpenFiles
from compare_ssgan.errors import InputError

# Bytes; a record and not those around it, as records are read in random order.
_READ_AHEAD = "readahead_buffer_size:0"
_BUFFER = 32_768
# Records that are in memory at a time while checksums are computed.
_BLOCK = 256


class ArrayRecordFiles:
    """Records of ArrayRecord files; implements `records.Records`."""

    def __init__(self, paths: Sequence[pathlib.Path]) -> None:
        """Opens files, in the order of their records.

        Raises:
            InputError: If a file cannot be read or is no ArrayRecord file, or the
                package array_record is missing.
        """
        self._paths = list(paths)
        self._states = [record_index.state(path) for path in paths]
        self._open = OpenFiles(self._states, _Reader)
        counts = [self._open.get(i).num_records for i in range(len(paths))]
        self._files = np.cumsum([0, *counts], dtype=np.int64)
        self._lock = threading.Lock()
        self._checksums: np.ndarray | None = None

    @property
    def num_records(self) -> int:
        """Number of records of all files."""
        return int(self._files[-1])

    @property
    def checksums(self) -> np.ndarray:
        """[records] uint32, CRC-32 of the data of each.

        The files keep checksums of compressed chunks only: all records are read when
        this is first asked for, and the result is kept in the cache.
        """
        with self._lock:
            if self._checksums is None:
                self._checksums = self._load_checksums()
            return self._checksums

    def read(self, indices: np.ndarray) -> list[bytes]:
        """Returns the records of these numbers; see `records.Records`."""
        files = np.searchsorted(self._files, indices, side="right") - 1
        contents: list[bytes] = [b""] * len(indices)
        for file in np.unique(files).tolist():
            chosen = np.flatnonzero(files == file).tolist()
            inside = (indices[chosen] - self._files[file]).tolist()
            try:
                found = self._open.get(file).read(inside)
            except RuntimeError as error:
                raise self._damaged(file, inside) from error
            for position, content in zip(chosen, found, strict=True):
                contents[position] = content
        return contents

    def describe(self, index: int) -> str:
        """Returns "FILE, record K" for messages; K counts from 0 in its file."""
        file = int(np.searchsorted(self._files, index, side="right")) - 1
        return f"{self._paths[file]}, record {index - self._files[file]}"

    def _damaged(self, file: int, inside: Sequence[int]) -> InputError:
        for each in inside:
            try:
                self._open.get(file).read([each])
            except RuntimeError as error:
                name = self.describe(each + int(self._files[file]))
                return InputError(f"{name} is damaged: {error}. Prepare it again.")
        return InputError(f"{self._paths[file]} has changed. Start again.")

    def _load_checksums(self) -> np.ndarray:
        kept = record_index.load(self._states, "checksums", ["checksums"])
        if kept is not None:
            return kept[0]
        checksums = np.fromiter(self._compute_checksums(), np.uint32)
        record_index.save(self._states, "checksums", {"checksums": checksums})
        return checksums

    def _compute_checksums(self) -> Iterator[int]:
        for first in range(0, self.num_records, _BLOCK):
            block = np.arange(first, min(first + _BLOCK, self.num_records))
            yield from (zlib.crc32(content) for content in self.read(block))


class _Reader:
    """A file that is open as long as there is a reference to this."""

    def __init__(self, path: str) -> None:
        try:
            from array_record.python import array_record_module
        except ImportError as error:
            raise InputError(
                f"{path} is read by the package array_record, which is missing: "
                "pip install array_record."
            ) from error
        self._reader: Any = array_record_module.ArrayRecordReader(
            path, options=_READ_AHEAD, file_reader_buffer_size=_BUFFER
        )
        if not self._reader.ok():
            raise InputError(
                f"{path} is no ArrayRecord file, or truncated. Prepare it again."
            )
        self._lock = threading.Lock()
        self.num_records = int(self._reader.num_records())

    def read(self, inside: Sequence[int]) -> list[bytes]:
        with self._lock:
            found: list[bytes] = self._reader.read(inside)
            return found
