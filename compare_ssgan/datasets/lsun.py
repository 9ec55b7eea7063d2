"""LSUN scenes as tensorflow-datasets prepares them."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Size = Literal[64, 128, 256]

# Images to train on, https://github.com/fyu/lsun.
_SIZES = {
    "bedroom": 3_033_042,
    "bridge": 818_687,
    "church_outdoor": 126_227,
    "classroom": 168_103,
    "conference_room": 229_069,
    "dining_room": 657_571,
    "kitchen": 2_212_277,
    "living_room": 1_315_802,
    "restaurant": 626_331,
    "tower": 708_264,
}
# As in compare_gan: LSUN's own 300 images are too few to test on.
_TRAIN_SHARE = 0.99
# Bytes per image of the archive, of what it holds and of the records.
_BYTES = 3 * 15_000


@config.register("datasets")
def lsun(
    *,
    category: str = "bedroom",
    size: Size = 128,
    resize: bool = False,
    antialias: bool = False,
) -> Dataset:
    """LSUN, photographs of one kind of scene, without labels.

    Yu et al., "LSUN: Construction of a Large-scale Image Dataset using Deep Learning
    with Humans in the Loop", 2015, https://arxiv.org/abs/1506.03365. The shorter side
    has 256 pixels. As in compare_gan, https://github.com/google/compare_gan, an example
    is the central size x size pixels, and the first 99 % in the order of
    tensorflow-datasets are trained on, the others tested on.

    Read from DIR/lsun/CATEGORY of --data_dir DIR, where `compare_ssgan data get
    lsun_bedroom_128` puts bedrooms; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        category: One of the ten scenes: bedroom, bridge, church_outdoor, classroom,
            conference_room, dining_room, kitchen, living_room, restaurant, tower.
        size: Height and width of the images: 64, 128 or 256.
        resize: Whether an example is the central square of all pixels, resized
            bilinearly, in place of size x size of them; the dataset's name then ends in
            _resized.
        antialias: Whether frequencies are removed that the smaller image cannot show,
            where `resize` is True; the dataset's name then ends in _antialias.

    Raises:
        InputError: If an argument is none of those, or the directory is damaged.
    """
    if category not in _SIZES:
        raise InputError(
            f"LSUN has the scenes {', '.join(_SIZES)}, not {category!r}. "
            "Change datasets.lsun.category."
        )
    if size not in get_args(Size):
        raise InputError(
            f"LSUN has images of 64, 128 or 256 pixels here, not {size}. "
            "Change datasets.lsun.size."
        )
    if antialias and not resize:
        raise InputError(
            "What is not resized cannot be antialiased. Set datasets.lsun.resize = "
            "True, or remove datasets.lsun.antialias."
        )
    images = {"train": _SIZES[category]}
    recipe = Recipe(
        name=f"lsun_{category}_{size}",
        builder=f"lsun/{category}",
        train=Source(images, end=_TRAIN_SHARE),
        test=Source(images, begin=_TRAIN_SHARE),
        preparation=Preparation(
            size,
            size,
            3,
            crop="middle" if resize else "none",
            window=None if resize else (size, size),
            antialias=antialias,
        ),
        label=None,
        variant=("_resized" if resize else "") + ("_antialias" if antialias else ""),
        disk=_BYTES * _SIZES[category],
    )
    return tfds_dataset(recipe)
