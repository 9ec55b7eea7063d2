import numpy as np
import pytest
import scipy.linalg

from compare_ssgan import tfgan
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import fid as fid_module
from compare_ssgan.evaluation.metrics.fid import fid, frechet_distance, trace_of_root
from compare_ssgan.evaluation.moments import Moments

RNG = np.random.default_rng(0)


def _fid(fake, real):
    return fid().compute(Evidence(ImageSet(features=fake), ImageSet(features=real)))[0]


def _gaussian(mean, covariance):
    return Moments(100, np.asarray(mean, float), np.asarray(covariance, float))


def test_two_standard_normals_one_apart_in_every_dimension_differ_by_the_dimension():
    size = 64
    a = _gaussian(np.zeros(size), np.eye(size))
    b = _gaussian(np.ones(size), np.eye(size))
    assert frechet_distance(a, b) == pytest.approx(size, rel=1e-12)


def test_diagonal_covariances_differ_by_their_standard_deviations():
    a = _gaussian([0, 0], np.diag([4.0, 9.0]))
    b = _gaussian([1, 0], np.diag([1.0, 16.0]))
    expected = 1 + (2 - 1) ** 2 + (3 - 4) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


def test_covariances_that_do_not_commute_follow_the_closed_form():
    a = np.array([[2.0, 1.0], [1.0, 2.0]])
    b = np.diag([1.0, 4.0])
    # For 2x2 matrices the trace of the root of A B is sqrt(trace + 2 sqrt(det)).
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    expected = np.trace(a) + np.trace(b) - 2 * root
    found = frechet_distance(_gaussian([0, 0], a), _gaussian([0, 0], b))
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_example_of_compare_gan_has_its_value():
    real = np.ones((100, 2))
    real[:50, 0] = 2
    fake = np.full((100, 2), 9.0)
    fake[50:, 0] = 2
    assert _fid(fake, real) == pytest.approx(89.091, abs=1e-4)


def test_equal_sets_have_distance_zero():
    features = RNG.normal(size=(50, 8))
    assert _fid(features, features) == pytest.approx(0, abs=1e-6)


def test_order_and_side_do_not_matter():
    a, b = RNG.normal(size=(50, 8)), RNG.normal(0.5, 2, (50, 8))
    assert _fid(a, b) == pytest.approx(_fid(b, a), rel=1e-9)
    assert _fid(a[::-1], b) == pytest.approx(_fid(a, b), rel=1e-9)


def test_fewer_examples_than_features_are_right():
    # In an orthonormal basis of all points the features are few.
    size, num = 40, 5
    basis, _ = np.linalg.qr(RNG.normal(size=(size, 2 * num)))
    a, b = RNG.normal(size=(num, 2 * num)), RNG.normal(1, 1, (num, 2 * num))
    small = frechet_distance(moments.of(a), moments.of(b))
    large = frechet_distance(moments.of(a @ basis.T), moments.of(b @ basis.T))
    assert large == pytest.approx(small, rel=1e-6)


def test_a_collapsed_set_differs_by_mean_and_all_of_the_variance():
    real = RNG.normal(size=(200, 16))
    fake = np.full((200, 16), 0.5)
    expected = np.sum((real.mean(axis=0) - 0.5) ** 2) + np.sum(real.var(0, ddof=1))
    assert _fid(fake, real) == pytest.approx(expected, rel=1e-9)


def test_two_collapsed_sets_differ_by_their_means():
    assert _fid(np.zeros((10, 4)), np.ones((10, 4))) == pytest.approx(4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_features_that_are_no_numbers_have_no_distance(bad):
    fake, real = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3))
    fake[7, 1] = bad
    assert np.isnan(_fid(fake, real))


def test_one_example_is_too_few():
    with pytest.raises(InputError, match="two examples, there are 1"):
        _fid(RNG.normal(size=(1, 3)), RNG.normal(size=(20, 3)))


def test_tfgan_finds_the_same_distance():
    a = RNG.normal(size=(300, 10)) @ RNG.normal(size=(10, 10))
    b = RNG.normal(1, 1, (300, 10)) @ RNG.normal(size=(10, 10))
    expected = float(tfgan.frechet_distance(a, b))
    assert _fid(a, b) == pytest.approx(expected, rel=1e-6)


def test_the_square_root_of_scipy_finds_the_same_distance():
    a = RNG.normal(size=(500, 100)) @ RNG.normal(size=(100, 100))
    b = RNG.normal(1, 1, (500, 100)) @ RNG.normal(size=(100, 100))
    a, b = moments.of(a), moments.of(b)
    root = scipy.linalg.sqrtm(a.covariance @ b.covariance).real
    expected = np.sum((a.mean - b.mean) ** 2)
    expected += np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_gaussians_of_2048_dimensions_one_apart_differ_by_2048():
    a = _gaussian(np.zeros(2048), np.eye(2048))
    b = _gaussian(np.ones(2048), np.eye(2048))
    assert frechet_distance(a, b) == pytest.approx(2048, rel=1e-12)


@pytest.mark.parametrize("rank_of_a, rank_of_b", [(3, 40), (40, 3), (7, 9), (39, 39)])
def test_singular_covariances_have_the_root_that_their_factors_have(
    rank_of_a, rank_of_b
):
    # Orthogonal columns: singular values of the product of the factors are known.
    basis, _ = np.linalg.qr(RNG.normal(size=(40, 40)))
    s, t = RNG.uniform(1, 5, rank_of_a), RNG.uniform(1, 5, rank_of_b)
    a = (basis[:, :rank_of_a] * s**2) @ basis[:, :rank_of_a].T
    b = (basis[:, -rank_of_b:] * t**2) @ basis[:, -rank_of_b:].T
    deviations = np.zeros((2, 40))
    deviations[0, :rank_of_a], deviations[1, -rank_of_b:] = s, t
    expected = np.sum(deviations[0] * deviations[1])
    assert trace_of_root(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_sets_without_a_common_direction_have_no_root():
    basis, _ = np.linalg.qr(RNG.normal(size=(20, 20)))
    a = basis[:, :8] @ basis[:, :8].T
    b = basis[:, 8:] @ basis[:, 8:].T
    assert trace_of_root(a, b) == pytest.approx(0, abs=1e-12)


def test_features_of_very_different_scales_all_count():
    deviations = np.logspace(-12, 12, 25)
    a, b = np.diag(deviations**2), np.diag((2 * deviations) ** 2)
    assert trace_of_root(a, b) == pytest.approx(2 * np.sum(deviations**2), rel=1e-12)
    reverse = np.diag(deviations[::-1] ** 2)
    assert trace_of_root(a, reverse) == pytest.approx(25, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_numbers_whose_squares_leave_the_range_have_a_distance(scale):
    a, b = scale * np.diag([4.0, 9.0]), scale * np.diag([1.0, 16.0])
    found = frechet_distance(_gaussian([0, 0], a), _gaussian([0, 0], b))
    assert found == pytest.approx(scale * 2, rel=1e-12)


def test_features_that_never_change_are_left_out():
    a, b = RNG.normal(size=(60, 6)), RNG.normal(1, 2, (60, 6))
    constant = np.full((60, 3), 0.1)
    found = _fid(np.hstack([a, constant]), np.hstack([b, constant]))
    assert found == pytest.approx(_fid(a, b), rel=1e-9)


def test_covariances_of_nothing_have_no_root():
    zero = np.zeros((3, 3))
    assert trace_of_root(zero, zero) == trace_of_root(np.eye(3), zero) == 0


def test_examples_fewer_than_dimensions_are_a_warning_once(monkeypatch):
    warnings = []
    fid_module.warn_of_few.cache_clear()
    monkeypatch.setattr(
        fid_module.logging, "warning", lambda text, *a: warnings.append(text % a)
    )
    for _ in range(2):
        assert np.isfinite(_fid(RNG.normal(size=(9, 8)), RNG.normal(size=(8, 8))))
        assert np.isfinite(_fid(RNG.normal(size=(9, 8)), RNG.normal(size=(9, 8))))
    (warning,) = warnings
    assert "8 features from 8 examples is singular" in warning


def test_float32_features_are_measured_in_float64():
    a = RNG.normal(1000, 1, (300, 4)).astype(np.float32)
    b = RNG.normal(1001, 1, (300, 4)).astype(np.float32)
    expected = _fid(a.astype(np.float64), b.astype(np.float64))
    assert _fid(a, b) == pytest.approx(expected, rel=1e-12)
