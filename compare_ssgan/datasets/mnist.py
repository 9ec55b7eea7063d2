"""MNIST from a prepared file."""

from compare_ssgan import config
from compare_ssgan.datasets.arrays import Layout, npz_dataset
from compare_ssgan.datasets.base import Dataset

_LAYOUT = Layout(
    "mnist",
    "mnist.npz",
    image_shape=(28, 28, 1),
    num_classes=10,
    sizes=(60_000, 10_000),
    stored_shape=(28, 28),
)


@config.register("datasets")
def mnist() -> Dataset:
    """MNIST, 28x28x1 in 10 classes, read from `mnist.npz` in --data_dir.

    LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    https://doi.org/10.1109/5.726791, in the file that Keras distributes. A file with
    fewer images is taken too, but then the dataset is named mnist_subset. Without the
    file there is a dataset to describe, whose splits raise an `InputError` when they
    are read.

    Raises:
        InputError: If the file is not what it should be.
    """
    return npz_dataset(_LAYOUT)
