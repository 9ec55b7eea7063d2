"""How alike generated images are, as structural similarity sees it."""

from collections.abc import Iterator, Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.conditional import check_conditional
from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric, Part
from compare_ssgan.evaluation.model import Model

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5
_LARGEST_LEVEL = 255.0
_C1, _C2 = (0.01 * _LARGEST_LEVEL) ** 2, (0.03 * _LARGEST_LEVEL) ** 2
_NUM_BATCHES = 5
# Of products of images that are in memory at a time.
_MOST_PIXELS = 2_000_000


@config.register("metrics")
def ms_ssim(
    num_batches: int | None = None, batch_size: int = 64, within_class: bool = False
) -> Metric:
    """Mean MS-SSIM of pairs of generated images: the lower, the more diverse.

    Wang et al. 2003, "Multi-scale structural similarity for image quality
    assessment", https://doi.org/10.1109/ACSSC.2003.1292216, Eq. 7, of samples as by
    Odena et al. 2017, https://arxiv.org/abs/1610.09585, section 4.2, and Fedus et al.
    2018, https://arxiv.org/abs/1710.08446, section 5.3. From 0 to 1. Protocol and
    constants are compare_gan's (https://github.com/google/compare_gan): batches drawn
    from all samples, every pair of different images of a batch, five scales whatever
    the size of the images, with a Gaussian window of the smallest of 11 pixels and the
    sides of the scale. Odd sizes are mirrored to even ones before they are halved. To
    be compared with the `similarity` of real images: no data are of any diversity.

    Args:
        num_batches: Number of batches; None for 5 or, within classes, one per class.
        batch_size: Images per batch.
        within_class: Whether the images of a batch are all of one label, the labels
            taking turns: the diversity within classes of a conditional model.

    Raises:
        InputError: If there are no batches, or no pairs in them.
    """
    if batch_size < 2 or (num_batches is not None and num_batches < 1):
        raise InputError(
            "MS-SSIM takes one or more batches of two or more images, not "
            f"{num_batches} of {batch_size}. Change metrics.ms_ssim.num_batches, "
            "metrics.ms_ssim.batch_size."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        fake, seed = evidence.fake, evidence.seed
        if not fake.finite:
            return (float("nan"),)
        if within_class:
            batches = _batches_of_classes(fake, num_batches, batch_size, seed)
        else:
            num = num_batches or _NUM_BATCHES
            batches = _batches(len(fake.images), num, batch_size, seed)
        values = [similarity(fake.images[ids]) for ids in batches]
        return (float(np.mean(values)),)

    def check(model: Model | None, dataset: Dataset | None) -> None:
        del dataset
        if within_class:
            check_conditional("ms_ssim", model)

    # How many are needed within classes depends on what is drawn.
    needed = 0 if within_class else num_batches or _NUM_BATCHES
    usual = None if within_class else _NUM_BATCHES
    suffix = "_within_class" * within_class
    if num_batches not in (None, usual):
        suffix += f"_batches{num_batches}"
    if batch_size != 64:
        suffix += f"_size{batch_size}"
    parts: list[Part] = ["images", "labels"] if within_class else ["images"]
    return Metric(
        kinds=("ms_ssim",),
        compute=compute,
        needs=frozenset(parts),
        suffix=suffix,
        check=check,
        check_numbers=lambda num_fake, num_real: _check_images(
            num_fake, needed, batch_size
        ),
    )


def similarity(images: np.ndarray) -> float:
    """Returns the mean MS-SSIM of all pairs of different images.

    Args:
        images: [examples, height, width, channels] in [0, 255], at least two.
    """
    first, second = np.triu_indices(len(images), 1)
    return float(np.mean(pairwise_similarities(images, first, second)))


def pairwise_similarities(
    images: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weights: Sequence[float] = _WEIGHTS,
) -> np.ndarray:
    """Returns the MS-SSIM of pairs of images, [pairs] float64, averaged over channels.

    Memory is bounded: products of images exist for some pairs at a time.

    Args:
        images: [examples, height, width, channels] in [0, 255].
        first: [pairs] indices of images.
        second: [pairs] indices of those they are compared with.
        weights: Exponent of each scale, the finest first. The single weight 1 gives
            the SSIM of Wang et al. 2004.
    """
    scale = np.moveaxis(images.astype(np.float64), -1, 1)
    result = np.ones((len(first), scale.shape[1]))
    for number, weight in enumerate(weights, 1):
        both = _similarities(scale, first, second, luminance=number == len(weights))
        # A negative correlation counts as none: it has no power.
        result *= np.maximum(both, 0) ** weight
        scale = _halved(scale)
    return np.mean(result, axis=1)


def _similarities(
    images: np.ndarray, first: np.ndarray, second: np.ndarray, luminance: bool
) -> np.ndarray:
    """Returns the mean contrast and structure term of a scale, [pairs, channels].

    Args:
        images: [examples, channels, height, width].
        first: [pairs].
        second: [pairs].
        luminance: Whether to multiply by the luminance term, as at the last scale.
    """
    window = min(_WINDOW, *images.shape[2:])
    rows, columns = (_windows(size, window) for size in images.shape[2:])

    def smooth(x: np.ndarray) -> np.ndarray:
        return np.matmul(rows, x @ columns.T)

    means, powers = smooth(images), smooth(np.square(images))
    squares = np.square(means)
    variances = powers - squares
    result = np.empty((len(first), images.shape[1]))
    step = max(1, _MOST_PIXELS // images[0].size)
    for start in range(0, len(first), step):
        x, y = first[start : start + step], second[start : start + step]
        product = means[x] * means[y]
        covariance = smooth(images[x] * images[y]) - product
        value = (2 * covariance + _C2) / (variances[x] + variances[y] + _C2)
        if luminance:
            value *= (2 * product + _C1) / (squares[x] + squares[y] + _C1)
        result[start : start + step] = np.mean(value, axis=(2, 3))
    return result


def _windows(size: int, window: int) -> np.ndarray:
    """Returns the matrix that averages `size` pixels under every whole window.

    Images are small: products with it are faster than convolutions.
    """
    offsets = np.arange(window) - (window - 1) / 2
    weights = np.exp(-np.square(offsets / _SIGMA) / 2)
    matrix = np.zeros((size - window + 1, size))
    for row in range(len(matrix)):
        matrix[row, row : row + window] = weights / np.sum(weights)
    return matrix


def _halved(images: np.ndarray) -> np.ndarray:
    """Returns means of 2x2 pixels of [examples, channels, height, width]."""
    odd = [(0, size % 2) for size in images.shape[2:]]
    images = np.pad(images, [(0, 0), (0, 0), *odd], mode="symmetric")
    num, channels, height, width = images.shape
    blocks = images.reshape(num, channels, height // 2, 2, width // 2, 2)
    return blocks.mean(axis=(3, 5))


def _batches(
    num_images: int, num_batches: int, batch_size: int, seed: int
) -> Iterator[np.ndarray]:
    _check_images(num_images, num_batches, batch_size)
    needed = num_batches * batch_size
    drawn = np.random.default_rng(seed).permutation(num_images)[:needed]
    return iter(drawn.reshape(num_batches, batch_size))


def _check_images(num_images: int, num_batches: int, batch_size: int) -> None:
    needed = num_batches * batch_size
    if num_images < needed:
        raise InputError(
            f"MS-SSIM needs {num_batches} batches of {batch_size}, {needed} generated "
            f"images, and there are {num_images}. Take more "
            f"(evaluate.num_samples = {needed}), or change "
            "metrics.ms_ssim.num_batches, metrics.ms_ssim.batch_size."
        )


def _batches_of_classes(
    images: ImageSet, num_batches: int | None, batch_size: int, seed: int
) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = images.labels
    members = [
        rng.permutation(np.flatnonzero(labels == c))
        for c in np.unique(labels[labels >= 0])
    ]
    num = num_batches or len(members)
    # The first classes have one batch more where the number is no multiple of theirs.
    for number in range(num):
        turn, which = divmod(number, len(members))
        ids = members[which][turn * batch_size : (turn + 1) * batch_size]
        if len(ids) < batch_size:
            raise InputError(
                f"MS-SSIM within classes needs {-(-num // len(members)) * batch_size} "
                f"generated images of each, and one has {len(members[which])}. Take "
                "more (evaluate.num_samples), or change metrics.ms_ssim.num_batches, "
                "metrics.ms_ssim.batch_size."
            )
        yield ids
