"""Of how many dimensions the set of generated images is."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric

# Vectors that are converted to float64 at a time.
_BLOCK = 1024


@config.register("metrics")
def fractal_dimension(
    num_seeds: int = 100, num_radii: int = 1000, scale: float = 0.1
) -> Metric:
    """Fractal dimension of the set of generated images, by their pixels.

    As compare_gan (https://github.com/google/compare_gan), after the correlation
    dimension of Grassberger and Procaccia 1983,
    https://doi.org/10.1016/0167-2789(83)90298-1, Eq. 1.1: N(r), the number of images
    within a distance r of some of them, grows as r to the dimension. The value is the
    slope of log N over log r about the middle of the range of log N, where neither
    the nearest images nor the extent of the set matters. 0 for a collapsed generator;
    larger is more diverse. The images it counts from follow from the seed of the
    evaluation.

    Args:
        num_seeds: Number of images from which others are counted.
        num_radii: Number of distances, equally spaced in their logarithm from the
            smallest to the largest one found.
        scale: The slope is taken up to this share of the range of log N above and
            below its middle, in (0, 0.5].

    Raises:
        InputError: If there is no seed, there are fewer than 10 distances, or the
            range is empty or more than the whole.
    """
    if num_seeds < 1 or num_radii < 10 or not 0 < scale <= 0.5:
        raise InputError(
            "The fractal dimension takes 1 or more seeds, 10 or more distances and a "
            f"scale in (0, 0.5], not {num_seeds}, {num_radii} and {scale:g}. Change "
            "metrics.fractal_dimension.num_seeds, .num_radii, .scale."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        images = evidence.fake.images
        if not evidence.fake.finite:
            return (float("nan"),)
        return (
            dimension(
                images.reshape(len(images), -1),
                rng=np.random.default_rng(evidence.seed),
                num_seeds=num_seeds,
                num_radii=num_radii,
                scale=scale,
            ),
        )

    suffix = "" if num_seeds == 100 else f"_seeds{num_seeds}"
    suffix += "" if num_radii == 1000 else f"_radii{num_radii}"
    return Metric(
        kinds=("fractal_dimension",),
        compute=compute,
        needs=frozenset(["images"]),
        check_numbers=lambda num_fake, num_real: _check_seeds(num_fake, num_seeds),
        suffix=suffix + ("" if scale == 0.1 else f"_scale{scale:g}"),
    )


def dimension(
    vectors: np.ndarray,
    *,
    rng: np.random.Generator,
    num_seeds: int = 100,
    num_radii: int = 1000,
    scale: float = 0.1,
) -> float:
    """Returns the fractal dimension of a set of vectors; NaN if one is not finite.

    Args:
        vectors: [examples, size], of any scale.
        rng: Draws the seeds, with replacement.
        num_seeds: See `fractal_dimension`.
        num_radii: See `fractal_dimension`.
        scale: See `fractal_dimension`.

    Raises:
        InputError: If there are fewer examples than seeds.
    """
    num = len(vectors)
    _check_seeds(num, num_seeds)
    seeds = vectors[rng.integers(num, size=num_seeds)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        distances = np.concatenate(
            [
                cdist(vectors[i : i + _BLOCK].astype(np.float64), seeds).ravel()
                for i in range(0, num, _BLOCK)
            ]
        )
    if not np.all(np.isfinite(distances)):
        return float("nan")
    distances.sort()
    apart = distances[distances > 0]
    if not len(apart) or apart[0] == apart[-1]:
        return 0.0
    log_radii = np.linspace(np.log(apart[0]), np.log(apart[-1]), num_radii)[1:]
    counts = np.searchsorted(distances, np.exp(log_radii))
    return _slope(log_radii, np.log(counts), np.log(num_seeds), np.log(num), scale)


def _slope(
    x: np.ndarray, y: np.ndarray, lowest: float, height: float, scale: float
) -> float:
    """Returns the slope of y about the middle of its range; 0 where it jumps over it.

    Each seed counts itself: the range is from one count per seed to all.
    """
    middle = lowest + height / 2
    near = (y > middle - scale * height) & (y <= middle + scale * height)
    if np.sum(near) < 2:
        return 0.0
    return float(np.polyfit(x[near], y[near], 1)[0])


def _check_seeds(num: int, num_seeds: int) -> None:
    if num < num_seeds:
        raise InputError(
            f"The fractal dimension needs {num_seeds} images to count from, there are "
            f"{num}. Take more (evaluate.num_samples) or change "
            "metrics.fractal_dimension.num_seeds."
        )
