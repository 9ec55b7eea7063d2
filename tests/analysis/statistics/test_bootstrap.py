import numpy as np
import pytest
from scipy import stats

from compare_ssgan.analysis.statistics import bootstrap, summaries

VALUES = np.random.default_rng(3).lognormal(size=9)


@pytest.mark.parametrize("count", [5, 9, 30])
def test_the_interval_of_symmetric_values_is_students(count):
    # What the correction is for: the percentile of a normal distribution with the
    # bootstrap's standard error, that is with n in the denominator.
    tail = bootstrap.expanded_tail(count)
    half_width = -stats.norm.ppf(tail) * np.sqrt((count - 1) / count)
    assert half_width == pytest.approx(stats.t.ppf(0.975, count - 1))


def test_the_interval_is_the_percentile_interval_of_a_wider_level():
    found = bootstrap.interval(VALUES, summaries.mean)
    expected = stats.bootstrap(
        (VALUES,),
        np.mean,
        n_resamples=40_000,
        confidence_level=1 - 2 * bootstrap.expanded_tail(len(VALUES)),
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found == pytest.approx(tuple(expected), rel=0.03)


def test_the_same_values_have_the_same_interval():
    first = bootstrap.interval(VALUES, summaries.mean)
    bootstrap.resamples.cache_clear()
    assert bootstrap.interval(VALUES, summaries.mean) == first


def test_equal_values_have_an_interval_of_no_width():
    assert bootstrap.interval([2.0] * 5, summaries.mean) == (2.0, 2.0)


def test_the_interval_holds_the_mean_nearly_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [bootstrap.interval(rng.normal(size=6), summaries.mean) for _ in range(300)]
    share = np.mean([low <= 0 <= high for low, high in found])
    # Efron's percentiles hold it in 86 % of the cases.
    assert 0.89 < share < 0.97


def test_streams_of_resamples_differ():
    one, two = bootstrap.resamples(5), bootstrap.resamples(5, stream=1)
    assert (one != two).any()
