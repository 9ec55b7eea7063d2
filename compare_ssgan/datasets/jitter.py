"""Jitter: training images are resized to a bit more than their size, then cropped."""

from typing import Any, NamedTuple, get_args

import numpy as np

from compare_ssgan.datasets.pipeline import Augment, StoredSplit
from compare_ssgan.datasets.stores.decoding import Resize
from compare_ssgan.errors import InputError


class Jitter(NamedTuple):
    """How image-to-image GANs see images.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks",
    2017, https://arxiv.org/abs/1611.07004, section 6.2: resized to 286x286, aspect
    ratio or not, then randomly cropped to 256x256, and mirrored. Evaluations resize to
    the size of the crop, as the authors' test code does.

    Attributes:
        load_size: Height and width before the crop, in pixels.
        crop_size: Height and width that networks see, in pixels.
        flip: Whether half of the training images are mirrored.
        resize: How images are resized, antialiased where they shrink.
    """

    load_size: int
    crop_size: int
    flip: bool
    resize: Resize

    def check(self, factory: str) -> None:
        """Refuses what cannot be.

        Args:
            factory: Name of the dataset's factory in gin files, for messages.

        Raises:
            InputError: If a size is not a positive whole number, the crop is larger
                than what it is taken from, or a resizing method is unknown.
        """
        for name in ("load_size", "crop_size"):
            _check_size(f"{factory}.{name}", getattr(self, name))
        if self.crop_size > self.load_size:
            raise InputError(
                f"No crop of {self.crop_size} pixels can be taken from images of "
                f"{self.load_size}. Lower {factory}.crop_size or raise "
                f"{factory}.load_size; equal ones mean no random crop."
            )
        if self.resize not in get_args(Resize):
            raise InputError(
                f"{factory}.resize must be one of {', '.join(get_args(Resize))}, not "
                f"{self.resize!r}."
            )

    def of(self, split: StoredSplit) -> StoredSplit:
        """Returns a split of images of the load size, jittered in training."""
        if self.crop_size == self.load_size and not self.flip:
            return split
        return split.augmented(jitter(self.crop_size, flip=self.flip))


def jitter(crop_size: int, *, flip: bool) -> Augment:
    """Returns a random crop, all places equally likely, and a mirroring of half.

    Args:
        crop_size: Height and width of the crop.
        flip: Whether half of the crops are mirrored.

    Returns:
        Maps images [n, height, width, channels] uint8 and [n] random int64 to
        [n, crop_size, crop_size, channels]; equal numbers mean equal crops.
    """

    def augment(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        num, height, width, channels = images.shape
        # Of 63 random bits, one mirrors, and 31 each choose a row and a column.
        top = (numbers >> 1 & 0x7FFFFFFF) % (height - crop_size + 1)
        left = (numbers >> 32) % (width - crop_size + 1)
        # Windows of whole rows, so that a row of a crop is copied in one piece.
        windows = np.lib.stride_tricks.sliding_window_view(
            images.reshape(num, height, width * channels),
            (crop_size, crop_size * channels),
            axis=(1, 2),
        )
        crops = windows[np.arange(num), top, left * channels]
        crops = crops.reshape(num, crop_size, crop_size, channels)
        if not flip:
            return crops
        mirrored = (numbers & 1).astype(bool)
        crops[mirrored] = crops[mirrored, :, ::-1]
        return crops

    return augment


def _check_size(name: str, size: Any) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InputError(
            f"{name} must be a positive whole number of pixels, not {size!r}."
        )
