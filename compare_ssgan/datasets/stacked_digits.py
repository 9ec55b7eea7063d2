"""Three digits in the channels of an image: a thousand modes."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Modes, Split
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.pipeline import StoredSplit
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

_DIGITS, _CHANNELS = 10, 3
_MODES = _DIGITS**_CHANNELS
_TEST_EXAMPLES = 26_000


@config.register("datasets")
def stacked_digits(*, num_examples: int = 50_000) -> Dataset:
    """Three digits as red, green and blue of one image, 1,000 modes, at 32x32x3.

    After the stacked MNIST of Metz et al. 2016, https://arxiv.org/abs/1611.02163, and
    of the papers on VEEGAN, https://arxiv.org/abs/1705.07761, and PacGAN,
    https://arxiv.org/abs/1712.04086, with the digits of `datasets.digits`: images to
    train on are of its training digits alone, those to test on of its test digits. The
    class is 100 red + 10 green + blue. The classes take turns, anew shuffled in each of
    the rounds, so that they are equally frequent, and nearly so among the first n
    examples; the digits of a class are drawn at random. There are 26,000 images to
    test on, as many as the papers generate.

    Only which digits are stacked is kept in memory.

    Args:
        num_examples: Number of images to train on.

    Raises:
        InputError: If there are none.
    """
    if type(num_examples) is not int or num_examples < 1:
        raise InputError(
            f"A dataset cannot have {num_examples} examples. "
            "Change datasets.stacked_digits.num_examples."
        )
    source = digits()
    height, width, _ = source.image_shape

    def split(examples: Split, number: int, num: int) -> StoredSplit:
        store = _DigitStacks(examples, num, number, (height, width, _CHANNELS))
        return StoredSplit(store, _MODES, store.labels)

    return Dataset(
        "stacked_digits",
        (height, width, _CHANNELS),
        _MODES,
        train=split(source.train, 0, num_examples),
        test=split(source.test, 1, _TEST_EXAMPLES),
        modes=Modes(_MODES, _read),
    )


class _DigitStacks:
    """Images put together when they are read; implements `Store`."""

    decodes = False

    def __init__(
        self,
        source: Split,
        num_examples: int,
        seed: int,
        image_shape: ImageShape,
    ) -> None:
        """Makes a store that draws its digits when it is first read.

        Args:
            source: Grey digits with labels of 10 classes.
            num_examples: Number of images.
            seed: Seed of what is stacked; another number of images begins the same.
            image_shape: (height, width, 3).
        """
        self.num_examples = num_examples
        self.image_shape = image_shape
        self._source = source
        self._seed = seed

    @functools.cached_property
    def _digits(self) -> tuple[np.ndarray, np.ndarray]:
        """[digits, height, width] uint8, and [digits] their classes."""
        num = self._source.num_examples
        (batch,) = self._source.evaluation_batches(num, num)
        images = np.rint(batch.images.numpy()[..., 0] * 255).astype(np.uint8)
        assert self._source.labels is not None
        return images, self._source.labels

    @functools.cached_property
    def _classes(self) -> np.ndarray:
        """[examples, 3] the digit that each channel shows."""
        rounds = -(-self.num_examples // _MODES)
        # NumPy guarantees that the stream of RandomState never changes.
        drawn = np.random.RandomState([self._seed, 0]).random_sample((rounds, _MODES))
        modes = np.argsort(drawn, axis=1, kind="stable").ravel()[: self.num_examples]
        return np.stack([modes // 100, modes // 10 % 10, modes % 10], axis=1)

    @functools.cached_property
    def _stacked(self) -> np.ndarray:
        """[examples, 3] the number of the digit in each channel."""
        _, classes = self._digits
        by_class = np.argsort(classes, kind="stable")
        sizes = np.bincount(classes, minlength=_DIGITS)
        starts = np.cumsum(sizes) - sizes
        shape = self._classes.shape
        drawn = np.random.RandomState([self._seed, 1]).random_sample(shape)
        chosen = np.floor(drawn * sizes[self._classes]).astype(np.int64)
        return by_class[starts[self._classes] + chosen]

    def labels(self) -> np.ndarray:
        """Returns the [examples] classes."""
        return self._classes @ np.array([100, 10, 1])

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns images; see `Store`."""
        del numbers
        images, _ = self._digits
        return np.stack([images[n] for n in self._stacked[ids].T], axis=-1)

    def feed(self, digest: Any) -> None:
        """Updates a hash with the digits, and with which are stacked."""
        digest.update(np.ascontiguousarray(self._digits[0]).data)
        digest.update(self._stacked.astype("<i8").tobytes())


def _read(
    images: np.ndarray, read_digits: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Returns the modes of images: every image has one, as in the papers."""
    channels = np.moveaxis(images, 3, 0).reshape(-1, *images.shape[1:3], 1)
    shown = read_digits(channels).reshape(_CHANNELS, len(images))
    return np.array([100, 10, 1]) @ shown.astype(np.int64)
