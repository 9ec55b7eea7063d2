"""Random images of any size, for tests and for describing networks."""

import functools

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import StoredSplit, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape


@config.register("datasets")
def synthetic(
    image_shape: ImageShape = (32, 32, 3),
    num_classes: int = 10,
    num_examples: int = 1024,
    seed: int = 0,
) -> Dataset:
    """Independent uniform pixels; says nothing about any method (no reference).

    Args:
        image_shape: (height, width, channels).
        num_classes: Number of classes, equally frequent; 0 for no labels.
        num_examples: Number of examples of each of the two splits.
        seed: Seed of the images.

    Raises:
        InputError: If a size is not positive.
    """
    shape = tuple(image_shape)
    if len(shape) != 3 or not all(type(n) is int and n > 0 for n in shape):
        raise InputError(
            "Images have a height, a width and a number of channels, not "
            f"{image_shape}. Change datasets.synthetic.image_shape."
        )
    if num_classes < 0:
        raise InputError(
            f"A dataset cannot have {num_classes} classes. Set "
            "datasets.synthetic.num_classes to 0 for a dataset without labels."
        )
    if num_examples < 1:
        raise InputError(
            f"A dataset cannot have {num_examples} examples. "
            "Change datasets.synthetic.num_examples."
        )

    def split(number: int) -> StoredSplit:
        load = functools.partial(_load, shape, num_classes, num_examples, seed, number)
        return lazy_array_split(num_examples, num_classes, load)

    height, width, channels = shape
    return Dataset(
        "synthetic",
        (height, width, channels),
        num_classes,
        train=split(0),
        test=split(1),
    )


def _load(
    image_shape: tuple[int, ...],
    num_classes: int,
    num_examples: int,
    seed: int,
    number: int,
) -> Arrays:
    rng = np.random.default_rng([seed, number])
    images = rng.integers(0, 256, (num_examples, *image_shape), np.uint8)
    labels = np.arange(num_examples) % num_classes if num_classes else None
    return Arrays(images, labels)
