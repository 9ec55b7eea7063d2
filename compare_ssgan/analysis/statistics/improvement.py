"""How probably a run of one method is better than one of another, over datasets."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.statistics import bootstrap
from compare_ssgan.analysis.statistics.summaries import ENOUGH

Array = npt.NDArray[np.float64]

# Values of a method, [runs], of another one, and whether lower is better.
Pair = tuple[Array, Array, bool]


class Improvement(NamedTuple):
    """The probability that a run of a method is better than one of another.

    Attributes:
        num_datasets: On which both were run.
        probability: In [0, 1]; a tie counts as a half.
        low: Lower end of its 95 % bootstrap interval; NaN if a method has fewer than
            five runs on some dataset, or if all pairs agree: resampling then shows
            no spread, which is not to say that there is none.
        high: Upper end.
    """

    num_datasets: int
    probability: float
    low: float
    high: float


def improvement(pairs: Sequence[Pair]) -> Improvement:
    """Returns the average over datasets of P(method better than other).

    Agarwal et al. 2021, https://arxiv.org/abs/2108.13264, section 4.3: on each dataset
    the share of pairs of runs, one of either method, in which the first is better
    (Mann-Whitney). The percentile interval resamples the runs of each method on each
    dataset by themselves.

    Args:
        pairs: For each dataset the values of either method, [runs], and whether lower
            is better. NaN, for a run that diverged, is worse than any number.
    """
    wins = [
        _wins(_ordered(one, low), _ordered(other, low)) for one, other, low in pairs
    ]
    probability = float(np.mean([np.mean(table) for table in wins]))
    agree = all(np.ptp(table) == 0 for table in wins)
    if agree or min(min(table.shape) for table in wins) < ENOUGH:
        return Improvement(len(pairs), probability, float("nan"), float("nan"))
    shares = [_resampled(table, number) for number, table in enumerate(wins)]
    low, high = np.quantile(np.mean(shares, axis=0), [0.025, 0.975])
    return Improvement(len(pairs), probability, float(low), float(high))


def _ordered(values: Array, lower_is_better: bool) -> Array:
    """Returns values of which higher ones are better, -inf for NaN."""
    upwards = -values if lower_is_better else values
    return np.where(np.isfinite(values), upwards, -np.inf)


def _wins(one: Array, other: Array) -> Array:
    """Returns [runs of one, runs of other], 1 where one is better, 0.5 for a tie."""
    first, second = one[:, None], other[None, :]
    return np.where(first == second, 0.5, (first > second).astype(np.float64))


def _resampled(wins: Array, number: int) -> Array:
    """Returns the share of wins in every resample of the runs of both methods."""
    counts = []
    for side, size in enumerate(wins.shape):
        drawn = bootstrap.resamples(size, stream=2 * number + side)
        counts.append(np.stack([(drawn == i).sum(axis=1) for i in range(size)], axis=1))
    return np.einsum("bi,ij,bj->b", counts[0], wins, counts[1]) / wins.size
