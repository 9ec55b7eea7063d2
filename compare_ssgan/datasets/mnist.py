"""MNIST as tensorflow-datasets prepares it."""

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation

_RECIPE = Recipe(
    name="mnist",
    builder="mnist",
    train=Source({"train": 60_000}),
    test=Source({"test": 10_000}),
    preparation=Preparation(28, 28, 1, crop="none"),
    num_classes=10,
    disk=100 * 10**6,
)


@config.register("datasets")
def mnist() -> Dataset:
    """MNIST, 28x28x1 in 10 classes.

    LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    https://doi.org/10.1109/5.726791: 60,000 images to train on, 10,000 to test on.

    Read from DIR/mnist of --data_dir DIR, where `compare_ssgan data get mnist` puts
    it; see `datasets.prepared.sets.tfds_dataset`.

    Raises:
        InputError: If the directory is damaged.
    """
    return tfds_dataset(_RECIPE)
