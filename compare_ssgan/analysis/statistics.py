"""Statistics over training seeds, and comparisons of methods on equal seeds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# 2**20 sums a half, so up to twice as many pairs are enumerated exactly.
_HALF = 20


class Summary(NamedTuple):
    """What a metric comes to over training seeds.

    Attributes:
        num_runs: Seeds, those without a value included.
        num_values: Seeds with a finite value (n); the statistics are over these.
        median: NaN if n is 0, as are mean, minimum and maximum.
        mean: Arithmetic mean.
        minimum: Smallest value.
        maximum: Largest value.
        standard_deviation: With n - 1 in the denominator; NaN if n < 2.
    """

    num_runs: int
    num_values: int
    median: float
    mean: float
    minimum: float
    maximum: float
    standard_deviation: float


class Paired(NamedTuple):
    """A method minus another on equal seeds.

    Attributes:
        num_pairs: Seeds on which both have a finite value.
        difference: Mean of the differences; NaN without pairs.
        low: Lower end of the Student-t interval of the mean; -inf if num_pairs < 2.
        high: Its upper end; inf if num_pairs < 2.
        p_value: Of the exact two-sided permutation test; NaN without pairs.
        smallest_p_value: What `p_value` cannot fall below with so few pairs.
        tied: Whether the interval contains 0.
    """

    num_pairs: int
    difference: float
    low: float
    high: float
    p_value: float
    smallest_p_value: float
    tied: bool


def summarize(values: Sequence[float] | npt.NDArray[np.float64]) -> Summary:
    """Summarizes one number per seed.

    Args:
        values: [seeds]; NaN where a run diverged or has no value. These are counted,
            not dropped: `num_runs` includes them.
    """
    everything = np.asarray(values, np.float64)
    finite = everything[np.isfinite(everything)]
    count = len(finite)
    nan = float("nan")
    return Summary(
        len(everything),
        count,
        float(np.median(finite)) if count else nan,
        float(np.mean(finite)) if count else nan,
        float(np.min(finite)) if count else nan,
        float(np.max(finite)) if count else nan,
        float(np.std(finite, ddof=1)) if count > 1 else nan,
    )


def paired(
    method: Mapping[int, float], other: Mapping[int, float], level: float = 0.95
) -> Paired:
    """Compares two methods on the seeds both have a finite value for.

    The interval is Student's: mean -/+ t(n - 1) * standard deviation / sqrt(n). It is
    exact for normal differences. The permutation test (Fisher, "The Design of
    Experiments", 1935, section 21) assumes only that differences are symmetric about
    0 if the methods are equal; with n pairs its p is a multiple of 2 / 2**n.

    Args:
        method: Value by seed.
        other: Value by seed, of what is subtracted.
        level: Coverage of the interval, in (0, 1).
    """
    pairs = [(method[seed], other[seed]) for seed in sorted({*method} & {*other})]
    differences = np.array([a - b for a, b in pairs], np.float64)
    differences = differences[np.isfinite(differences)]
    count = len(differences)
    if not count:
        nan = float("nan")
        return Paired(0, nan, -np.inf, np.inf, nan, nan, True)
    mean = float(np.mean(differences))
    half_width = np.inf
    if count > 1:
        error = np.std(differences, ddof=1) / np.sqrt(count)
        half_width = float(_student_quantile(count - 1, (1 + level) / 2) * error)
    low, high = mean - half_width, mean + half_width
    p_value = permutation_p_value(differences)
    smallest = 2.0 ** (1 - count)
    return Paired(count, mean, low, high, p_value, smallest, low <= 0 <= high)


def permutation_p_value(differences: npt.NDArray[np.float64]) -> float:
    """Returns the share of sign patterns with a mean as far from 0 as the observed.

    All 2**n patterns count: the sums of each half of the differences are enumerated,
    and pairs of sums counted in sorted order.

    Args:
        differences: [n] finite.

    Returns:
        In [2 / 2**n, 1]; NaN for more than 40 differences.
    """
    count = len(differences)
    if count > 2 * _HALF:
        return float("nan")
    # Sums in another order differ in the last digits, and ties must count.
    tolerance = 1e-9 * float(np.sum(np.abs(differences)))
    threshold = abs(float(np.sum(differences))) - tolerance
    if threshold <= 0:
        return 1.0
    left = _signed_sums(differences[: count // 2])
    right = np.sort(_signed_sums(differences[count // 2 :]))
    above = len(right) - np.searchsorted(right, threshold - left, side="left")
    # The sums are symmetric about 0: as many lie below the negative threshold.
    return float(2 * np.sum(above) / 2.0**count)


def gap_closed(
    unconditional: Mapping[int, float],
    conditional: Mapping[int, float],
    method: Mapping[int, float],
    *,
    lower_is_better: bool = True,
) -> float | None:
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
        unconditional (by the rule of `paired`, on all seeds these two share), or no
        seed is common to the three.
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
    without, with_labels, own = (
        float(np.mean([values[s] for s in seeds])) if seeds else 0.0 for values in three
    )
    gap = without - with_labels
    if gap == 0 or (gap > 0) != lower_is_better:
        return None
    return (without - own) / gap


def _signed_sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _student_quantile(degrees_of_freedom: int, probability: float) -> float:
    # scipy.stats takes four times as long to import.
    from scipy import special

    return float(special.stdtrit(degrees_of_freedom, probability))
