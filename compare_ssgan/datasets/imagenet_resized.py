"""Downsampled ImageNet as tensorflow-datasets prepares it."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Size = Literal[32, 64]

_BYTES: dict[Size, int] = {32: 8 * 10**9, 64: 28 * 10**9}


@config.register("datasets")
def imagenet_resized(*, size: Size = 32) -> Dataset:
    """Downsampled ImageNet, 32x32x3 or 64x64x3 in 1000 classes.

    Chrabaszcz et al., "A Downsampled Variant of ImageNet as an Alternative to the CIFAR
    datasets", 2017, https://arxiv.org/abs/1707.08819: the 1,281,167 images to train on,
    and the 50,000 for validation to test on, resized whole with a box filter. Classes
    have another order than those of `imagenet2012`.

    Read from DIR/imagenet_resized of --data_dir DIR, where `compare_ssgan data get
    imagenet_resized_32` puts it; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        size: Height and width of the images: 32 or 64.

    Raises:
        InputError: If the size is another one, or the directory is damaged.
    """
    if size not in get_args(Size):
        raise InputError(
            f"Downsampled ImageNet has images of 32 or 64 pixels here, not {size}. "
            "Change datasets.imagenet_resized.size."
        )
    recipe = Recipe(
        name=f"imagenet_resized_{size}",
        builder=f"imagenet_resized/{size}x{size}",
        train=Source({"train": 1_281_167}),
        test=Source({"validation": 50_000}),
        preparation=Preparation(size, size, 3, crop="none"),
        num_classes=1000,
        disk=_BYTES[size],
    )
    return tfds_dataset(recipe)
