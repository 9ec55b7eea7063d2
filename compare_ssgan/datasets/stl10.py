"""STL-10 as tensorflow-datasets prepares it."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

Size = Literal[48, 96]
Train = Literal["both", "labelled", "unlabelled"]

# Unlabelled images have the label -1 there.
_SPLITS: dict[Train, dict[str, int]] = {
    "both": {"train": 5_000, "unlabelled": 100_000},
    "labelled": {"train": 5_000},
    "unlabelled": {"unlabelled": 100_000},
}


@config.register("datasets")
def stl10(
    *, size: Size = 48, train: Train = "both", antialias: bool = False
) -> Dataset:
    """STL-10, 96x96x3 or 48x48x3, 5 % of it in 10 classes.

    Coates et al., "An Analysis of Single-Layer Networks in Unsupervised Feature
    Learning", 2011, https://cs.stanford.edu/~acoates/stl10: 5,000 labelled and 100,000
    unlabelled images to train on, 8,000 to test on. At 48 pixels, the size of SNGAN,
    https://arxiv.org/abs/1802.05957, a pixel is the mean of four.

    Read from DIR/stl10 of --data_dir DIR, where `compare_ssgan data get stl10_48` puts
    it; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        size: Height and width of the images: 48 or 96.
        train: What is trained on: "labelled" images, "unlabelled" ones, or "both", the
            labelled ones first; the dataset's name ends in the first two.
        antialias: Whether images of 48 pixels are resized with a wider filter, without
            frequencies that they cannot show; the dataset's name then says so.

    Raises:
        InputError: If an argument is none of those, or the directory is damaged.
    """
    if size not in get_args(Size):
        raise InputError(
            f"STL-10 has images of 48 or 96 pixels here, not {size}. "
            "Change datasets.stl10.size."
        )
    if train not in get_args(Train):
        raise InputError(
            "STL-10 has 'labelled' and 'unlabelled' images to train on, or 'both', not "
            f"{train!r}. Change datasets.stl10.train."
        )
    variant = "" if train == "both" else f"_{train}"
    recipe = Recipe(
        name=f"stl10_{size}",
        builder="stl10",
        train=Source(_SPLITS[train]),
        test=Source({"test": 8_000}),
        preparation=Preparation(size, size, 3, crop="none", antialias=antialias),
        num_classes=10,
        variant=variant + ("_antialias" if antialias else ""),
        disk=8 * 10**9,
    )
    return tfds_dataset(recipe)
