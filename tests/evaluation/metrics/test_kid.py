import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.kid import kernel_distance, kid

RNG = np.random.default_rng(0)


def _kid(fake, real, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real))
    return kid(**options).compute(evidence)[0]


def _mmd_by_loops(x, y, degree=3, gamma=None, coefficient=1.0):
    scale = 1 / x.shape[1] if gamma is None else gamma

    def k(a, b):
        return (scale * np.dot(a, b) + coefficient) ** degree

    def within(z):
        pairs = [(i, j) for i in range(len(z)) for j in range(len(z)) if i != j]
        return np.mean([k(z[i], z[j]) for i, j in pairs])

    return within(x) + within(y) - 2 * np.mean([k(a, b) for a in x for b in y])


def test_small_sets_are_compared_whole_by_the_unbiased_estimator():
    x, y = RNG.normal(size=(6, 3)), RNG.normal(1, 1, (6, 3))
    assert _kid(x, y) == pytest.approx(_mmd_by_loops(x, y), rel=1e-12)


def test_kernel_options_are_those_of_the_kernel():
    x, y = RNG.normal(size=(6, 3)), RNG.normal(1, 1, (6, 3))
    options = {"degree": 2, "gamma": 0.7, "coefficient": 0.5}
    expected = _mmd_by_loops(x, y, **options)
    assert _kid(x, y, **options) == pytest.approx(expected, rel=1e-12)


def test_subsets_are_those_of_torch_fidelity():
    x, y = RNG.normal(size=(20, 3)), RNG.normal(1, 1, (20, 3))
    rng = np.random.RandomState(2020)
    values = []
    for _ in range(4):
        a = x[rng.choice(20, 5, replace=False)]
        b = y[rng.choice(20, 5, replace=False)]
        values.append(_mmd_by_loops(a, b))
    found = _kid(x, y, num_subsets=4, subset_size=5)
    assert found == pytest.approx(np.mean(values), rel=1e-12)


def test_a_whole_set_is_its_only_subset():
    x, y = RNG.normal(size=(12, 3)), RNG.normal(1, 1, (12, 3))
    short, _ = kernel_distance(x, y, num_subsets=3, subset_size=1000)
    long, _ = kernel_distance(x, y, num_subsets=3, subset_size=12)
    assert short == pytest.approx(long, rel=1e-12)


def test_samples_of_one_distribution_have_distance_zero_on_average():
    values = [
        _kid(RNG.normal(size=(40, 4)), RNG.normal(size=(40, 4))) for _ in range(100)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * error
    assert min(values) < 0 < max(values)


def test_a_feature_that_is_no_number_gives_no_distance():
    x, y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 3))
    x[2, 0] = np.nan
    assert np.isnan(_kid(x, y))


def test_one_example_is_too_few():
    with pytest.raises(InputError, match="1 generated"):
        _kid(np.zeros((1, 3)), np.zeros((5, 3)))


def test_tfgan_finds_the_same_distance():
    x, y = RNG.normal(size=(200, 5)), RNG.normal(0.3, 1, (200, 5))
    expected = float(tfgan.kernel_distance(tf.constant(x), tf.constant(y)))
    assert _kid(x, y) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        ({}, ""),
        ({"num_subsets": 10}, "_subsets10x1000"),
        ({"subset_size": 50}, "_subsets100x50"),
        ({"degree": 2, "gamma": 0.5}, "_degree2_gamma0.5"),
        ({"coefficient": 0.0}, "_coefficient0"),
    ],
)
def test_options_that_are_not_the_default_are_in_the_name(options, suffix):
    assert kid(**options).suffix == suffix


@pytest.mark.parametrize(
    "options", [{"num_subsets": 0}, {"subset_size": 1}, {"degree": 0}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=r"metrics\.kid"):
        kid(**options)


def test_the_spread_is_the_standard_deviation_over_subsets():
    x, y = RNG.normal(size=(20, 3)), RNG.normal(1, 1, (20, 3))
    rng = np.random.RandomState(2020)
    values = []
    for _ in range(4):
        a = x[rng.choice(20, 5, replace=False)]
        b = y[rng.choice(20, 5, replace=False)]
        values.append(_mmd_by_loops(a, b))
    metric = kid(num_subsets=4, subset_size=5, spread=True)
    found = metric.compute(Evidence(ImageSet(features=x), ImageSet(features=y)))
    assert metric.kinds == ("kid", "kid_standard_deviation")
    assert found == pytest.approx((np.mean(values), np.std(values)), rel=1e-12)


def test_sets_compared_whole_have_no_spread():
    evidence = Evidence(*[ImageSet(features=RNG.normal(size=(9, 3)))] * 2)
    assert kid(spread=True).compute(evidence)[1] == 0
