import itertools
import math

import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis.statistics import differences


def by_seed(*values):
    return dict(enumerate(values))


def test_the_paired_interval_is_students():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 6))
    found = differences.paired(by_seed(*one), by_seed(*two))
    expected = stats.ttest_rel(one, two).confidence_interval(0.95)
    assert found.num_pairs == 6
    assert found.difference == pytest.approx(np.mean(one) - np.mean(two))
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.tied == (expected.low <= 0 <= expected.high)


def test_pairs_are_equal_seeds_with_two_finite_values():
    one = {0: 5.0, 1: math.nan, 2: 9.0, 3: 1.0}
    two = {2: 8.0, 0: 2.0, 1: 4.0, 4: 7.0}
    found = differences.paired(one, two)
    assert (found.num_pairs, found.difference) == (2, 2.0)


def test_methods_are_tied_unless_the_interval_excludes_zero():
    apart = differences.paired(by_seed(1.0, 1.1, 0.9), by_seed(2.0, 2.0, 2.0))
    close = differences.paired(by_seed(1.0, 3.1, 0.9), by_seed(2.0, 2.0, 2.0))
    assert (apart.tied, close.tied) == (False, True)
    assert apart.high < 0
    equal = differences.paired(by_seed(1.0, 2.0), by_seed(1.0, 2.0))
    assert (equal.tied, equal.p_value) == (True, 1.0)


def test_one_pair_is_tied_and_has_no_interval():
    found = differences.paired(by_seed(1.0), by_seed(100.0))
    assert (found.difference, found.low, found.high) == (-99.0, -math.inf, math.inf)
    assert (found.tied, found.p_value, found.smallest_p_value) == (True, 1.0, 1.0)


def test_no_pair_is_tied_and_has_no_difference():
    found = differences.paired({0: 1.0}, {1: 2.0})
    assert (found.num_pairs, found.tied) == (0, True)
    assert math.isnan(found.difference)
    assert math.isnan(found.p_value)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 9])
def test_the_permutation_p_counts_all_sign_patterns(count):
    values = np.random.default_rng(count).normal(0.4, 1, size=count)
    signs = np.array(list(itertools.product([-1, 1], repeat=count)))
    means = np.abs((signs * values).mean(axis=1))
    expected = np.mean(means >= abs(values.mean()) - 1e-12)
    assert differences.permutation_p_value(values) == pytest.approx(expected)


def test_the_smallest_p_is_attained_when_all_differences_have_one_sign():
    found = differences.paired(by_seed(1.0, 2.0, 3.5), by_seed(2.0, 4.0, 6.0))
    assert found.p_value == found.smallest_p_value == 0.25


def test_thirty_equal_differences_have_the_smallest_p():
    assert differences.permutation_p_value(np.full(30, 0.1)) == 2.0**-29
    assert math.isnan(differences.permutation_p_value(np.full(41, 0.1)))


def test_holm_steps_down_through_the_sorted_p_values():
    # 3 * 0.01, 2 * 0.02, and no smaller than that: 1 * 0.03.
    assert differences.holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert differences.holm([0.25] * 5) == [1.0] * 5
    assert differences.holm([0.5]) == [0.5]
    assert differences.holm([]) == []


def test_holm_is_the_closed_test_of_bonferronis():
    p_values = list(np.random.default_rng(1).uniform(0, 0.3, size=6))
    subsets = [
        chosen
        for size in range(1, 7)
        for chosen in itertools.combinations(range(6), size)
    ]
    expected = [
        max(
            min(1.0, len(chosen) * min(p_values[i] for i in chosen))
            for chosen in subsets
            if index in chosen
        )
        for index in range(6)
    ]
    assert differences.holm(p_values) == pytest.approx(expected)


def test_an_unknown_p_value_counts_among_the_comparisons():
    found = differences.holm([0.01, math.nan, 0.02])
    assert found[0] == pytest.approx(0.03)
    assert math.isnan(found[1])
    assert found[2] == pytest.approx(0.04)
