import os
import pickle
import zipfile

import numpy as np
import pytest
import torch_format

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import torch_file

ARRAYS = {
    "kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "half": np.array([0.5, -2], np.float16),
    "count": np.array(7, np.int64),
    "none": np.zeros((0, 3), np.float32),
}
BOTH = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "stream"])


def _archive(path, described, blocks=()):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", described)
        for key, block in enumerate(blocks):
            archive.writestr(f"archive/data/{key}", block)
    return path


def _same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@BOTH
def test_a_state_dict_is_read_in_either_format(tmp_path, zipped):
    path = torch_format.save(tmp_path / "a.pth", ARRAYS, zipped=zipped)
    _same(torch_file.read(path), ARRAYS)


class _Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@BOTH
def test_nothing_of_the_file_is_run(tmp_path, zipped):
    path, mark = tmp_path / "a.pth", tmp_path / "mark"
    described = pickle.dumps({"weight": _Command(mark)}, 2)
    if zipped:
        _archive(path, described)
    else:
        whole = torch_format.save(tmp_path / "b.pth", {}, zipped=False).read_bytes()
        empty = torch_format.state_pickle([], zipped=False)
        path.write_bytes(whole.replace(empty, described))
    with pytest.raises(InputError, match=r"posix.system.*nothing of it was run"):
        torch_file.read(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    ["builtins eval", "torch load", "torch._utils _rebuild_sparse_tensor", "os system"],
)
def test_every_other_name_is_refused(tmp_path, name):
    module, attribute = name.split()
    described = f"\x80\x02c{module}\n{attribute}\n.".encode("latin1")
    with pytest.raises(InputError, match=rf"{module}\.{attribute}"):
        torch_file.read(_archive(tmp_path / "a.pth", described))


@BOTH
def test_a_file_cut_short_anywhere_is_refused(tmp_path, zipped):
    whole = torch_format.save(tmp_path / "a.pth", ARRAYS, zipped=zipped).read_bytes()
    cut = tmp_path / "cut.pth"
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        cut.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"damaged|no state dict"):
            torch_file.read(cut)


@BOTH
def test_a_damaged_file_is_refused_or_read_never_anything_else(tmp_path, zipped):
    whole = torch_format.save(tmp_path / "a.pth", ARRAYS, zipped=zipped).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        path = tmp_path / "damaged.pth"
        path.write_bytes(damaged)
        try:
            torch_file.read(path)
        except InputError:
            refused += 1
    assert refused > 50


def test_a_damaged_number_in_a_zip_archive_is_noticed(tmp_path):
    path = torch_format.save(tmp_path / "a.pth", ARRAYS, zipped=True)
    whole = bytearray(path.read_bytes())
    whole[whole.index(ARRAYS["kernel"].tobytes()) + 5] ^= 1
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"damaged.*CRC"):
        torch_file.read(path)


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path):
    items = [("weight", np.dtype(np.float32), (1000, 1000))]
    described = torch_format.state_pickle(items, zipped=True)
    path = _archive(tmp_path / "a.pth", described, [bytes(400)])
    with pytest.raises(InputError, match="400 bytes, not 4000000"):
        torch_file.read(path)
    stride = described.index(torch_format._tuple((1000, 1)))
    repeated = bytearray(
        described.replace(
            b"J" + (10**6).to_bytes(4, "little"), b"J" + (100).to_bytes(4, "little")
        )
    )
    assert stride > 0
    repeated = repeated.replace(
        torch_format._tuple((1000, 1)), torch_format._tuple((0, 0))
    )
    path = _archive(tmp_path / "b.pth", bytes(repeated), [bytes(400)])
    with pytest.raises(InputError, match="larger than its storage"):
        torch_file.read(path)


def test_what_is_no_dictionary_of_tensors_is_refused(tmp_path):
    for content, message in [([1, 2], "holds a list"), ({"a": 3}, "'a' in it is no")]:
        path = _archive(tmp_path / "a.pth", pickle.dumps(content, 2))
        with pytest.raises(InputError, match=message):
            torch_file.read(path)


def test_programs_and_compressed_archives_are_refused(tmp_path):
    path = _archive(tmp_path / "a.pth", b"")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/constants.pkl", b"")
    with pytest.raises(InputError, match="TorchScript"):
        torch_file.read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000))
    with pytest.raises(InputError, match="compressed"):
        torch_file.read(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.pth"
    for content in (b"", b"hello", b"PK\x03\x04", bytes(100)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a.pth is no file that torch.save wrote"):
            torch_file.read(path)
    with pytest.raises(InputError, match="No such file"):
        torch_file.read(tmp_path / "b.pth")


@pytest.mark.conformance
@BOTH
def test_what_torch_saves_is_read_as_torch_reads_it(tmp_path, zipped):
    import torch

    state = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, (1, 5)), torch.nn.BatchNorm2d(3)
    ).state_dict()
    shared = torch.arange(12.0)
    state["part"], state["turned"] = shared[4:8], shared.reshape(3, 4).t()
    state["parameter"] = torch.nn.Parameter(torch.ones(2, 2))
    state["single"] = torch.tensor(2.5)
    for dtype in ("half", "bfloat16", "double", "int", "short", "bool", "uint8"):
        state[dtype] = torch.tensor([0, 1, 1]).to(getattr(torch, dtype))
    path = tmp_path / "a.pth"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    found = torch_file.read(path)
    assert list(found) == list(state)
    for name, tensor in state.items():
        expected = tensor.detach()
        expected = expected.float() if name == "bfloat16" else expected
        np.testing.assert_array_equal(found[name], expected.numpy(), strict=True)


@pytest.mark.conformance
@BOTH
def test_torch_reads_the_files_of_these_tests(tmp_path, zipped):
    import torch

    path = torch_format.save(tmp_path / "a.pth", ARRAYS, zipped=zipped)
    found = torch.load(path, weights_only=True)
    _same({name: tensor.numpy() for name, tensor in found.items()}, ARRAYS)
