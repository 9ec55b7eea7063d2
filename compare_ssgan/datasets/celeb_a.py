"""CelebA as tensorflow-datasets prepares it."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Size = Literal[64, 128]

# Height and width of what compare_gan takes of the 218x178 pixels.
_WINDOW = (160, 160)


@config.register("datasets")
def celeb_a(*, size: Size = 64, antialias: bool = False) -> Dataset:
    """CelebA, aligned faces at 64x64x3 or 128x128x3, without labels.

    Liu et al., "Deep Learning Face Attributes in the Wild", 2015,
    https://arxiv.org/abs/1411.7766: 162,770 images to train on, 19,962 to test on. As
    in compare_gan, https://github.com/google/compare_gan, the central 160x160 of
    218x178 pixels are resized bilinearly, without antialiasing, on TensorFlow 1's grid.
    (There they stay floats; here they are rounded to bytes.)

    Read from DIR/celeb_a of --data_dir DIR, where `compare_ssgan data get celeb_a_64`
    puts it; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        size: Height and width of the images: 64 or 128.
        antialias: Whether frequencies are removed that the smaller image cannot show,
            and pixels are read at their centres; the dataset's name then ends in
            _antialias.

    Raises:
        InputError: If the size is another one, or the directory is damaged.
    """
    if size not in get_args(Size):
        raise InputError(
            f"CelebA has images of 64 or 128 pixels here, not {size}. "
            "Change datasets.celeb_a.size."
        )
    recipe = Recipe(
        name=f"celeb_a_{size}",
        builder="celeb_a",
        train=Source({"train": 162_770}),
        test=Source({"test": 19_962}),
        preparation=Preparation(
            size,
            size,
            3,
            crop="none",
            window=_WINDOW,
            antialias=antialias,
            tf1_grid=not antialias,
        ),
        label=None,
        variant="_antialias" if antialias else "",
        disk=4 * 10**9,
    )
    return tfds_dataset(recipe)
