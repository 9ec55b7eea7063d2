"""CIFAR-100 as tensorflow-datasets prepares it."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Labels = Literal["fine", "coarse"]


@config.register("datasets")
def cifar100(*, labels: Labels = "fine") -> Dataset:
    """CIFAR-100, 32x32x3 in 100 classes, or in 20 groups of them.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html: 50,000 images to train
    on, 10,000 to test on.

    Read from DIR/cifar100 of --data_dir DIR, where `compare_ssgan data get cifar100`
    puts it; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        labels: "fine" for the 100 classes, "coarse" for the 20 groups; the dataset is
            then named cifar100_coarse.

    Raises:
        InputError: If `labels` is neither, or the directory is damaged.
    """
    if labels not in get_args(Labels):
        raise InputError(
            f"CIFAR-100 has 'fine' or 'coarse' labels, not {labels!r}. "
            "Change datasets.cifar100.labels."
        )
    fine = labels == "fine"
    recipe = Recipe(
        name="cifar100",
        builder="cifar100",
        train=Source({"train": 50_000}),
        test=Source({"test": 10_000}),
        preparation=Preparation(32, 32, 3, crop="none"),
        label="label" if fine else "coarse_label",
        num_classes=100 if fine else 20,
        variant="" if fine else "_coarse",
        disk=600 * 10**6,
    )
    return tfds_dataset(recipe)
