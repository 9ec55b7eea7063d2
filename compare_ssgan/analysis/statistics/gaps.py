"""How much of what labels buy a method buys without them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.statistics.differences import paired, student_quantile


class Gap(NamedTuple):
    """A share of the distance between two methods.

    Attributes:
        share: 0 is as good as unconditional, 1 as good as conditional; NaN without
            seeds.
        low: Lower end of its 95 % interval; -inf where nothing bounds it.
        high: Upper end; inf where nothing bounds it.
        num_seeds: That all three methods have a finite value for.
    """

    share: float
    low: float
    high: float
    num_seeds: int


def gap_closed(
    unconditional: Mapping[int, float],
    conditional: Mapping[int, float],
    method: Mapping[int, float],
    *,
    lower_is_better: bool = True,
) -> Gap | None:
    """Returns which share of what labels buy a method buys without them.

    (unconditional - method) / (unconditional - conditional), of means over the seeds
    that all three have a finite value for; 1 is as good as conditional.

    Args:
        unconditional: Value by seed.
        conditional: Value by seed.
        method: Value by seed.
        lower_is_better: Direction of the metric.

    Returns:
        None, printed as "undefined", where conditional is not better than
        unconditional by the rule of `paired`, on all seeds these two share, or by the
        mean over the seeds common to the three. The share is NaN if there are none of
        these.
    """
    labels = paired(conditional, unconditional)
    if labels.tied or (labels.difference < 0) != lower_is_better:
        return None
    three = (unconditional, conditional, method)
    seeds = [
        seed
        for seed in sorted({*unconditional} & {*conditional} & {*method})
        if all(np.isfinite(values[seed]) for values in three)
    ]
    if not seeds:
        return Gap(float("nan"), -np.inf, np.inf, 0)
    without, with_labels, own = (
        np.array([values[seed] for seed in seeds], np.float64) for values in three
    )
    whole, part = without - with_labels, without - own
    gap = float(np.mean(whole))
    if gap == 0 or (gap > 0) != lower_is_better:
        return None
    low, high = ratio_interval(part, whole)
    return Gap(float(np.mean(part)) / gap, low, high, len(seeds))


def ratio_interval(
    numerators: npt.NDArray[np.float64], denominators: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Returns the 95 % interval of a ratio of means of pairs.

    Fieller, "Some Problems in Interval Estimation", 1954: all r for which the mean of
    numerator - r * denominator is not told from 0 by Student's test. Exact for normal
    pairs. It is bounded if and only if the mean of the denominators is told from 0 by
    the same test, which is the rule by which the gap is defined at all; a bootstrap
    interval would be finite even where the data bound nothing.

    Args:
        numerators: [n] finite.
        denominators: [n] finite, in the same order.

    Returns:
        (-inf, inf) where it is unbounded, or n < 2.
    """
    count = len(numerators)
    if count < 2:
        return -np.inf, np.inf
    factor = student_quantile(count - 1, 0.975) ** 2 / count
    covariance = np.cov(numerators, denominators) * factor
    top, bottom = float(np.mean(numerators)), float(np.mean(denominators))
    # (top - r bottom)**2 <= factor * variance of (numerator - r denominator), as
    # square * r**2 - 2 * linear * r + constant <= 0.
    square = bottom**2 - covariance[1, 1]
    linear = top * bottom - covariance[0, 1]
    constant = top**2 - covariance[0, 0]
    if square <= 0:
        return -np.inf, np.inf
    # The ratio itself is a solution, so a negative root is a rounding error.
    root = np.sqrt(max(linear**2 - square * constant, 0.0))
    return float((linear - root) / square), float((linear + root) / square)
