"""Statistics of one method over its training seeds."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.statistics import bootstrap

# Of fewer values neither a standard deviation nor an interval is shown.
ENOUGH = 5

Array = npt.NDArray[np.float64]


class Summary(NamedTuple):
    """What a metric comes to over training seeds.

    Attributes:
        num_runs: Seeds, those without a value included.
        num_values: Seeds with a finite value (n); the statistics are over these.
        median: NaN if n is 0, as are mean, minimum and maximum.
        mean: Arithmetic mean.
        minimum: Smallest value.
        maximum: Largest value.
        standard_deviation: With n - 1 in the denominator; NaN if n < `ENOUGH`.
        estimate: The statistic that was asked for; NaN if n < `ENOUGH`.
        low: Lower end of its 95 % bootstrap interval; NaN if n < `ENOUGH`.
        high: The upper end.
    """

    num_runs: int
    num_values: int
    median: float
    mean: float
    minimum: float
    maximum: float
    standard_deviation: float
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


def summarize(values: Sequence[float] | Array, statistic: str = "mean") -> Summary:
    """Summarizes one number per seed.

    Args:
        values: [seeds]; NaN where a run diverged or has no value. These are counted,
            not dropped: `num_runs` includes them.
        statistic: Name of one of `STATISTICS`, to estimate with its interval.
    """
    everything = np.asarray(values, np.float64)
    finite = everything[np.isfinite(everything)]
    count = len(finite)
    nan = float("nan")
    found = Summary(
        len(everything),
        count,
        float(np.median(finite)) if count else nan,
        float(np.mean(finite)) if count else nan,
        float(np.min(finite)) if count else nan,
        float(np.max(finite)) if count else nan,
        float(np.std(finite, ddof=1)) if count >= ENOUGH else nan,
    )
    if count < ENOUGH:
        return found
    function = STATISTICS[statistic]
    low, high = bootstrap.interval(finite, function)
    return found._replace(estimate=float(function(finite)), low=low, high=high)


def mean(values: Array) -> Array:
    """Returns the mean over the last axis."""
    return np.mean(values, axis=-1)


def interquartile_mean(values: Array) -> Array:
    """Returns the mean of the middle half of the last axis.

    Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical
    Precipice", 2021, https://arxiv.org/abs/2108.13264, section 4.3. A quarter of the
    values, rounded down, is left out on either side.

    Args:
        values: [..., n], n > 0.
    """
    ascending = np.sort(values, axis=-1)
    size = values.shape[-1]
    trimmed = ascending[..., size // 4 : size - size // 4]
    return np.mean(trimmed, axis=-1)


STATISTICS: dict[str, Callable[[Array], Array]] = {
    "mean": mean,
    "iqm": interquartile_mean,
}
