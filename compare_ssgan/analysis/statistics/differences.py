"""Differences between two methods on equal seeds: intervals, tests, many of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# 2**20 sums a half, so up to twice as many pairs are enumerated exactly.
_HALF = 20


class Paired(NamedTuple):
    """A method minus another on equal seeds.

    Attributes:
        num_pairs: Seeds on which both have a finite value.
        difference: Mean of the differences; NaN without pairs.
        low: Lower end of the 95 % Student-t interval of the mean; -inf if num_pairs
            < 2.
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


def paired(method: Mapping[int, float], other: Mapping[int, float]) -> Paired:
    """Compares two methods on the seeds both have a finite value for.

    The interval is Student's of 95 %: mean -/+ t(n - 1) * standard deviation /
    sqrt(n). It is exact for normal differences. The permutation test (Fisher, "The
    Design of Experiments", 1935, section 21) assumes only that differences are
    symmetric about 0 if the methods are equal; with n pairs its p is a multiple of
    2 / 2**n.

    Args:
        method: Value by seed.
        other: Value by seed, of what is subtracted.
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
        half_width = float(student_quantile(count - 1, 0.975) * error)
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


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number, in the same order.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979: the i-th
    smallest of m, counted from 0, is multiplied by m - i, and is no smaller than the
    one before it. The chance that any true hypothesis has a corrected p of at most
    alpha is at most alpha, however the tests depend on each other.

    Args:
        p_values: In [0, 1]; NaN, which stays NaN, counts among the m.
    """
    count = len(p_values)
    corrected = [float("nan")] * count
    largest = 0.0
    known = [index for index in range(count) if not np.isnan(p_values[index])]
    # Unknown ones rank last: the known ones are corrected as if they were the largest.
    for rank, index in enumerate(sorted(known, key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (count - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def student_quantile(degrees_of_freedom: int, probability: float) -> float:
    """Returns the quantile of Student's t distribution."""
    # scipy.stats takes four times as long to import.
    from scipy import special

    return float(special.stdtrit(degrees_of_freedom, probability))


def _signed_sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums
