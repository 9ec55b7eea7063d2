"""The command `data`, as a user meets it."""

import errno
import json
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.digit_outlines import digit_outlines
from compare_ssgan.datasets.photos import photos
from compare_ssgan.datasets.pipeline import lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.studies import grids


@pytest.fixture(autouse=True)
def no_directory():
    """Forgets --data_dir, which a command sets for its process."""
    yield
    base.set_data_directory(None)


TINY = ["--set", "datasets.synthetic.image_shape = (4, 6, 3)"]
CLASSES = "datasets.synthetic.num_classes = {}"
EXAMPLES = "datasets.synthetic.num_examples = {}"


def _synthetic(num_classes, num_examples):
    return [
        "synthetic", *TINY,
        "--set", CLASSES.format(num_classes), "--set", EXAMPLES.format(num_examples),
    ]  # fmt: skip


def _cells(text, row):
    (line,) = (x for x in text.splitlines() if x.strip().startswith(f"{row} "))
    return line.split()[-2:]


def test_show_prints_sizes_classes_splits_counts_range_and_hashes(command, tmp_path):
    code, out, err = command("data", "show", "photos")
    assert (code, err) == (0, "")
    assert out.startswith("photos: 32x32x3, 2 classes\n")
    assert _cells(out, "examples") == ["3,782", "732"]
    assert _cells(out, "china") == _cells(out, "flower") == ["1,891", "366"]
    assert _cells(out, "unlabelled") == ["0", "0"]
    pixels = photos().train.store.arrays.images
    assert _cells(out, "mean pixel")[0] == f"{pixels.mean():.2f}"
    assert f"{pixels.min()} to {pixels.max()}" in out
    for name, split in (("train", photos().train), ("test", photos().test)):
        assert f"{name}: content hash {split.content_hash}\n" in out
    assert "photos-examples.png: training images, 2 rows each: china, flower" in out
    assert [each.name for each in tmp_path.iterdir()] == ["photos-examples.png"]


def test_show_as_json_is_one_object(command, tmp_path):
    arguments = [*_synthetic(3, 7), "--json", "--out", "a.png"]
    code, out, err = command("data", "show", *arguments)
    assert (code, err) == (0, "")
    found = json.loads(out)
    dataset = synthetic(image_shape=(4, 6, 3), num_classes=3, num_examples=7)
    split = dataset.train
    pixels = split.store.arrays.images
    assert found.pop("splits")["train"] == {
        "num_examples": 7,
        "labels": {
            "soft": False, "labelled": 7, "unlabelled": 0, "per_class": [3, 2, 2],
            "mean_of_largest": None,
        },
        "pixels": {
            "smallest": pixels.min(), "largest": pixels.max(),
            "mean": pytest.approx(pixels.mean()), "num_examples": 7,
        },
        "content_hash": split.content_hash,
    }  # fmt: skip
    assert found == {
        "dataset": "synthetic", "name": "synthetic", "image_shape": [4, 6, 3],
        "num_classes": 3, "class_names": None, "num_modes": None, "files": None,
        "paired": False, "grid": "a.png", "grid_groups": ["0", "1", "2"],
    }  # fmt: skip


def test_many_classes_are_summarized(command):
    code, out, _ = command("data", "show", *_synthetic(30, 69))
    assert code == 0
    # 69 examples of 30 classes in turn: nine classes have three, the others two.
    for row, number in (("fewest", "2"), ("median", "2"), ("most", "3")):
        assert _cells(out, f"{row} in a class") == [number, number]
    assert "train: fewest examples of class 9 (2), class 10 (2)" in out
    assert "class 29" not in out.partition("fewest examples")[0]


def test_classes_without_examples_are_named(command):
    _, out, _ = command("data", "show", *_synthetic(6, 4))
    assert "test: no examples of class 4, class 5\n" in out
    _, out, _ = command("data", "show", *_synthetic(30, 10))
    assert "class 10, class 11, " in out
    assert "class 17 and 12 more\n" in out


def test_a_dataset_without_classes_is_shown_without_labels(command):
    code, out, _ = command("data", "show", *_synthetic(0, 5), "--json")
    assert code == 0
    assert json.loads(out)["splits"]["test"]["labels"] is None
    code, out, _ = command("data", "show", *_synthetic(0, 5))
    assert out.startswith("synthetic: 4x6x3\n")
    assert "labelled" not in out
    assert out.endswith("synthetic-examples.png: training images\n")


def test_settings_and_transforms_apply(command):
    lines = ["datasets.photos.stride = 16", "run.transforms = [@images.flip()]"]
    settings = [part for line in lines for part in ("--set", line)]
    code, out, _ = command("data", "show", "photos", *settings)
    assert code == 0
    assert out.startswith("photos_stride16: ")
    assert _cells(out, "examples") == ["644", "138"]


def test_labels_that_a_transform_takes_away_are_not_counted(command):
    settings = ["run.transforms = [@labels.keep()]", "labels.keep.per_class = 5"]
    lines = [part for line in settings for part in ("--set", line)]
    code, out, _ = command("data", "show", "photos", *lines)
    assert code == 0
    assert _cells(out, "labelled") == ["10", "732"]
    assert _cells(out, "unlabelled") == ["3,772", "0"]
    assert _cells(out, "flower") == ["5", "366"]
    assert out.endswith("images, a row each: china, flower, unlabelled\n")


def _picture(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def test_the_picture_has_the_classes_in_rows_and_replaces_an_older_one(
    command, tmp_path
):
    path = tmp_path / "a.png"
    path.write_bytes(b"older")
    code, _, _ = command("data", "show", *_synthetic(4, 12), "--out", path)
    assert code == 0
    images = synthetic(image_shape=(4, 6, 3), num_classes=4, num_examples=12)
    images = images.train.store.arrays.images
    # Examples 0, 4 and 8 are of class 0, and so on; enlarged 16 times.
    rows = images.reshape(3, 4, 4, 6, 3).transpose(1, 0, 2, 3, 4).reshape(12, 4, 6, 3)
    large = rows.repeat(16, axis=1).repeat(16, axis=2)
    np.testing.assert_array_equal(_picture(path), grids.grid(large / 255, columns=3))


def test_pairs_are_shown_side_by_side(command, tmp_path):
    code, out, err = command("data", "show", "digit_outlines")
    assert (code, err) == (0, "")
    title = "digit_outlines: 32x64x1, pairs of images, the source left of the target\n"
    assert out.startswith(title)
    assert _cells(out, "examples") == ["1,197", "600"]
    dataset = digit_outlines()
    assert f"test: content hash {dataset.test.content_hash}\n" in out
    assert out.endswith("digit_outlines-examples.png: training pairs\n")
    picture = _picture(tmp_path / "digit_outlines-examples.png")
    pair = next(dataset.train.evaluation_batches(1, 1))
    for side, left in ((pair.source, 2), (pair.target, 66)):
        (large,) = side.images.numpy().repeat(2, axis=1).repeat(2, axis=2)
        np.testing.assert_allclose(picture[2:66, left : left + 64] / 255, large)


def test_a_folder_of_ones_own_is_shown_with_its_classes(command, tmp_path):
    for number, name in enumerate(["cat", "cat", "cat", "dog", "dog"]):
        folder = tmp_path / "data" / "mine" / name
        folder.mkdir(parents=True, exist_ok=True)
        image = np.full((32, 32, 3), 40 + number, np.uint8)
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(image).numpy())
    code, out, err = command(
        "data", "show", "folder", "--data_dir", "data",
        "--set", "datasets.folder.name = 'mine'", "--set", "datasets.folder.size = 32",
    )  # fmt: skip
    assert code == 0, err
    assert "read from data/mine\n" in out
    assert _cells(out, "cat") == ["2", "1"]
    assert _cells(out, "dog") == ["1", "1"]
    code, _, err = command("data", "show", "folder", "--data_dir", "data")
    assert code == 2
    assert "there is no data/" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photo"], r"no dataset 'photo'.*'photos'"),
        (["a/b"], r"no dataset 'a/b'"),
        (
            ["photos", "--out", "a.jpg"],
            r"--out must be .* a \.png, not a\.jpg",
        ),
        (["photos", "--out", "none/a.png"], r"--out: there is no directory none"),
        (["digits", "--out", "folder.png"], r"--out: cannot write folder\.png: Is a"),
        (["digits", "--data_dir", "none"], r"--data_dir: cannot read none: No such"),
        (["digits", "--data_dir", "file"], r"--data_dir: cannot read file: Not a dir"),
        (["digits", "--set", "losses.hinge.x = 1"], r"no parameter 'x'"),
        (["digits", "--set", "penalties.r1.weight = 3.0"], r"No dataset reads pen"),
        (["photos", "--set", "datasets.photos.size = 33"], r"32 or 64 pixels, not 33"),
        (["digits", "--threads", "0"], r"--threads: must be a whole number from 1 on"),
    ],
)
def test_what_cannot_be_shown_is_one_message_and_exit_2(
    arguments, message, command, tmp_path
):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    code, out, err = command("data", "show", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err.replace("\n", " ")), err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_directory_that_must_not_be_read_is_one_message(
    command, tmp_path, monkeypatch
):
    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    code, _, err = command("data", "show", "digits", "--data_dir", tmp_path)
    assert code == 2
    assert f"--data_dir: cannot read {tmp_path}: Permission denied." in err


def test_a_full_disk_is_exit_1(command, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    code, out, err = command("data", "show", *_synthetic(2, 4), "--out", "a.png")
    assert (code, out) == (1, "")
    assert "No space left on device while writing to a.png" in err
    assert [*tmp_path.iterdir()] == []


@config.register("datasets")
def fetched(failure: int = 0, manual: bool = False) -> Dataset:
    """A dataset with one file, for these tests (no reference).

    Args:
        failure: Number of the operating system's error that fetching fails with; -1
            for a mistake of the user, -2 as tensorflow-datasets tells of a full disk.
        manual: Whether users have to make the file.
    """
    path = base.data_directory() / "fetched.npy"

    def get():
        if failure == -1:
            raise InputError("Put the archive here first.")
        if failure == -2:
            # As tensorflow-datasets reports what TensorFlow does.
            raise RuntimeError("ResourceExhaustedError: x; No space left on device")
        if failure:
            raise OSError(failure, os.strerror(failure))
        np.save(path, np.zeros((3, 4, 4, 1), np.uint8))

    def load():
        if not path.exists():
            raise InputError(f"There is no {path}: make it.")
        return Arrays(np.load(path))

    split = lazy_array_split(3, 0, load)
    get = None if manual else get
    return Dataset("fetched", (4, 4, 1), 0, split, split, get=get, files=path)


@pytest.fixture
def gin_file(tmp_path):
    """The gin file of that dataset, which a user's working directory may have."""
    directory = tmp_path / "gin_configs" / "datasets"
    directory.mkdir(parents=True)
    (directory / "fetched.gin").write_text("DATASET = @datasets.fetched()\n")


def test_get_prepares_and_says_how_to_go_on(command, gin_file, tmp_path):
    code, out, err = command("data", "get", "fetched", "--data_dir", "new/data")
    assert code == 0
    assert "fetched: preparing 3 + 3 examples in new/data" in err
    assert "fetched: 3 examples to train on, 3 to test on\n" in out
    assert "compare_ssgan data show fetched --data_dir new/data\n" in out
    assert "--dataset fetched --data_dir new/data\n" in out
    assert (tmp_path / "new" / "data" / "fetched.npy").exists()
    code, out, _ = command("data", "show", "fetched", "--data_dir", "new/data")
    assert code == 0
    assert "read from new/data/fetched.npy\n" in out


def test_what_needs_no_download_is_no_mistake(command, tmp_path):
    code, out, err = command("data", "get", "digits", "--data_dir", "new")
    assert (code, err) == (0, "digits needs no download.\n")
    assert "digits: 1,197 examples to train on, 600 to test on" in out
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fetched"], r"Where shall it be prepared\? .*--data_dir DIR"),
        (["fetch", "--data_dir", "new"], r"no dataset 'fetch'.*'fetched'"),
        (["fetched", "--data_dir", "file/below"], r"Cannot write to .*--data_dir"),
        (["fetched", "--data_dir", "new", "--set", "datasets.fetched.failure = -1"],
         r"Put the archive here first"),
        (["fetched", "--data_dir", "new", "--set", "datasets.fetched.manual = True"],
         r"There is no new/fetched\.npy: make it"),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched_is_one_message_and_exit_2(
    arguments, message, command, gin_file, tmp_path
):
    (tmp_path / "file").touch()
    code, out, err = command("data", "get", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err.replace("\n", " ")), err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "No space left on device while writing to new"),
        (-2, "No space left on device while writing to new"),
        (errno.EIO, "fetched could not be prepared: .*Input/output error"),
    ],
)
def test_a_fetch_that_breaks_is_exit_1(number, message, command, gin_file, tmp_path):
    code, out, err = command(
        "data", "get", "fetched", "--data_dir", "new",
        "--set", f"datasets.fetched.failure = {number}",
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert re.search(message, err), err
    assert not (tmp_path / "new").exists()


def test_data_alone_says_what_there_is(command):
    code, _, err = command("data")
    assert code == 2
    assert "{show,get}" in err
