"""Images of two domains, from folders: CycleGAN's datasets, and one's own."""

from compare_ssgan import config
from compare_ssgan.datasets import own, pair_folders
from compare_ssgan.datasets.jitter import Jitter
from compare_ssgan.datasets.pair_folders import Folders
from compare_ssgan.datasets.pairs import PairedDataset, StoredPairs
from compare_ssgan.datasets.stores.decoding import Resize

_FACTORY = "datasets.unaligned_pairs"


@config.register("datasets")
def unaligned_pairs(
    *,
    name: str = config.REQUIRED,
    load_size: int = 286,
    crop_size: int = 256,
    flip: bool = True,
    resize: Resize = "bilinear",
    source_channels: int = 3,
    target_channels: int = 3,
) -> PairedDataset:
    """Images of two domains in the folder `name` in --data_dir, as CycleGAN's are.

    Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks", 2017, https://arxiv.org/abs/1703.10593, and the authors' Torch code:
    training images are resized to 286x286, cropped at random to 256x256 and mirrored;
    at 128 pixels, 143 come before the crop. Test images are resized to the size of
    the crop. (That code never takes the first row and column; here all crops are
    equally likely.) Order and jitter of one domain are independent of the other's;
    see `pairs.Unaligned`.

    The folder holds the folders trainA, trainB, testA and testB of PNG or JPEG files;
    A is the source. Without it there is a dataset to describe, whose splits raise an
    `InputError`; they read the files when they are first asked.

    Args:
        name: Of the folder.
        load_size: Height and width before the random crop, in pixels.
        crop_size: Height and width of an image, in pixels.
        flip: Whether half of the training images are mirrored.
        resize: "bilinear", as in the authors' Torch code; "bicubic", as in their later
            PyTorch code; "area" or "lanczos3". Antialiased where images shrink.
        source_channels: 3, or 1 to make sources greyscale.
        target_channels: 3, or 1 to make targets greyscale.

    Raises:
        InputError: If a setting is none of those named here.
    """
    own.check_name(name, _FACTORY)
    jitter = Jitter(load_size, crop_size, flip, resize)
    jitter.check(_FACTORY)
    sides = pair_folders.sides(("A", "B"), (source_channels, target_channels), _FACTORY)
    folders = Folders(name, _FACTORY, _expected(name))

    def split(prefix: str) -> StoredPairs:
        return StoredPairs(
            lambda: pair_folders.unaligned(folders, prefix, sides, jitter)
        )

    return PairedDataset(
        pair_folders.dataset_name(name, sides, jitter),
        (crop_size, crop_size, source_channels),
        (crop_size, crop_size, target_channels),
        train=split("train"),
        test=split("test"),
        files=own.find(name),
    )


def _expected(name: str) -> str:
    return (
        f"{name} holds the folders trainA, trainB, testA and testB of PNG or JPEG "
        "files, as CycleGAN's archives do; A is translated to B."
    )
