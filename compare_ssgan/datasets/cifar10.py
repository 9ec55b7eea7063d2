"""CIFAR-10 from a prepared file."""

from compare_ssgan import config
from compare_ssgan.datasets.arrays import Layout, npz_dataset
from compare_ssgan.datasets.base import Dataset

_LAYOUT = Layout(
    "cifar10",
    "cifar10.npz",
    image_shape=(32, 32, 3),
    num_classes=10,
    sizes=(50_000, 10_000),
    stored_shape=(32, 32, 3),
)


@config.register("datasets")
def cifar10() -> Dataset:
    """CIFAR-10, 32x32x3 in 10 classes, read from `cifar10.npz` in --data_dir.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html. A file with fewer
    images is taken too, but then the dataset is named cifar10_subset: its numbers
    are not those of CIFAR-10. Without the file there is a dataset to describe, whose
    splits raise an `InputError` when they are read.

    Raises:
        InputError: If the file is not what it should be.
    """
    return npz_dataset(_LAYOUT)
