import itertools
import math

import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis import statistics


def by_seed(*values):
    return dict(enumerate(values))


def test_a_summary_is_over_the_finite_values_and_counts_all():
    found = statistics.summarize([3.0, math.nan, 1.0, 8.0])
    assert (found.num_runs, found.num_values) == (4, 3)
    assert (found.median, found.mean) == (3.0, 4.0)
    assert (found.minimum, found.maximum) == (1.0, 8.0)
    assert found.standard_deviation == pytest.approx(math.sqrt((1 + 9 + 16) / 2))


def test_one_value_has_no_standard_deviation():
    found = statistics.summarize([3.0])
    assert found[:6] == (1, 1, 3.0, 3.0, 3.0, 3.0)
    assert math.isnan(found.standard_deviation)


def test_a_summary_of_nothing_is_nan():
    found = statistics.summarize([math.nan, math.inf])
    assert found[:2] == (2, 0)
    assert np.isnan(found[2:]).all()


def test_the_paired_interval_is_students():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 6))
    found = statistics.paired(by_seed(*one), by_seed(*two))
    expected = stats.ttest_rel(one, two).confidence_interval(0.95)
    assert found.num_pairs == 6
    assert found.difference == pytest.approx(np.mean(one) - np.mean(two))
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.tied == (expected.low <= 0 <= expected.high)


def test_pairs_are_equal_seeds_with_two_finite_values():
    one = {0: 5.0, 1: math.nan, 2: 9.0, 3: 1.0}
    two = {2: 8.0, 0: 2.0, 1: 4.0, 4: 7.0}
    found = statistics.paired(one, two)
    assert (found.num_pairs, found.difference) == (2, 2.0)


def test_methods_are_tied_unless_the_interval_excludes_zero():
    apart = statistics.paired(by_seed(1.0, 1.1, 0.9), by_seed(2.0, 2.0, 2.0))
    close = statistics.paired(by_seed(1.0, 3.1, 0.9), by_seed(2.0, 2.0, 2.0))
    assert (apart.tied, close.tied) == (False, True)
    assert apart.high < 0
    equal = statistics.paired(by_seed(1.0, 2.0), by_seed(1.0, 2.0))
    assert (equal.tied, equal.p_value) == (True, 1.0)


def test_one_pair_is_tied_and_has_no_interval():
    found = statistics.paired(by_seed(1.0), by_seed(100.0))
    assert (found.difference, found.low, found.high) == (-99.0, -math.inf, math.inf)
    assert (found.tied, found.p_value, found.smallest_p_value) == (True, 1.0, 1.0)


def test_no_pair_is_tied_and_has_no_difference():
    found = statistics.paired({0: 1.0}, {1: 2.0})
    assert (found.num_pairs, found.tied) == (0, True)
    assert math.isnan(found.difference)
    assert math.isnan(found.p_value)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 9])
def test_the_permutation_p_counts_all_sign_patterns(count):
    differences = np.random.default_rng(count).normal(0.4, 1, size=count)
    signs = np.array(list(itertools.product([-1, 1], repeat=count)))
    means = np.abs((signs * differences).mean(axis=1))
    expected = np.mean(means >= abs(differences.mean()) - 1e-12)
    assert statistics.permutation_p_value(differences) == pytest.approx(expected)


def test_the_smallest_p_is_attained_when_all_differences_have_one_sign():
    found = statistics.paired(by_seed(1.0, 2.0, 3.5), by_seed(2.0, 4.0, 6.0))
    assert found.p_value == found.smallest_p_value == 0.25


def test_thirty_equal_differences_have_the_smallest_p():
    assert statistics.permutation_p_value(np.full(30, 0.1)) == 2.0**-29
    assert math.isnan(statistics.permutation_p_value(np.full(41, 0.1)))


def test_the_gap_closed_is_the_share_of_what_labels_buy():
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    half = by_seed(25.0, 26.0, 24.0)
    assert statistics.gap_closed(without, with_labels, half) == pytest.approx(0.5)
    assert statistics.gap_closed(without, with_labels, with_labels) == 1.0
    flipped = statistics.gap_closed(with_labels, without, half, lower_is_better=False)
    assert flipped == pytest.approx(0.5)


def test_the_gap_is_undefined_where_labels_buy_nothing():
    without, with_labels = by_seed(30.0, 31.0, 29.0), by_seed(20.0, 21.0, 19.0)
    assert statistics.gap_closed(with_labels, without, without) is None
    noisy = by_seed(20.0, 45.0, 19.0)
    assert statistics.paired(noisy, without).tied
    assert statistics.gap_closed(without, noisy, with_labels) is None
    assert statistics.gap_closed(without, with_labels, {0: math.nan}) is None
    assert statistics.gap_closed(without, with_labels, {7: 25.0}) is None
