"""ImageNet from prepared files, larger than memory."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.arrays import Layout, npy_dataset
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError

Size = Literal[64, 128, 256, 512]

# A hash of all 63 GB at 128 pixels would take minutes at every start.
_HASHED_BYTES = 64 * 2**20


@config.register("datasets")
def imagenet(*, size: Size = 128) -> Dataset:
    """ImageNet, 1000 classes, read from files in `imagenet_<size>` in --data_dir.

    Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", 2015,
    https://arxiv.org/abs/1409.0575: the 1,281,167 training images, and the 50,000
    validation images to test on, cropped to squares and resized by whoever wrote
    x_train.npy, y_train.npy, x_test.npy and y_test.npy. They are mapped into memory,
    not loaded. Fewer images are taken too, but then the dataset is named
    imagenet_<size>_subset. Without the directory there is a dataset to describe, whose
    splits raise an `InputError` when they are read.

    What identifies a split in records is a fingerprint: all labels, and up to 64 MiB
    of evenly spaced images, the first and the last among them.

    Args:
        size: Height and width of the images: 64, 128, 256 or 512.

    Raises:
        InputError: If the size is another one, or the files are not what they should
            be.
    """
    if size not in get_args(Size):
        raise InputError(
            f"ImageNet has images of 64, 128, 256 or 512 pixels here, not {size}. "
            "Change datasets.imagenet.size."
        )
    layout = Layout(
        f"imagenet_{size}",
        f"imagenet_{size}",
        image_shape=(size, size, 3),
        num_classes=1000,
        sizes=(1_281_167, 50_000),
        stored_shape=(size, size, 3),
    )
    return npy_dataset(layout, hashed_bytes=_HASHED_BYTES)
