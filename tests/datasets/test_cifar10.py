import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.cifar10 import cifar10
from compare_ssgan.errors import InputError


def _arrays(**changes):
    rng = np.random.default_rng(0)
    arrays = {}
    for name, number in (("train", 20), ("test", 10)):
        arrays[f"x_{name}"] = rng.integers(0, 256, (number, 32, 32, 3), np.uint8)
        arrays[f"y_{name}"] = np.arange(number) % 10
    arrays.update(changes)
    return {key: value for key, value in arrays.items() if value is not None}


def _save(directory, **changes):
    np.savez(directory / "cifar10.npz", **_arrays(**changes))


def test_images_and_labels_are_those_of_the_file(directory):
    arrays = _arrays()
    _save(directory)
    dataset = cifar10()
    batch = next(dataset.test.evaluation_batches(10, 10))
    np.testing.assert_array_equal(np.rint(batch.images * 255), arrays["x_test"])
    np.testing.assert_array_equal(batch.labels, np.eye(10))
    assert (dataset.train.num_examples, dataset.test.num_examples) == (20, 10)


def test_labels_may_be_a_column_as_keras_has_them(directory):
    _save(directory, y_test=np.arange(10, dtype=np.uint8)[:, None])
    batch = next(cifar10().test.evaluation_batches(10, 10))
    np.testing.assert_array_equal(batch.labels, np.eye(10))


def test_part_of_the_images_is_not_called_cifar10(directory):
    _save(directory)
    assert cifar10().name == "cifar10_subset"


def test_without_a_data_directory_the_message_says_what_to_prepare():
    base.set_data_directory(None)
    with pytest.raises(InputError, match=r"cifar10\.npz.*--data_dir.*x_train.*y_test"):
        next(cifar10().train.training_batches(8, seed=0))


def test_a_missing_file_is_named(directory):
    dataset = cifar10()
    for split in (dataset.train, dataset.test):
        with pytest.raises(
            InputError, match=rf"--data_dir.*no {directory}.cifar10\.npz"
        ):
            next(split.evaluation_batches(1, 1))


def test_without_the_file_the_dataset_can_be_described(directory):
    dataset = cifar10()
    assert dataset.name == "cifar10"
    assert dataset.image_shape == (32, 32, 3)
    assert (dataset.train.num_examples, dataset.test.num_examples) == (50_000, 10_000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": None}, "no array y_train"),
        ({"x_test": np.zeros((10, 28, 28, 3), np.uint8)}, r"x_test is uint8 \[10, 28,"),
        ({"x_test": np.zeros((10, 32, 32, 3))}, "x_test is float64"),
        ({"x_train": np.zeros((0, 32, 32, 3), np.uint8)}, r"x_train is uint8 \[0, 32"),
        ({"y_test": np.arange(9)}, r"y_test is int64 \[9\], for 10 images"),
        ({"y_test": np.linspace(0, 9, 10)}, "y_test is float64"),
        ({"y_test": np.arange(10) + 1}, "y_test goes from 1 to 10"),
        ({"y_test": np.array([{}] * 10)}, "cannot be read"),
    ],
)
def test_a_wrong_file_is_described(directory, changes, message):
    _save(directory, **changes)
    with pytest.raises(InputError, match=message):
        cifar10()


def test_a_truncated_file_is_described(directory):
    _save(directory)
    path = directory / "cifar10.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"cifar10\.npz cannot be read"):
        cifar10()


def test_a_file_that_is_no_archive_is_described(directory):
    (directory / "cifar10.npz").write_text("not an archive")
    with pytest.raises(InputError, match=r"cifar10\.npz cannot be read"):
        cifar10()
