"""Mean and covariance of features, streamed in float64, kept between processes."""

import hashlib
import pathlib
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from compare_ssgan import cache
from compare_ssgan.errors import InputError

# Raised when a file of moments is missing, cut short, or something else altogether.
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)

# Vectors that are converted to float64 at a time.
_BLOCK = 2048


class Moments(NamedTuple):
    """First and second moments of a set of feature vectors.

    Attributes:
        num: Number of vectors.
        mean: [feature_size] float64.
        covariance: [feature_size, feature_size] float64, unbiased (divisor num - 1).
    """

    num: int
    mean: np.ndarray
    covariance: np.ndarray


class RunningMoments:
    """Moments of vectors that arrive in batches, none of which is kept.

    Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for
    computing sample variances": no cancellation of large sums.
    """

    def __init__(self, feature_size: int) -> None:
        self._num = 0
        self._mean = np.zeros(feature_size)
        self._scatter = np.zeros((feature_size, feature_size))

    def update(self, features: np.ndarray) -> None:
        """Adds vectors [examples, feature_size], of any float type."""
        # A copy of few rows: that of all vectors of a large set does not fit.
        for first in range(0, len(features), _BLOCK):
            self._update(features[first : first + _BLOCK].astype(np.float64))

    def _update(self, centred: np.ndarray) -> None:
        num = len(centred)
        # Features of a diverged network may overflow; the result is then not finite.
        with np.errstate(over="ignore", invalid="ignore"):
            mean = centred.mean(axis=0)
            centred -= mean
            difference = mean - self._mean
            share = num / (self._num + num)
            self._scatter += centred.T @ centred
            self._scatter += self._num * share * np.outer(difference, difference)
            self._mean = self._mean + share * difference
        self._num += num

    def result(self) -> Moments:
        """Returns the moments of all vectors so far.

        Raises:
            InputError: If there are fewer than two: they have no covariance.
        """
        if self._num < 2:
            raise InputError(
                f"The covariance of features needs two examples, there are {self._num}."
            )
        return Moments(self._num, self._mean, self._scatter / (self._num - 1))


def of(features: np.ndarray, rows: np.ndarray | None = None) -> Moments:
    """Returns the moments of vectors [examples, feature_size].

    Args:
        features: The vectors, of any float type.
        rows: Indices of those meant; None for all.

    Raises:
        InputError: If there are fewer than two.
    """
    running = RunningMoments(features.shape[1])
    if rows is None:
        running.update(features)
    else:
        for first in range(0, len(rows), _BLOCK):
            running.update(features[rows[first : first + _BLOCK]])
    return running.result()


def cached(key: Sequence[object], compute: Callable[[], Moments]) -> Moments:
    """Returns what `compute` does, from the cache directory if it is there.

    A file that cannot be read is computed anew; a directory that cannot be written
    to costs a warning and nothing else.

    Args:
        key: Everything the moments depend on; its text is hashed.
        compute: Called if the cache does not have them.
    """
    digest = hashlib.sha256(repr(tuple(key)).encode()).hexdigest()
    path = cache.directory() / f"moments-{digest}.npz"
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except _UNREADABLE as error:
        logging.warning("Cached moments are computed anew: %s: %s", path, error)
    moments = compute()
    try:
        cache.write(path, lambda file: np.savez(file, **moments._asdict()))
    except OSError as error:
        logging.warning("Moments of real images are not cached: %s", error)
    return moments


def _read(path: pathlib.Path) -> Moments:
    with np.load(path, allow_pickle=False) as file:
        moments = Moments(int(file["num"]), file["mean"], file["covariance"])
    size = moments.mean.shape[0]
    if moments.mean.shape != (size,) or moments.covariance.shape != (size, size):
        raise ValueError("mean and covariance do not fit together")
    return moments
