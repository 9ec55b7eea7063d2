"""State dicts that PyTorch saved, read without PyTorch and without running anything.

`torch.save` writes a pickle, which can call any function of the reading process, and
the arrays' bytes beside it. Here only the few names that a dictionary of tensors
needs are known, they stand for plain descriptions, and every other name is refused.

Two formats, https://pytorch.org/docs/stable/notes/serialization.html: since 1.6 a zip
archive; before that several pickles, then the arrays, in one stream.
"""

import io
import math
import pathlib
import pickle
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from compare_ssgan.errors import InputError

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_ZIP_MAGIC = b"PK\x03\x04"
_ORDERS = {b"little": "<", b"big": ">"}
# What damaged files make pickle, zipfile and NumPy raise.
_DAMAGED = (
    pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error,
    ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError,
    OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


class _Type(NamedTuple):
    """A type of storage; bfloat16, which NumPy lacks, is the upper half of float32."""

    dtype: str
    bfloat16: bool = False


_STORAGES = {
    "BFloat16Storage": _Type("u2", bfloat16=True),
    "BoolStorage": _Type("?"),
    "ByteStorage": _Type("u1"),
    "CharStorage": _Type("i1"),
    "DoubleStorage": _Type("f8"),
    "FloatStorage": _Type("f4"),
    "HalfStorage": _Type("f2"),
    "IntStorage": _Type("i4"),
    "LongStorage": _Type("i8"),
    "ShortStorage": _Type("i2"),
}


class _Storage(NamedTuple):
    """A block of numbers, by the key it is stored under."""

    key: str
    type: _Type
    num: int


class _Tensor(NamedTuple):
    """A view of a storage, in elements."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


# Instances of named tuples, not functions or classes: a pickle can set attributes of
# what it names, and these have none.
class _RebuildTensor(NamedTuple):
    """Stands for the function of PyTorch that makes a tensor."""

    def __call__(
        self, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any
    ) -> _Tensor:
        del rest
        found = _Tensor(storage, offset, tuple(size), tuple(stride))
        numbers = (offset, *found.size, *found.stride)
        if not isinstance(storage, _Storage) or len(found.size) != len(found.stride):
            raise pickle.UnpicklingError("a tensor is not described as one")
        if not all(isinstance(n, int) and n >= 0 for n in numbers):
            raise pickle.UnpicklingError(f"a tensor has shape {found.size}")
        return found


class _RebuildParameter(NamedTuple):
    """Stands for the function of PyTorch that makes a parameter of a tensor."""

    def __call__(self, data: Any, *rest: Any) -> Any:
        del rest
        return data


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    **{("torch", name): kind for name, kind in _STORAGES.items()},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise InputError(
                f"it refers to {module}.{name}, which no dictionary of tensors needs: "
                "nothing of it was run"
            )
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        """Returns a storage, ("storage", type, key, device, number of elements)."""
        tag, kind, key, _, num, *view = pid
        plain = isinstance(key, str) and isinstance(num, int) and num >= 0
        if tag != "storage" or not isinstance(kind, _Type) or not plain or any(view):
            raise pickle.UnpicklingError("a storage is not described as one")
        return _Storage(key, kind, num)


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Returns the arrays of a state dict that `torch.save` wrote.

    Arrays of bfloat16 become float32; others keep their type.

    Args:
        path: The file, in the zip format or the one before it.

    Raises:
        InputError: If the file is neither, is damaged, or has anything but a
            dictionary of tensors in it.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
            file.seek(0)
            state, blocks = _read_zip(file) if zipped else _read_stream(file)
        # Unbound, since a pickle can hide the methods of an OrderedDict.
        named = dict.items(_checked(state))
        return {name: _view(tensor, blocks) for name, tensor in named}
    except InputError as error:
        raise InputError(f"{path} is no state dict: {error}.") from error
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            f"{path} is no file that torch.save wrote, or it is damaged: {reason}."
        ) from error


def _checked(state: Any) -> dict[str, _Tensor]:
    if not isinstance(state, dict):
        raise InputError(f"it holds a {type(state).__name__}, not a dictionary")
    for name, tensor in dict.items(state):
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise InputError(f"'{name}' in it is no tensor")
    return state


def _read_zip(file: BinaryIO) -> tuple[Any, Callable[[_Storage], np.ndarray]]:
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    root = names[0].split("/")[0]
    if f"{root}/constants.pkl" in names:
        raise InputError("it is a program (TorchScript), and none is run")
    content = {name: _stored(archive, name) for name in names}
    order = _ORDERS[content.get(f"{root}/byteorder", b"little")]
    state = _Unpickler(io.BytesIO(content[f"{root}/data.pkl"])).load()

    def block(storage: _Storage) -> np.ndarray:
        return _numbers(content[f"{root}/data/{storage.key}"], storage, order)

    return state, block


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    # PyTorch compresses nothing; what is compressed may be a bomb.
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise InputError(f"'{name}' in it is compressed")
    return archive.read(name)


def _read_stream(file: BinaryIO) -> tuple[Any, Callable[[_Storage], np.ndarray]]:
    if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != _VERSION:
        raise pickle.UnpicklingError("it does not begin as such files do")
    system = _Unpickler(file).load()
    order = "<" if system["little_endian"] else ">"
    state = _Unpickler(file).load()
    kinds = {t.storage.key: t.storage for t in dict.values(_checked(state))}
    blocks = {}
    for key in _Unpickler(file).load():
        (num,) = struct.unpack(f"{order}q", file.read(8))
        if key not in kinds or kinds[key].num != num:
            raise pickle.UnpicklingError(f"storage {key} has {num} elements")
        size = num * np.dtype(kinds[key].type.dtype).itemsize
        blocks[key] = _numbers(file.read(size), kinds[key], order)

    return state, lambda storage: blocks[storage.key]


def _numbers(data: bytes, storage: _Storage, order: str) -> np.ndarray:
    dtype = np.dtype(f"{order}{storage.type.dtype}")
    if len(data) != storage.num * dtype.itemsize:
        raise EOFError(
            f"storage {storage.key} has {len(data)} bytes, not "
            f"{storage.num * dtype.itemsize}"
        )
    numbers = np.frombuffer(data, dtype).astype(storage.type.dtype, copy=False)
    if storage.type.bfloat16:
        return (numbers.astype(np.uint32) << 16).view(np.float32)
    return numbers


def _view(tensor: _Tensor, block: Callable[[_Storage], np.ndarray]) -> np.ndarray:
    numbers = block(tensor.storage)
    size, stride = tensor.size, tensor.stride
    last = tensor.offset + sum(
        (n - 1) * step for n, step in zip(size, stride, strict=True)
    )
    empty = math.prod(size) == 0
    # Steps of 0 repeat an element: a small file could ask for any amount of memory.
    if not empty and (last >= len(numbers) or math.prod(size) > len(numbers)):
        raise ValueError(f"a tensor of shape {size} is larger than its storage")
    if empty:
        return np.zeros(size, numbers.dtype)
    strides = [step * numbers.itemsize for step in stride]
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :], size, strides, writeable=False
    )
    return np.ascontiguousarray(view).reshape(size)
