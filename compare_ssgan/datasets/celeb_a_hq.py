"""CelebA-HQ as tensorflow-datasets prepares it from the user's files."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Size = Literal[128, 256]

_NUM_IMAGES = 30_000
# 3,000 images are tested on, as in the second version of compare_gan.
_TRAIN_SHARE = 0.9


@config.register("datasets")
def celeb_a_hq(*, size: Size = 128) -> Dataset:
    """CelebA-HQ, 30,000 faces at 128x128x3 or 256x256x3, without labels.

    Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", 2018, https://arxiv.org/abs/1710.10196. The first 90 % in the order of
    tensorflow-datasets are trained on, the last 3,000 tested on: the set has no split
    of its own.

    Read from DIR/celeb_a_hq/SIZE of --data_dir DIR, where `compare_ssgan data get
    celeb_a_hq_128` puts it, which is made of data128x128.tar that the authors' script
    writes; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        size: Height and width of the images: 128 or 256.

    Raises:
        InputError: If the size is another one, or the directory is damaged.
    """
    if size not in get_args(Size):
        raise InputError(
            f"CelebA-HQ has images of 128 or 256 pixels here, not {size}. "
            "Change datasets.celeb_a_hq.size."
        )
    images = {"train": _NUM_IMAGES}
    recipe = Recipe(
        name=f"celeb_a_hq_{size}",
        builder=f"celeb_a_hq/{size}",
        train=Source(images, end=_TRAIN_SHARE),
        test=Source(images, begin=_TRAIN_SHARE),
        preparation=Preparation(size, size, 3, crop="none"),
        label=None,
        manual=(f"data{size}x{size}.tar",),
        manual_source="https://github.com/tkarras/progressive_growing_of_gans says how "
        "to make it.",
        disk=2 * 10**9 * (size // 128) ** 2,
    )
    return tfds_dataset(recipe)
