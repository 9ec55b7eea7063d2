"""Distance between the patches of generated and of real images, scale by scale."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config, tfgan
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model
from compare_ssgan.types import ImageShape

_PATCH_SIZE = 7
_DIRECTIONS = _PATCH_SIZE * _PATCH_SIZE * 3
_PATCHES, _RESOLUTION = 64, 16
# Patches below it are flat, in levels of 256 squared: rounding leaves as much.
_LEAST_VARIANCE = 1e-6
_BLOCK = 256
# Of projections of one set in memory at a time.
_MOST_BYTES = 200_000_000
# The papers give the distance in thousandths.
_UNIT = 1000


@config.register("metrics")
def sliced_wasserstein(
    patches_per_image: int = _PATCHES, resolution_min: int = _RESOLUTION
) -> Metric:
    """Sliced Wasserstein distance between patches, times 1000, mean over scales.

    Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 5, as TF-GAN defines
    it (https://github.com/tensorflow/gan, `sliced_wasserstein_distance`): patches of
    7x7 pixels of each level of a Laplacian pyramid, each normalized by its own mean
    and deviation, and the mean over 147 random directions of the Wasserstein-1
    distance of their projections. The pyramid is TF-GAN's own code. Differences: a
    patch without variance is zero, where TF-GAN's distance is NaN (black borders of
    digits); patches of one channel are compared as such, not three times; memory is
    bounded; everything is drawn from the seed of the evaluation, nothing from a
    global state. Zero is best; equal distributions have more, the less the more
    patches there are, so that only equal numbers of images compare. The paper has
    16384 images of 128 patches and normalizes each channel over all patches. Of sets
    of different sizes, as many images are drawn of the larger as the smaller has.

    Args:
        patches_per_image: Patches drawn from an image at each level.
        resolution_min: Size of the coarsest level, a power of two from 8 on; smaller
            images have one level.

    Raises:
        InputError: If there are no patches, or no such size.
    """
    if patches_per_image < 1:
        raise InputError(
            f"There cannot be {patches_per_image} patches per image. Change "
            "metrics.sliced_wasserstein.patches_per_image."
        )
    if resolution_min < 8 or not _power_of_two(resolution_min):
        raise InputError(
            "The coarsest level has a size that is a power of two from 8 on, not "
            f"{resolution_min}. Change metrics.sliced_wasserstein.resolution_min."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake, evidence.real
        if not (fake.finite and real.finite):
            return (float("nan"),)
        distances = level_distances(
            fake.images,
            real.images,
            patches_per_image=patches_per_image,
            resolution_min=resolution_min,
            seed=evidence.seed,
        )
        return (_UNIT * float(np.mean(distances)),)

    def check(model: Model | None, dataset: Dataset | None) -> None:
        del model
        if dataset is not None:
            _check_shape(dataset.image_shape)

    suffix = ""
    if patches_per_image != _PATCHES:
        suffix += f"_patches{patches_per_image}"
    if resolution_min != _RESOLUTION:
        suffix += f"_resolution{resolution_min}"
    return Metric(
        kinds=("swd",),
        compute=compute,
        needs=frozenset(["images"]),
        needs_real=True,
        suffix=suffix,
        check=check,
    )


def level_distances(
    fake: np.ndarray,
    real: np.ndarray,
    *,
    patches_per_image: int = _PATCHES,
    resolution_min: int = _RESOLUTION,
    seed: int = 0,
) -> list[float]:
    """Returns the distance at each level of the pyramid, the finest first.

    Args:
        fake: [examples, size, size, channels] in [0, 255].
        real: The same of other images.
        patches_per_image: See `sliced_wasserstein`.
        resolution_min: See `sliced_wasserstein`.
        seed: Of all that is drawn.

    Raises:
        InputError: If images are not square with a size that is a power of two, or
            those of the two sets are not of one shape.
    """
    _check_shape(fake.shape[1:])
    if fake.shape[1:] != real.shape[1:]:
        raise InputError(
            f"Generated images are of shape {fake.shape[1:]}, real ones of "
            f"{real.shape[1:]}: their patches cannot be compared."
        )
    size, channels = fake.shape[1], fake.shape[3]
    num_levels = 1 + max(0, (size // resolution_min).bit_length() - 1)
    rng = np.random.default_rng(seed)
    num = min(len(fake), len(real))
    sets = [_drawn(images, num, rng) for images in (fake, real)]
    distances = []
    for level in range(num_levels):
        shape = (num, patches_per_image)
        # As TF-GAN and the paper's code, which never reach the last row and column.
        corners = [_corners(shape, size >> level, rng) for _ in sets]
        directions = rng.normal(size=(_DIRECTIONS, channels * _PATCH_SIZE**2))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        both = [
            _Patches(images, level, num_levels, found)
            for images, found in zip(sets, corners, strict=True)
        ]
        distances.append(_distance(*both, directions.astype(np.float32)))
    return distances


class _Patches(NamedTuple):
    """Patches of a level of images, cut out whenever they are needed.

    Attributes:
        images: [examples, size, size, channels].
        level: Number of the level, 0 the finest.
        num_levels: Number of levels of the pyramid.
        corners: [2, examples, patches], first row and column of each patch.
    """

    images: np.ndarray
    level: int
    num_levels: int
    corners: np.ndarray

    @property
    def num(self) -> int:
        """Number of patches."""
        return int(np.prod(self.corners.shape[1:]))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields normalized patches, [patches, pixels] float32, of some images."""
        for first in range(0, len(self.images), _BLOCK):
            some = slice(first, first + _BLOCK)
            images = tf.constant(self.images[some], tf.float32)
            pyramid = tfgan.laplacian_pyramid(images, self.num_levels)
            level = pyramid[self.level].numpy()
            windows = np.lib.stride_tricks.sliding_window_view(
                level, (_PATCH_SIZE, _PATCH_SIZE), axis=(1, 2)
            )
            rows, columns = self.corners[:, some]
            patches = windows[np.arange(len(level))[:, None], rows, columns]
            yield _normalized(patches.reshape(rows.size, -1))

    def projections(self, directions: np.ndarray) -> np.ndarray:
        """Returns sorted projections of all patches, [directions, patches]."""
        found = np.empty((len(directions), self.num), np.float32)
        first = 0
        for patches in self.blocks():
            found[:, first : first + len(patches)] = directions @ patches.T
            first += len(patches)
        found.sort(axis=1)
        return found


def _distance(fake: _Patches, real: _Patches, directions: np.ndarray) -> float:
    """Returns the mean over directions of the distance of projections."""
    step = max(1, _MOST_BYTES // (4 * fake.num))
    total = 0.0
    for first in range(0, len(directions), step):
        some = directions[first : first + step]
        difference = fake.projections(some)
        difference -= real.projections(some)
        np.abs(difference, out=difference)
        total += float(np.sum(np.mean(difference, axis=1, dtype=np.float64)))
    return total / len(directions)


def _normalized(patches: np.ndarray) -> np.ndarray:
    """Returns patches of mean 0 and variance 1; flat ones are 0."""
    patches = patches - np.mean(patches, axis=1, keepdims=True)
    variance = np.mean(np.square(patches), axis=1, keepdims=True)
    flat = variance < _LEAST_VARIANCE
    patches /= np.sqrt(np.where(flat, 1, variance))
    return np.where(flat, np.float32(0), patches)


def _drawn(images: np.ndarray, num: int, rng: np.random.Generator) -> np.ndarray:
    if len(images) == num:
        return images
    return images[np.sort(rng.permutation(len(images))[:num])]


def _corners(shape: tuple[int, int], size: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, size - _PATCH_SIZE, (2, *shape))


def _check_shape(shape: ImageShape | tuple[int, ...]) -> None:
    height, width, _ = shape
    if height != width or height < 8 or not _power_of_two(height):
        raise InputError(
            "The sliced Wasserstein distance is of square images with a size that is a "
            f"power of two from 8 on, and these are {height}x{width}. Change "
            "evaluate.metrics."
        )


def _power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
