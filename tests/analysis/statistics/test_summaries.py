import math

import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis.statistics import bootstrap, summaries


def test_a_summary_is_over_the_finite_values_and_counts_all():
    found = summaries.summarize([3.0, math.nan, 1.0, 8.0])
    assert (found.num_runs, found.num_values) == (4, 3)
    assert (found.median, found.mean) == (3.0, 4.0)
    assert (found.minimum, found.maximum) == (1.0, 8.0)


def test_a_summary_of_nothing_is_nan():
    found = summaries.summarize([math.nan, math.inf])
    assert found[:2] == (2, 0)
    assert np.isnan(found[2:]).all()


def test_below_five_values_there_is_no_deviation_and_no_interval():
    four = summaries.summarize([1.0, 2.0, 4.0, 9.0, math.nan])
    assert four.mean == 4.0
    assert np.isnan(four[6:]).all()
    five = summaries.summarize([1.0, 2.0, 4.0, 9.0, 4.0])
    assert five.standard_deviation == pytest.approx(math.sqrt((9 + 4 + 25) / 4))
    assert five.low < five.mean == five.estimate < five.high


@pytest.mark.parametrize("count", [5, 6, 7, 8, 13])
def test_the_interquartile_mean_is_the_trimmed_mean(count):
    values = np.random.default_rng(count).normal(size=(3, count))
    expected = stats.trim_mean(values, 0.25, axis=1)
    assert summaries.interquartile_mean(values) == pytest.approx(expected)


def test_the_interquartile_mean_does_without_an_outlier():
    values = [1.0, 2.0, 3.0, 4.0, 1000.0]
    found = summaries.summarize(values, "iqm")
    assert found.estimate == 3.0
    expected = bootstrap.interval(values, summaries.interquartile_mean)
    assert (found.low, found.high) == expected
    assert summaries.summarize(values).estimate == 202.0
