"""Writes state dicts in the two formats of `torch.save`, without PyTorch."""

import pickle
import struct
import zipfile

import numpy as np

from compare_ssgan.evaluation.features import inception_network

_STORAGES = {
    "float32": "FloatStorage",
    "int64": "LongStorage",
    "float16": "HalfStorage",
}


def save(path, arrays, *, zipped):
    """Writes arrays by name; in the zip format, or the stream of before."""
    items = [(name, np.ascontiguousarray(array)) for name, array in arrays.items()]
    described = state_pickle([(n, a.dtype, a.shape) for n, a in items], zipped=zipped)
    blocks = [array.tobytes() for _, array in items]
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", described)
            archive.writestr("archive/byteorder", "little")
            archive.writestr("archive/version", "3\n")
            for key, block in enumerate(blocks):
                archive.writestr(f"archive/data/{key}", block)
        return path
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    head = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    keys = pickle.dumps([str(key) for key in range(len(items))], 2)
    body = [
        struct.pack("<q", array.size) + block
        for (_, array), block in zip(items, blocks, strict=True)
    ]
    path.write_bytes(b"".join([*head, described, keys, *body]))
    return path


def state_pickle(items, *, zipped):
    """Returns the pickle of a dictionary of tensors: (name, type, shape) of each."""
    parts = [b"\x80\x02ccollections\nOrderedDict\n)R("]
    for key, (name, dtype, shape) in enumerate(items):
        num = int(np.prod(shape))
        strides = np.cumprod([1, *shape[:0:-1]])[::-1] if shape else []
        parts += [
            text(name), b"ctorch._utils\n_rebuild_tensor_v2\n((", text("storage"),
            f"ctorch\n{_STORAGES[str(dtype)]}\n".encode(), text(str(key)),
            text("cpu"), _integer(num), b"" if zipped else b"N", b"tQ", _integer(0),
            _tuple(shape), _tuple(strides), b"\x89ccollections\nOrderedDict\n)RtR",
        ]  # fmt: skip
    return b"".join([*parts, b"u."])


def text(value):
    """Returns the pickle of a string."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def inception_state(seed=0):
    """Returns random weights with which activations neither vanish nor explode."""
    rng = np.random.default_rng(seed)
    state = {}
    for name, shape in inception_network.state_shapes().items():
        if name.endswith(("conv.weight", "fc.weight")):
            gain = 2 if len(shape) == 4 else 1
            scale = np.sqrt(gain / np.prod(shape[1:]))
            value = rng.standard_normal(shape, np.float32) * scale
        elif name.endswith("running_var"):
            value = rng.uniform(0.5, 1.5, shape)
        elif name.endswith("bn.weight"):
            value = rng.uniform(0.75, 1.25, shape)
        else:
            value = rng.normal(0, 0.2, shape)
        state[name] = value.astype(np.float32)
    return state


def _integer(value):
    return b"J" + struct.pack("<i", value)


def _tuple(values):
    return b"(" + b"".join(_integer(int(value)) for value in values) + b"t"
