"""Files of labels: what is written is read, and what is none is named."""

import numpy as np
import pytest

from compare_ssgan.datasets.transforms import label_files
from compare_ssgan.errors import InputError

IDS = np.array([4, 2, 9])


@pytest.mark.parametrize(
    "labels", [np.array([1, -1, 0]), np.array([[0.5, 0.5], [0, 0], [1, 0]])]
)
def test_what_is_written_is_read_again(tmp_path, labels):
    path = tmp_path / "labels.npz"
    label_files.write(path, IDS, labels)
    rows = label_files.read(path)
    np.testing.assert_array_equal(rows.ids, IDS)
    np.testing.assert_array_equal(rows.labels, labels)
    assert [each.name for each in tmp_path.iterdir()] == ["labels.npz"]


def test_no_file_is_overwritten(tmp_path):
    path = tmp_path / "labels.npz"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"labels.npz is there already"):
        label_files.write(path, IDS, IDS)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("labels.csv", IDS, "written to an .npz file, not to"),
        ("none/labels.npz", IDS, "Cannot write .*No such file"),
        ("labels.npz", IDS[:2], r"ids are int64 \[3\], for 2 rows"),
        ("labels.npz", np.full((3, 2), np.inf), "not finite"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, labels, message):
    with pytest.raises(InputError, match=message):
        label_files.write(tmp_path / name, IDS, labels)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["npz", "npy"])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.97])
def test_a_file_that_is_cut_short_is_named(tmp_path, suffix, share):
    path = tmp_path / f"labels.{suffix}"
    if suffix == "npz":
        np.savez(path, ids=np.arange(500), labels=np.arange(500))
    else:
        np.save(path, np.arange(500))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=rf"labels.{suffix} cannot be read"):
        label_files.read(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.npz", "no archive", "a.npz cannot be read: File is not a zip"),
        ("a.npy", "no array", "a.npy cannot be read.*magic"),
        ("a.txt", "0", "a.txt is no file of labels"),
        ("a.csv", "", "begins with ''.* the header id,label"),
        ("a.csv", "0,1\n1,2\n", "begins with '0,1'"),
        ("a.csv", "id,p0,p2\n0,1,0\n", "begins with 'id,p0,p2'"),
        ("a.csv", "id\n0\n", "begins with 'id'"),
        ("a.csv", "id,label\n\n", "no row below its header"),
        ("a.csv", "id,label\n0,1\n1\n", "cannot be read: .*columns changed"),
        ("a.csv", "id,label\n0,1,1\n", "rows have 3 cells, the header 2"),
        ("a.csv", "id,label\n0,seven\n", "cannot be read: could not convert.*seven"),
        ("a.csv", "id,label\n0,1.5\n", "labels are whole numbers, not 1.5"),
        ("a.csv", "id,label\n0.5,1\n", "ids are whole numbers, not 0.5"),
        ("a.csv", "id,label\n0,nan\n", "labels are whole numbers, not nan"),
        ("a.csv", "id,p0,p1\n0,nan,1\n", "not finite: example 0"),
        ("a.csv", "id,label\n0,\xe9\n", "cannot be read: .*utf-8"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        label_files.read(path)


@pytest.mark.parametrize("begin", ["", "\ufeff"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_text_as_spreadsheets_write_it_is_read(tmp_path, begin, quote):
    cells = [("id", "label"), ("7", "2"), ("3", "-1")]
    lines = [",".join(f"{quote}{each}{quote}" for each in row) for row in cells]
    path = tmp_path / "a.csv"
    path.write_bytes((begin + "\r\n".join(lines)).encode())
    rows = label_files.read(path)
    np.testing.assert_array_equal(rows.ids, [7, 3])
    np.testing.assert_array_equal(rows.labels, [2, -1])


def test_what_is_expected_is_said_once(tmp_path):
    np.savez(tmp_path / "a.npz", labels=IDS)
    with pytest.raises(InputError, match=r"^\S*a.npz has no array ids") as raised:
        label_files.read(tmp_path / "a.npz")
    assert str(raised.value).count(label_files.EXPECTED) == 1


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file of labels .*a.npz. It is"):
        label_files.read(tmp_path / "a.npz")


def test_arrays_of_python_objects_are_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(InputError, match=r"a.npy cannot be read: .*allow_pickle"):
        label_files.read(tmp_path / "a.npy")
