"""Pairs of images that show the same, from folders: pix2pix's datasets, one's own."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets import own, pair_folders
from compare_ssgan.datasets.jitter import Jitter
from compare_ssgan.datasets.pair_folders import Folders
from compare_ssgan.datasets.pairs import PairedDataset, StoredPairs
from compare_ssgan.datasets.stores.decoding import Resize
from compare_ssgan.errors import InputError

Direction = Literal["AtoB", "BtoA"]
TestSplit = Literal["val", "test"]

_FACTORY = "datasets.aligned_pairs"


@config.register("datasets")
def aligned_pairs(
    *,
    name: str = config.REQUIRED,
    direction: Direction = "AtoB",
    test_split: TestSplit = "val",
    load_size: int = 286,
    crop_size: int = 256,
    flip: bool = True,
    resize: Resize = "bilinear",
    source_channels: int = 3,
    target_channels: int = 3,
) -> PairedDataset:
    """Aligned pairs in the folder `name` in --data_dir, jittered as in pix2pix.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks",
    2017, https://arxiv.org/abs/1611.07004, section 6.2 and the authors' Torch code:
    training images are resized to 286x286, cropped at random to 256x256 and mirrored,
    both images of a pair alike; test images are resized to 256x256. (That code never
    takes the first row and column; here all crops are equally likely.)

    The folder holds the splits' folders train, and val or test, of PNG or JPEG files
    with A on the left and B on the right, as pix2pix's archives do; or the folders A
    and B, in each of them those of the splits, where files of equal names are a pair,
    whatever their suffixes: what pix2pix's script combines to the other. Without the
    folder there is a dataset to describe, whose splits raise an `InputError`; they read
    the files when they are first asked.

    Args:
        name: Of the folder.
        direction: "AtoB" if A is the source; "BtoA" if B is.
        test_split: Folder of the images to test on: "val" or "test".
        load_size: Height and width before the random crop, in pixels.
        crop_size: Height and width of an image, in pixels.
        flip: Whether half of the training pairs are mirrored.
        resize: "bilinear", as in the authors' Torch code; "bicubic", as in their later
            PyTorch code; "area" or "lanczos3". Antialiased where images shrink.
        source_channels: 3, or 1 to make sources greyscale.
        target_channels: 3, or 1 to make targets greyscale.

    Raises:
        InputError: If a setting is none of those named here.
    """
    for setting, value, known in (
        ("direction", direction, get_args(Direction)),
        ("test_split", test_split, get_args(TestSplit)),
    ):
        if value not in known:
            raise InputError(
                f"{_FACTORY}.{setting} must be {' or '.join(known)}, not {value!r}."
            )
    own.check_name(name, _FACTORY)
    jitter = Jitter(load_size, crop_size, flip, resize)
    jitter.check(_FACTORY)
    source, target = direction.split("to")
    sides = pair_folders.sides(
        (source, target), (source_channels, target_channels), _FACTORY
    )
    folders = Folders(name, _FACTORY, _expected(name, test_split))

    def split(folder: str) -> StoredPairs:
        return StoredPairs(lambda: pair_folders.aligned(folders, folder, sides, jitter))

    suffixes = [
        *(["btoa"] if direction == "BtoA" else []),
        *(["test"] if test_split == "test" else []),
    ]
    return PairedDataset(
        pair_folders.dataset_name(name, sides, jitter, suffixes),
        (crop_size, crop_size, source_channels),
        (crop_size, crop_size, target_channels),
        train=split("train"),
        test=split(test_split),
        files=own.find(name),
    )


def _expected(name: str, test_split: str) -> str:
    return (
        f"{name} holds the folders train and {test_split} of PNG or JPEG files with A "
        "on the left and B on the right, as pix2pix's archives do; or A/train, B/train,"
        f" A/{test_split} and B/{test_split} with equally named files. "
        f"({_FACTORY}.test_split names the folder to test on: val or test.)"
    )
