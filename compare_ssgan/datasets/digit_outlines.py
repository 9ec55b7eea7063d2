"""Outlines of handwritten digits and the digits: pairs without a download."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Split
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.pairs import (
    Aligned,
    PairedDataset,
    PairedSplit,
    Sides,
    StoredPairs,
    Unaligned,
    unlabelled,
)
from compare_ssgan.datasets.stores.stacked import StackedStore
from compare_ssgan.datasets.stores.store import Arrays, ArrayStore

_INK = 128


@config.register("datasets")
def digit_outlines(*, aligned: bool = True) -> PairedDataset:
    """Outlines of the 1,797 digits of `digits`, and the digits, both 32x32x1.

    For image-to-image GANs that are small (no reference); edges as sources are an idea
    of pix2pix, https://arxiv.org/abs/1611.07004. A pixel is ink if it has at least half
    of full ink, and ink is outline if one of its four neighbours is none. 1,197 pairs
    to train on, 600 to test on, without jitter: mirrored digits are none.

    Args:
        aligned: Whether an outline comes with its digit. If not, sources are the
            outlines of every other ten digits and targets the digits between them, so
            that no digit is in both domains.
    """
    dataset = digits()
    height, width, _ = shape = dataset.image_shape
    assert height == width
    name = "digit_outlines" if aligned else "digit_outlines_unaligned"
    return PairedDataset(
        name,
        shape,
        shape,
        train=_split(dataset.train, aligned),
        test=_split(dataset.test, aligned),
    )


def outlines(images: np.ndarray) -> np.ndarray:
    """Returns white outlines on black of [n, height, width, 1] uint8, white ink."""
    ink = np.pad(images >= _INK, ((0, 0), (1, 1), (1, 1), (0, 0)))
    inner = ink[:, 2:, 1:-1] & ink[:, :-2, 1:-1] & ink[:, 1:-1, 2:] & ink[:, 1:-1, :-2]
    return np.where(ink[:, 1:-1, 1:-1] & ~inner, 255, 0).astype(np.uint8)


def _split(split: Split, aligned: bool) -> PairedSplit:
    def load_pairs() -> Aligned:
        images = _images(split)
        sides = Sides(_store(outlines(images)), _store(images))
        return Aligned(unlabelled(StackedStore(*sides)), sides)

    def load_domains() -> Unaligned:
        # Ten classes take turns in stored order: every other digit would be every other
        # class.
        images = _images(split)
        first = np.arange(len(images)) // 10 % 2 == 0
        sides = Sides(_store(outlines(images[first])), _store(images[~first]))
        return Unaligned(unlabelled(sides.source), unlabelled(sides.target), sides)

    return StoredPairs(load_pairs if aligned else load_domains)


def _images(split: Split) -> np.ndarray:
    batch = next(split.evaluation_batches(split.num_examples, split.num_examples))
    # They have been bytes: rounding restores those.
    return np.rint(batch.images.numpy() * 255).astype(np.uint8)


def _store(images: np.ndarray) -> ArrayStore:
    return ArrayStore(len(images), lambda: Arrays(images))
