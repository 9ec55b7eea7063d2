"""Handwritten digits that come with scikit-learn: real data without a download."""

import functools

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays

_SIZE = 32
_NUM_CLASSES = 10
_TEST_EXAMPLES_PER_CLASS = 60


@config.register("datasets")
def digits() -> Dataset:
    """1,797 handwritten digits at 32x32x1: 1,197 to train on, 600 to test on.

    The test part of "Optical Recognition of Handwritten Digits", Alpaydin and
    Kaynak 1998, https://doi.org/10.24432/C50P49, as in
    `sklearn.datasets.load_digits`: 8x8 pixels of 17 grey levels, here enlarged four
    times with Keys' cubic kernel. The split is fixed: 60 examples of each class are
    for testing. In either split the classes take turns in stored order, so that the
    first n examples are as balanced as they can be.
    """
    train, test = _load()
    return Dataset(
        "digits",
        (_SIZE, _SIZE, 1),
        _NUM_CLASSES,
        train=array_split(train, _NUM_CLASSES),
        test=array_split(test, _NUM_CLASSES),
    )


@functools.cache
def _load() -> tuple[Arrays, Arrays]:
    # scikit-learn takes a second to import, which other datasets need not wait for.
    from sklearn.datasets import load_digits

    raw = load_digits()
    labels = raw.target.astype(np.int64)
    images = _enlarge(raw.images)
    train, test = _split(labels)
    return Arrays(images[train], labels[train]), Arrays(images[test], labels[test])


def _split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ids of training and of test examples."""
    # NumPy guarantees that the stream of RandomState never changes.
    rng = np.random.RandomState(0)
    by_class = [rng.permutation(np.flatnonzero(labels == c)) for c in range(10)]
    test = [ids[:_TEST_EXAMPLES_PER_CLASS] for ids in by_class]
    train = [ids[_TEST_EXAMPLES_PER_CLASS:] for ids in by_class]
    return _take_turns(train), _take_turns(test)


def _take_turns(lists: list[np.ndarray]) -> np.ndarray:
    """Returns the first element of every list, then the second, and so on."""
    turns = np.concatenate([np.arange(len(ids)) for ids in lists])
    return np.concatenate(lists)[np.argsort(turns, kind="stable")]


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Returns [examples, 32, 32, 1] bytes of [examples, 8, 8] values in [0, 16].

    All weights are multiples of 1/1024, so that float64 is exact here and the
    result the same on every machine.
    """
    weights = _cubic_weights(images.shape[1], _SIZE)
    large = weights @ images.astype(np.float64) @ weights.T
    return np.rint(np.clip(large, 0, 16) * 255 / 16).astype(np.uint8)[..., None]


def _cubic_weights(old_size: int, new_size: int) -> np.ndarray:
    """Returns the [new_size, old_size] matrix of cubic interpolation.

    Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711, with a = -1/2; pixel
    centres at half-integers, the border pixel repeated outside.
    """
    scale = old_size / new_size
    centres = (np.arange(new_size) + 0.5) * scale - 0.5
    positions = np.floor(centres)[:, None] + np.arange(-1, 3)
    x = np.abs(centres[:, None] - positions)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    values = np.where(x <= 1, near, np.where(x < 2, far, 0))
    columns = np.clip(positions, 0, old_size - 1).astype(int)
    weights = np.zeros((new_size, old_size))
    np.add.at(weights, (np.arange(new_size)[:, None], columns), values)
    return weights
