"""Points of the plane as images: a spot of light where the point is."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.datasets.base import Dataset, Modes
from compare_ssgan.datasets.pipeline import StoredSplit, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError

SIZE = 32
# From the centre of the image to the outermost mode, in pixels: what remains is enough
# for five standard deviations of the mixture and all of a spot above the floor.
REACH = 9.0
TEST_EXAMPLES = 10_000
# Standard deviation of a spot, in pixels.
_WIDTH = 2.0
# Levels of the ground, and of the middle of a spot above it. On black, generators make
# black images before anything else, and a sigmoid hardly leaves them again.
_GROUND, _HEIGHT = 102, 153
# Levels that are taken off before a spot is located, or the uneven ground that
# generators leave would move its centroid.
_FLOOR = 16.0
# Largest difference from a spot, in squared levels over those of the spot.
_TOLERANCE = 0.2
# "High quality": so many standard deviations from a mode at most.
_DEVIATIONS = 3.0
# Precision of `locate`, about 0.004 pixels, and the room in the image.
_SMALLEST, _LARGEST = 0.03, 0.5
_BLOCK = 1024


class Mixture(NamedTuple):
    """Gaussians of equal weight and equal, isotropic variance in the plane.

    Attributes:
        means: [modes, 2] rows and columns, in pixels from the centre of the image.
        stddev: Standard deviation of each, in pixels.
    """

    means: np.ndarray
    stddev: float


def dataset(name: str, mixture: Mixture, num_examples: int) -> Dataset:
    """Returns points of a mixture as 32x32x1 images, the mode being the class.

    In stored order the modes take turns, so that they are equally frequent among the
    first n examples.

    Args:
        name: Name of the dataset.
        mixture: See `Mixture`.
        num_examples: Number of examples to train on; there are 10,000 to test on.
    """
    num_modes = len(mixture.means)

    def split(number: int, num: int) -> StoredSplit:
        def load() -> Arrays:
            labels = np.arange(num) % num_modes
            # NumPy guarantees that the stream of RandomState never changes.
            drawn = np.random.RandomState(number).standard_normal((num, 2))
            points = mixture.means[labels] + mixture.stddev * drawn
            return Arrays(draw(points), labels)

        return lazy_array_split(num, num_modes, load)

    return Dataset(
        name,
        (SIZE, SIZE, 1),
        num_modes,
        train=split(0, num_examples),
        test=split(1, TEST_EXAMPLES),
        modes=modes(mixture),
    )


def modes(mixture: Mixture) -> Modes:
    """Returns the components of a mixture, to which images of spots belong.

    An image belongs to the mode nearest to its spot, if that is at most three standard
    deviations away and the image is one of a spot; otherwise to none.
    """

    def assign(
        images: np.ndarray, read_digits: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        del read_digits
        points, are_spots = locate(images)
        away = np.linalg.norm(points[:, None] - mixture.means, axis=2)
        close = away.min(axis=1) <= _DEVIATIONS * mixture.stddev
        return np.where(are_spots & close, away.argmin(axis=1), -1)

    return Modes(len(mixture.means), assign)


def draw(points: np.ndarray) -> np.ndarray:
    """Returns [n, 32, 32, 1] uint8, white spots on grey of Gaussian profile.

    Args:
        points: [n, 2] rows and columns, in pixels from the centre of the image.
    """
    images = np.empty((len(points), SIZE, SIZE, 1), np.uint8)
    for first in range(0, len(points), _BLOCK):
        spots = _profile(points[first : first + _BLOCK])
        images[first : first + _BLOCK, ..., 0] = np.rint(_GROUND + spots)
    return images


def locate(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the spots of images are, and which images are of a spot at all.

    The place is the centroid of what is 16 levels above the ground. An image is of a
    spot if its squared difference from the spot drawn there is at most a fifth of the
    spot's square.

    Args:
        images: [n, 32, 32, 1] uint8.

    Returns:
        [n, 2] rows and columns in pixels from the centre, and [n] booleans; an even
        image is of no spot.
    """
    levels = images[..., 0].astype(np.float64) - _GROUND
    light = np.maximum(levels - _FLOOR, 0)
    total = np.maximum(light.sum(axis=(1, 2)), 1)
    rows = light.sum(axis=2) @ _PLACES / total
    columns = light.sum(axis=1) @ _PLACES / total
    points = np.stack([rows, columns], axis=1)
    spots = _profile(points)
    error = np.sum((levels - spots) ** 2, axis=(1, 2))
    return points, error <= _TOLERANCE * np.sum(spots**2, axis=(1, 2))


def check_size(factory: str, num_examples: int) -> None:
    """Refuses a number of training examples that there cannot be.

    Raises:
        InputError: If it is not positive.
    """
    if type(num_examples) is not int or num_examples < 1:
        raise InputError(
            f"A dataset cannot have {num_examples} examples. "
            f"Change datasets.{factory}.num_examples."
        )


def check_mixture(
    factory: str, mixture: Mixture, stddev: float, settings: Sequence[str]
) -> None:
    """Refuses modes that images cannot tell apart.

    Args:
        factory: Name of the dataset.
        mixture: Its mixture, of two modes or more.
        stddev: The standard deviation, as it was set.
        settings: Names of the arguments that may be changed.

    Raises:
        InputError: If modes overlap, or deviations are too small to be seen in bytes,
            or so large that spots leave the image.
    """
    away = np.linalg.norm(mixture.means[:, None] - mixture.means, axis=2)
    nearest = away[away > 0].min()
    change = f"Change {' or '.join(f'datasets.{factory}.{s}' for s in settings)}."
    if not _SMALLEST <= mixture.stddev <= _LARGEST:
        unit = mixture.stddev / stddev if stddev else 1
        raise InputError(
            f"A standard deviation from {_SMALLEST / unit:.2g} to "
            f"{_LARGEST / unit:.2g} can be seen in images of {SIZE} pixels, not "
            f"{stddev:g}. {change}"
        )
    if nearest <= 2 * _DEVIATIONS * mixture.stddev:
        raise InputError(
            f"{len(mixture.means)} modes of standard deviation {stddev:g} overlap: "
            f"neighbours are {nearest / mixture.stddev:.1f} standard deviations apart, "
            f"which must be more than {2 * _DEVIATIONS:g}. {change}"
        )


# Middles of the pixels of a row, from the centre of the image.
_PLACES = np.arange(SIZE) - (SIZE - 1) / 2


def _profile(points: np.ndarray) -> np.ndarray:
    """Returns [n, 32, 32] levels above the ground, not rounded."""
    sides = np.exp(-(((_PLACES - points[..., None]) / _WIDTH) ** 2) / 2)
    return _HEIGHT * sides[:, 0, :, None] * sides[:, 1, None, :]
