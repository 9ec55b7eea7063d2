import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.mnist import mnist
from compare_ssgan.errors import InputError


def _arrays(**changes):
    rng = np.random.default_rng(0)
    arrays = {}
    for name, number in (("train", 20), ("test", 10)):
        arrays[f"x_{name}"] = rng.integers(0, 256, (number, 28, 28), np.uint8)
        arrays[f"y_{name}"] = (np.arange(number) % 10).astype(np.uint8)
    return arrays | changes


def _save(directory, **changes):
    np.savez(directory / "mnist.npz", **_arrays(**changes))


def test_images_of_keras_file_get_their_one_channel(directory):
    _save(directory)
    dataset = mnist()
    assert dataset.image_shape == (28, 28, 1)
    batch = next(dataset.test.evaluation_batches(10, 10))
    assert batch.images.shape == (10, 28, 28, 1)
    pixels = np.rint(batch.images[..., 0] * 255)
    np.testing.assert_array_equal(pixels, _arrays()["x_test"])
    np.testing.assert_array_equal(batch.labels, np.eye(10))


def test_part_of_the_images_is_not_called_mnist(directory):
    _save(directory)
    dataset = mnist()
    assert dataset.name == "mnist_subset"
    assert (dataset.train.num_examples, dataset.test.num_examples) == (20, 10)


def test_without_the_file_the_dataset_can_be_described(directory):
    dataset = mnist()
    assert dataset.name == "mnist"
    assert (dataset.train.num_examples, dataset.test.num_examples) == (60_000, 10_000)
    with pytest.raises(
        InputError,
        match=rf"mnist\.npz in .*--data_dir.*no {directory}.mnist\.npz.*x_train "
        r"\[60000, 28, 28\]",
    ):
        next(dataset.train.training_batches(8, seed=0))


def test_without_a_data_directory_the_message_says_what_to_prepare():
    base.set_data_directory(None)
    with pytest.raises(InputError, match=r"mnist\.npz.*--data_dir.*none is named"):
        next(mnist().test.evaluation_batches(1, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((20, 32, 32), np.uint8)}, r"x_train is uint8 \[20, 32,"),
        ({"x_test": np.zeros((10, 28, 28))}, "x_test is float64"),
        ({"y_test": np.arange(10) - 1}, "y_test goes from -1 to 8"),
        ({"y_train": np.zeros(19, int)}, r"y_train is int64 \[19\], for 20 images"),
    ],
)
def test_a_wrong_file_is_described(directory, changes, message):
    _save(directory, **changes)
    with pytest.raises(InputError, match=message):
        mnist()
