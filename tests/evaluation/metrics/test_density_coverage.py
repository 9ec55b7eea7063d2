import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.density_coverage import density_coverage

RNG = np.random.default_rng(0)


def _measure(fake, real, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real))
    return tuple(density_coverage(**options).compute(evidence))


@pytest.mark.parametrize("k", [1, 5])
def test_values_are_those_of_all_distances(k):
    fake, real = RNG.normal(size=(300, 4)), RNG.normal(0.7, 1, (200, 4))
    radii = np.sort(pairwise_distances(real), axis=1)[:, k]
    inside = pairwise_distances(fake, real) < radii
    expected = inside.sum() / (k * len(fake)), inside.any(axis=0).mean()
    found = _measure(fake, real, num_neighbours=k)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_set_has_density_and_coverage_one_with_itself():
    features = RNG.normal(size=(50, 3))
    # A ball holds its centre and the k - 1 nearest; the k-th lies on its border.
    assert _measure(features, features) == (1, 1)


@pytest.mark.parametrize("k, expected", [(1, 1 / 2), (5, 1 - 0.5**5)])
def test_equal_distributions_have_the_expected_coverage(k, expected):
    # Of equally many examples, 1 - (n - 1) ... (n - k) / ((2n - 1) ... (2n - k)).
    values = [
        _measure(RNG.normal(size=(400, 2)), RNG.normal(size=(400, 2)), num_neighbours=k)
        for _ in range(20)
    ]
    density, coverage = np.mean(values, axis=0)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(expected, abs=0.02)


def test_samples_in_the_densest_place_have_high_density_and_low_coverage():
    # In 8 dimensions the centre lies in the balls of many; of twenty other draws the
    # densities are 2.2 to 3.4, the coverages 0.14 to 0.19.
    real = RNG.normal(size=(300, 8))
    density, coverage = _measure(0.1 * RNG.normal(size=(300, 8)), real)
    assert density > 1.5
    assert coverage < 0.3


def test_copies_count_as_often_as_they_are():
    real = RNG.normal(size=(60, 3))
    fake = np.repeat(RNG.normal(size=(5, 3)), [1, 2, 3, 4, 50], axis=0)
    radii = np.sort(pairwise_distances(real), axis=1)[:, 5]
    inside = pairwise_distances(fake, real) < radii
    expected = inside.sum() / (5 * 60), inside.any(axis=0).mean()
    assert _measure(fake, real) == pytest.approx(expected, rel=1e-12)


def test_sets_far_apart_and_collapsed_sets_have_neither():
    features = RNG.normal(size=(50, 3))
    assert _measure(features, features + 100) == (0, 0)
    ones = np.full((10, 3), 0.1)
    assert _measure(ones, ones) == (0, 0)


def test_a_feature_that_is_no_number_gives_neither():
    fake, real = RNG.normal(size=(10, 3)), RNG.normal(size=(10, 3))
    fake[3, 1] = np.inf
    assert np.all(np.isnan(_measure(fake, real)))


def test_more_examples_than_neighbours_are_needed():
    with pytest.raises(InputError, match=r"density_coverage needs 6 examples.*5 gen"):
        _measure(np.zeros((5, 2)), np.zeros((9, 2)))
    with pytest.raises(InputError, match="1 or more, not 0"):
        density_coverage(num_neighbours=0)


def test_another_number_of_neighbours_is_in_the_name():
    assert density_coverage().suffix == ""
    assert density_coverage(num_neighbours=3).suffix == "_neighbours3"
