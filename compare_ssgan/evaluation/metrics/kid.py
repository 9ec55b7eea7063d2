"""Maximum mean discrepancy between features, with a polynomial kernel."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric

# The seed that torch-fidelity draws subsets with.
_SEED = 2020


@config.register("metrics")
def kid(
    num_subsets: int = 100,
    subset_size: int = 1000,
    degree: int = 3,
    gamma: float | None = None,
    coefficient: float = 1.0,
    spread: bool = False,
) -> Metric:
    """Kernel inception distance, of whichever features are evaluated.

    Binkowski et al. 2018, https://arxiv.org/abs/1801.01401: the unbiased squared MMD
    with kernel (gamma x.y + coefficient)^degree. Averaged over subsets drawn without
    replacement as by torch-fidelity (https://github.com/toshas/torch-fidelity), here
    in float64. Sets of no more than `subset_size` examples are compared whole.

    Args:
        num_subsets: Number of subsets averaged over.
        subset_size: Examples per subset.
        degree: Degree of the kernel.
        gamma: Factor of the scalar product; None for 1 / feature_size.
        coefficient: Constant of the kernel.
        spread: Whether to return the standard deviation over subsets, too, as
            torch-fidelity does (divisor `num_subsets`); 0 for sets compared whole.

    Raises:
        InputError: If there are no subsets, or subsets of fewer than two examples.
    """
    if num_subsets < 1 or subset_size < 2 or degree < 1:
        raise InputError(
            "KID takes one or more subsets of two or more examples and a degree of 1 "
            f"or more, not {num_subsets} of {subset_size} with degree {degree}. Change "
            "metrics.kid.num_subsets, metrics.kid.subset_size, metrics.kid.degree."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        distance, deviation = kernel_distance(
            evidence.fake.features,
            evidence.real.features,
            num_subsets=num_subsets,
            subset_size=subset_size,
            degree=degree,
            gamma=gamma,
            coefficient=coefficient,
        )
        return (distance, deviation) if spread else (distance,)

    suffix = ""
    if (num_subsets, subset_size) != (100, 1000):
        suffix += f"_subsets{num_subsets}x{subset_size}"
    if degree != 3:
        suffix += f"_degree{degree}"
    if gamma is not None:
        suffix += f"_gamma{gamma:g}"
    if coefficient != 1:
        suffix += f"_coefficient{coefficient:g}"
    return Metric(
        kinds=("kid", "kid_standard_deviation") if spread else ("kid",),
        compute=compute,
        needs=frozenset(["features"]),
        needs_real=True,
        suffix=suffix,
    )


def kernel_distance(
    fake: np.ndarray,
    real: np.ndarray,
    *,
    num_subsets: int,
    subset_size: int,
    degree: int = 3,
    gamma: float | None = None,
    coefficient: float = 1.0,
) -> tuple[float, float]:
    """Returns mean and deviation over subsets of the unbiased squared MMD.

    It may be negative.

    Args:
        fake: [examples, feature_size], of any float type; computed in float64.
        real: [examples, feature_size].
        num_subsets: See `kid`.
        subset_size: See `kid`.
        degree: See `kid`.
        gamma: See `kid`.
        coefficient: See `kid`.

    Raises:
        InputError: If a set has fewer than two examples.
    """
    if min(len(fake), len(real)) < 2:
        raise InputError(
            f"KID needs two examples of each kind, there are {len(fake)} generated "
            f"and {len(real)} real ones."
        )
    scale = 1 / fake.shape[1] if gamma is None else gamma

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        base = (scale * x) @ y.T
        base += coefficient
        # NumPy's own power of an array is many times slower than products in place.
        power = base.copy()
        for _ in range(degree - 1):
            power *= base
        return power

    with np.errstate(over="ignore", invalid="ignore"):
        if len(fake) == len(real) <= subset_size:
            # Every subset would be the whole set, whose order does not matter.
            fake, real = fake.astype(np.float64), real.astype(np.float64)
            whole = _unbiased_mmd(
                kernel(fake, fake), kernel(real, real), kernel(fake, real)
            )
            return whole, 0.0 * whole
        size = min(subset_size, len(fake), len(real))
        rng = np.random.RandomState(_SEED)
        values = []
        for _ in range(num_subsets):
            x = fake[rng.choice(len(fake), size, replace=False)].astype(np.float64)
            y = real[rng.choice(len(real), size, replace=False)].astype(np.float64)
            values.append(_unbiased_mmd(kernel(x, x), kernel(y, y), kernel(x, y)))
        return float(np.mean(values)), float(np.std(values))


def _unbiased_mmd(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> float:
    """Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html, Eq. 3."""
    return float(_mean_off_diagonal(xx) + _mean_off_diagonal(yy) - 2 * np.mean(xy))


def _mean_off_diagonal(matrix: np.ndarray) -> float:
    num = len(matrix)
    return float((np.sum(matrix) - np.trace(matrix)) / (num * (num - 1)))
