import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import prd as prd_module
from compare_ssgan.evaluation.metrics.prd import curve, curve_of_features, f_beta, prd

RNG = np.random.default_rng(0)


def _measure(fake, real, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real))
    return tuple(prd(**options).compute(evidence))


@pytest.mark.parametrize(
    "evaluated, reference, expected",
    [
        # Index of the point, precision, recall; None where nothing is known.
        ([1, 0], [1, 0], [(5, 1, 1)]),
        ([0.5, 0.5], [1, 0], [(5, 0.5, 0.5), (10, 0.5, None), (1, None, 1)]),
        ([1, 0], [0.5, 0.5], [(5, 0.5, 0.5), (10, 1, None), (1, None, 0.5)]),
    ],
)
def test_curves_of_two_states_have_their_values(evaluated, reference, expected):
    found = curve(np.array(evaluated), np.array(reference), num_angles=11)
    for index, precision, recall in expected:
        if precision is not None:
            assert found[0][index] == pytest.approx(precision, abs=1e-6)
        if recall is not None:
            assert found[1][index] == pytest.approx(recall, abs=1e-6)


def test_disjoint_distributions_have_neither_precision_nor_recall():
    precision, recall = curve(np.array([1, 0]), np.array([0, 1]), num_angles=11)
    assert not np.any(precision)
    assert not np.any(recall)


@pytest.mark.parametrize(
    "beta, expected",
    [
        (1, [1, 0, 0, 0, 0.5, 2 / 3, 2 / 3]),
        (2, [1, 0, 0, 0, 0.5, 5 / 9, 5 / 6]),
        (1 / 2, [1, 0, 0, 0, 0.5, 5 / 6, 5 / 9]),
    ],
)
def test_f_scores_have_their_values(beta, expected):
    precision = np.array([1, 1, 0, 0, 0.5, 1, 0.5])
    recall = np.array([1, 0, 1, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(f_beta(precision, recall, beta=beta), expected)


def _clusters(shares, num=400):
    """Features at the corners of a simplex, as many as shares say."""
    corners = 10 * np.eye(len(shares))
    which = np.repeat(np.arange(len(shares)), (np.array(shares) * num).astype(int))
    return corners[which] + 0.01 * RNG.normal(size=(len(which), len(shares)))


def test_clusters_found_give_the_curve_of_their_shares():
    fake, real = [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]
    expected = curve(np.array(fake), np.array(real))
    found = curve_of_features(
        _clusters(fake), _clusters(real), num_clusters=4, num_runs=1
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_missing_modes_cost_recall_and_invented_ones_precision():
    some, every = _clusters([0.5, 0.5, 0, 0]), _clusters([0.25] * 4)
    recall, precision = _measure(some, every, num_clusters=4, num_runs=1)
    assert precision > 0.95
    assert recall < 0.55
    # Precision and recall change places with the sides.
    exchanged = _measure(every, some, num_clusters=4, num_runs=1)
    assert exchanged == pytest.approx((precision, recall), abs=1e-6)


def test_a_set_has_both_with_itself():
    features = RNG.normal(size=(200, 3))
    assert _measure(features, features, num_runs=1) == pytest.approx((1, 1))


def test_equal_seeds_give_equal_values():
    fake, real = RNG.normal(size=(300, 5)), RNG.normal(0.3, 1, (300, 5))
    first = curve_of_features(fake, real, num_runs=2, seed=3)
    np.testing.assert_array_equal(
        curve_of_features(fake, real, num_runs=2, seed=3), first
    )
    assert np.any(curve_of_features(fake, real, num_runs=2, seed=4)[0] != first[0])


def test_of_large_sets_some_are_clustered_and_all_assigned(monkeypatch):
    monkeypatch.setattr(prd_module, "_MOST_CLUSTERED", 100)
    monkeypatch.setattr(prd_module, "_BLOCK", 64)
    fake, real = [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]
    found = curve_of_features(
        _clusters(fake), _clusters(real), num_clusters=4, num_runs=1
    )
    expected = curve(np.array(fake), np.array(real))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_feature_that_is_no_number_gives_neither():
    fake, real = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 3))
    real[3, 1] = np.nan
    assert np.all(np.isnan(_measure(fake, real)))


def test_unequal_numbers_are_refused_unless_asked_for():
    fake, real = RNG.normal(size=(30, 3)), RNG.normal(size=(40, 3))
    with pytest.raises(InputError, match=r"30 generated and 40 real.*prd\.balanced"):
        _measure(fake, real)
    assert np.all(np.isfinite(_measure(fake, real, balanced=False, num_runs=1)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_clusters": 0}, "not 0 and 10"),
        ({"num_runs": 0}, "not 20 and 0"),
        ({"num_angles": 2}, "angles, not 2"),
        ({"num_angles": 1_000_001}, "angles, not 1000001"),
        ({"num_angles": 2.5}, r"angles, not 2\.5.*metrics\.prd\.num_angles"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        prd(**options)


def test_more_clusters_than_images_are_refused():
    with pytest.raises(InputError, match=r"9 generated and 9 real.*20 clusters"):
        _measure(np.zeros((9, 2)), np.zeros((9, 2)))


def test_options_that_are_not_the_default_are_in_the_name():
    assert prd().suffix == ""
    assert prd(num_clusters=10, num_runs=1).suffix == "_clusters10_runs1"
    assert prd(num_angles=11, balanced=False).suffix == "_angles11_unbalanced"
