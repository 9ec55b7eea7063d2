"""Distance between the patches of generated and of real images, scale by scale."""

from collections.abc import Sequence

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
# Images whose patches are in memory at a time.
_BLOCK = 500
# Of the distribution function of a projection; the distance of a hundred thousand
# patches to their like is several bins.
_BINS = 2**16
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
    digits); patches of one channel are compared as such, not three times; projections
    are counted in 65,536 bins, not sorted, so that memory does not grow with the
    number of images; everything is drawn from the seed of the evaluation, nothing from
    a global state. Zero is best; equal distributions have more, the less the more
    patches there are, so that only equal numbers of images compare. The paper has
    16384 images of 128 patches and normalizes each channel over all patches.

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
    directions = rng.normal(size=(num_levels, _DIRECTIONS, channels * _PATCH_SIZE**2))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    # The same generator for both: the second set has patches of its own.
    counts = [
        _counts(images, directions.astype(np.float32), patches_per_image, rng)
        for images in (fake, real)
    ]
    # The projection of a patch is not longer than itself.
    width = 2 * np.sqrt(directions.shape[2]) / _BINS
    return [width * _area(*level) for level in zip(*counts, strict=True)]


def _area(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the area between the distribution functions of two sets, in bins.

    It is their Wasserstein-1 distance.

    Args:
        first: [directions, bins], numbers of projections of the one set.
        second: [directions, bins], those of the other.
    """
    areas = []
    for x, y in zip(first, second, strict=True):
        difference = np.cumsum(x) / np.sum(x) - np.cumsum(y) / np.sum(y)
        areas.append(np.sum(np.abs(difference)))
    return float(np.mean(areas))


def _counts(
    images: np.ndarray,
    directions: np.ndarray,
    patches_per_image: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns how many patches are projected to each bin.

    Args:
        images: [examples, size, size, channels].
        directions: [levels, directions, pixels], each of length 1.
        patches_per_image: Number of patches of an image at each level.
        rng: Where patches are drawn from.

    Returns:
        [levels, directions, bins] integers.
    """
    num_levels, num_directions, size = directions.shape
    counts = np.zeros((num_levels, num_directions, _BINS), np.int64)
    scale = _BINS / 2 / np.sqrt(size)
    for first in range(0, len(images), _BLOCK):
        block = tf.constant(images[first : first + _BLOCK], tf.float32)
        pyramid = tfgan.laplacian_pyramid(block, num_levels)
        for number, level in enumerate(pyramid):
            patches = _patches(level.numpy(), patches_per_image, rng)
            bins = (scale * directions[number]) @ patches.T
            bins += _BINS / 2
            np.clip(bins, 0, _BINS - 1, out=bins)
            # The counter takes integers of this type, and would convert each row.
            for row, found in zip(counts[number], bins.astype(np.intp), strict=True):
                row += np.bincount(found, minlength=_BINS)
    return counts


def _patches(level: np.ndarray, num: int, rng: np.random.Generator) -> np.ndarray:
    """Returns `num` normalized patches of each image, [patches, pixels] float32."""
    windows = np.lib.stride_tricks.sliding_window_view(
        level, (_PATCH_SIZE, _PATCH_SIZE), axis=(1, 2)
    )
    # As in TF-GAN and the paper's code, the last row and column are never reached.
    largest = level.shape[1] - _PATCH_SIZE
    rows, columns = rng.integers(0, largest, (2, len(level), num))
    patches = windows[np.arange(len(level))[:, None], rows, columns]
    return _normalized(patches.reshape(rows.size, -1))


def _normalized(patches: np.ndarray) -> np.ndarray:
    """Returns patches of mean 0 and variance 1; flat ones are 0."""
    patches = patches - np.mean(patches, axis=1, keepdims=True)
    variance = np.mean(np.square(patches), axis=1, keepdims=True)
    flat = variance < _LEAST_VARIANCE
    patches /= np.sqrt(np.where(flat, 1, variance))
    return np.where(flat, np.float32(0), patches)


def _check_shape(shape: ImageShape | tuple[int, ...]) -> None:
    height, width, _ = shape
    if height != width or height < 8 or not _power_of_two(height):
        raise InputError(
            "The sliced Wasserstein distance is of square images with a size that is a "
            f"power of two from 8 on, and these are {height}x{width}. Choose another "
            "metric."
        )


def _power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
