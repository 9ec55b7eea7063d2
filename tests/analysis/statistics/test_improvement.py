import math

import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis.statistics.improvement import improvement


def values(seed, size, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, size=size)


@pytest.mark.parametrize("lower", [True, False])
def test_the_probability_is_the_mean_of_mann_whitney_shares(lower):
    pairs = [
        (values(0, 5), values(1, 6, 0.5), lower),
        (values(2, 7), values(3, 5), lower),
    ]
    shares = [
        stats.mannwhitneyu(one, other).statistic / (len(one) * len(other))
        for one, other, _ in pairs
    ]
    expected = np.mean(shares)
    found = improvement(pairs)
    assert found.num_datasets == 2
    assert found.probability == pytest.approx(1 - expected if lower else expected)
    assert found.low < found.probability < found.high


def test_a_tie_counts_as_a_half():
    same = np.array([1.0, 2.0])
    assert improvement([(same, same, True)]).probability == 0.5


@pytest.mark.parametrize("lower", [True, False])
def test_a_run_that_diverged_loses_against_any_number(lower):
    one, other = np.array([1.0, math.nan]), np.array([-9.0, 9.0])
    assert improvement([(one, other, lower)]).probability == 0.25
    gone = np.array([math.nan])
    assert improvement([(gone, other, lower)]).probability == 0.0
    assert improvement([(gone, gone, lower)]).probability == 0.5


def test_the_interval_resamples_the_runs_of_each_method_and_dataset():
    pairs = [
        (values(0, 5), values(1, 6, 0.5), True),
        (values(2, 7), values(3, 5), False),
    ]
    rng = np.random.default_rng(9)
    resampled = []
    for _ in range(4000):
        shares = []
        for one, other, lower in pairs:
            first, second = rng.choice(one, len(one)), rng.choice(other, len(other))
            sign = -1 if lower else 1
            wins = np.sign(sign * (first[:, None] - second[None, :]))
            shares.append(np.mean((wins + 1) / 2))
        resampled.append(np.mean(shares))
    expected = np.quantile(resampled, [0.025, 0.975])
    found = improvement(pairs)
    assert [found.low, found.high] == pytest.approx(expected, abs=0.02)


def test_below_five_runs_on_some_dataset_there_is_no_interval():
    pairs = [
        (values(0, 5), values(1, 5), True),
        (values(2, 5), values(3, 4), True),
    ]
    found = improvement(pairs)
    assert math.isfinite(found.probability)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_where_all_pairs_agree_there_is_no_interval():
    low, high = np.arange(5.0), np.arange(5.0) + 10
    found = improvement([(low, high, True), (low, high, True)])
    assert found.probability == 1.0
    assert math.isnan(found.low)
