"""CIFAR-10 as tensorflow-datasets prepares it."""

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation

_RECIPE = Recipe(
    name="cifar10",
    builder="cifar10",
    train=Source({"train": 50_000}),
    test=Source({"test": 10_000}),
    preparation=Preparation(32, 32, 3, crop="none"),
    num_classes=10,
    disk=600 * 10**6,
)


@config.register("datasets")
def cifar10() -> Dataset:
    """CIFAR-10, 32x32x3 in 10 classes.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html: 50,000 images to train
    on, 10,000 to test on.

    Read from DIR/cifar10 of --data_dir DIR, where `compare_ssgan data get cifar10` puts
    it; see `datasets.prepared.sets.tfds_dataset`.

    Raises:
        InputError: If the directory is damaged.
    """
    return tfds_dataset(_RECIPE)
