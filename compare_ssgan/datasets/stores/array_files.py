"""Arrays in files that np.save and np.savez wrote, read in blocks."""

import functools
import pathlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

import numpy as np

from compare_ssgan.errors import InputError

# What NumPy raises for files that are none of its own, or cut short; a ValueError is
# an array of Python objects too.
_UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_ROWS = 1000


class Stored(NamedTuple):
    """An array in a file.

    Attributes:
        name: For messages.
        dtype: Of the elements.
        shape: Of the array.
        blocks: (number, size) to the first rows, in blocks of that many.
        mapped: The array, where the file is mapped into memory.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    blocks: Callable[[int, int], Iterator[np.ndarray]]
    mapped: np.ndarray | None = None

    def read(self) -> np.ndarray:
        """Returns the array."""
        if self.mapped is not None:
            return self.mapped
        parts = [*self.blocks(self.shape[0] if self.shape else 0, _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(self.shape, self.dtype)


def names(path: pathlib.Path) -> list[str]:
    """Returns the names of the arrays in an .npz file.

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if isinstance(archive, np.lib.npyio.NpzFile):
                return list(archive.files)
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.") from error
    except (TypeError, *_UNREADABLE) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    raise InputError(f"{path} is no archive of np.savez.")


def open_array(path: pathlib.Path) -> Stored:
    """Returns the array of an .npy file, which is mapped into memory.

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    try:
        # np.load opens archives and pickles too.
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    blocks = functools.partial(_rows, array)
    return Stored(str(path), array.dtype, array.shape, blocks, array)


def open_member(path: pathlib.Path, name: str) -> Stored:
    """Returns an array of an .npz file, which is read from it in blocks.

    Raises:
        InputError: If it cannot be read; damage shows when blocks are.
    """
    try:
        return _open_member(path, name)
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read: {error}.") from error


def _open_member(path: pathlib.Path, name: str) -> Stored:
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
        return Stored(
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

    return Stored(f"{path}, array {name},", dtype, shape, blocks)


def _rows(array: np.ndarray, num: int, size: int) -> Iterator[np.ndarray]:
    for first in range(0, num, size):
        yield array[first : min(first + size, num)]
