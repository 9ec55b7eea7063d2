import math

import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis.statistics import gaps
from compare_ssgan.analysis.statistics.differences import paired


def by_seed(*values):
    return dict(enumerate(values))


def test_the_gap_closed_is_the_share_of_what_labels_buy():
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    half = by_seed(25.0, 26.0, 24.0)
    assert gaps.gap_closed(without, with_labels, half).share == pytest.approx(0.5)
    assert gaps.gap_closed(without, with_labels, with_labels)[:3] == (1.0, 1.0, 1.0)
    flipped = gaps.gap_closed(with_labels, without, half, lower_is_better=False)
    assert flipped.share == pytest.approx(0.5)


def test_the_gap_is_undefined_where_labels_buy_nothing():
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    assert gaps.gap_closed(with_labels, without, without) is None
    noisy = by_seed(20.0, 45.0, 19.0)
    assert paired(noisy, without).tied
    assert gaps.gap_closed(without, noisy, with_labels) is None


def test_the_gap_is_undefined_where_labels_buy_nothing_on_the_common_seeds():
    without = by_seed(*[30.0] * 20)
    with_labels = by_seed(31.0, *[20.0 + seed / 10 for seed in range(19)])
    assert not paired(with_labels, without).tied
    assert gaps.gap_closed(without, with_labels, {0: 25.0}) is None
    assert gaps.gap_closed(without, with_labels, {1: 25.0}).share == 0.5


@pytest.mark.parametrize("own", [{0: math.nan}, {7: 25.0}, {}])
def test_without_common_seeds_the_gap_is_there_and_the_share_unknown(own):
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    found = gaps.gap_closed(without, with_labels, own)
    assert math.isnan(found.share)
    assert found[1:] == (-math.inf, math.inf, 0)


def test_the_interval_holds_what_students_test_cannot_tell_from_the_ratio():
    rng = np.random.default_rng(2)
    wholes = rng.normal(10, 2, size=6)
    parts = 0.6 * wholes + rng.normal(0, 1.5, size=6)
    low, high = gaps.ratio_interval(parts, wholes)
    for ratio in np.linspace(low - 1, high + 1, 401):
        told = stats.ttest_1samp(parts - ratio * wholes, 0).pvalue < 0.05
        assert told == (not low <= ratio <= high), ratio
    for end in (low, high):
        p_value = stats.ttest_1samp(parts - end * wholes, 0).pvalue
        assert p_value == pytest.approx(0.05)


def test_the_interval_is_unbounded_where_the_whole_cannot_be_told_from_zero():
    parts, wholes = np.array([1.0, 2.0, 1.5]), np.array([5.0, -4.0, 1.0])
    assert stats.ttest_1samp(wholes, 0).pvalue > 0.05
    assert gaps.ratio_interval(parts, wholes) == (-math.inf, math.inf)
    assert gaps.ratio_interval(parts[:1], wholes[:1]) == (-math.inf, math.inf)


def test_seeds_that_a_method_lacks_leave_the_gap_defined_but_unbounded():
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    found = gaps.gap_closed(without, with_labels, {1: 26.0, 5: 1.0})
    assert found == (0.5, -math.inf, math.inf, 1)


def test_the_interval_holds_the_true_share_as_often_as_it_says():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(1000):
        wholes = rng.normal(10, 2, size=5)
        parts = rng.normal(7, 2, size=5)
        low, high = gaps.ratio_interval(parts, wholes)
        held += low <= 0.7 <= high
    # Three standard errors of a share of 0.95 among 1,000 are 0.021.
    assert held / 1000 == pytest.approx(0.95, abs=0.021)
