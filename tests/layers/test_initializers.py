import numpy as np
import pytest
from scipy import stats

from compare_ssgan.errors import InputError
from compare_ssgan.layers.initializers import (
    glorot_normal,
    glorot_uniform,
    normal,
    orthogonal,
    truncated_normal,
)

INITIALIZERS = {
    "normal": normal,
    "truncated_normal": truncated_normal,
    "orthogonal": orthogonal,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
}


def draw(initializer, shape, seed=0):
    return initializer(np.random.default_rng(seed), shape)


def test_normal_has_the_mean_and_deviation_asked_for():
    values = normal(stddev=0.5)(np.random.default_rng(0), [100, 100])
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(0.5, rel=0.03)


def test_the_default_deviation_is_that_of_dcgan():
    values = normal()(np.random.default_rng(0), [100, 100])
    assert values.std() == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_seed_decides_the_values(name):
    initializer = INITIALIZERS[name]()
    values = draw(initializer, [3, 3, 4, 6], seed=3)
    assert values.dtype == np.float32
    assert values.shape == (3, 3, 4, 6)
    np.testing.assert_array_equal(values, draw(initializer, [3, 3, 4, 6], seed=3))
    assert np.any(values != draw(initializer, [3, 3, 4, 6], seed=4))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_one_generator_gives_different_values_each_time(name):
    rng, initializer = np.random.default_rng(0), INITIALIZERS[name]()
    assert np.any(initializer(rng, [5, 2]) != initializer(rng, [5, 2]))


def test_truncated_normal_is_a_normal_distribution_within_two_deviations():
    values = draw(truncated_normal(stddev=0.5), [100, 100])
    assert np.abs(values).max() <= 1.0
    expected = stats.truncnorm(-2.0, 2.0, scale=0.5)
    assert stats.kstest(values.ravel(), expected.cdf).pvalue > 0.01
    assert draw(truncated_normal(), [100, 100]).std() == pytest.approx(
        0.02 * stats.truncnorm(-2.0, 2.0).std(), rel=0.03
    )


@pytest.mark.parametrize(
    "shape", [[3, 3, 8, 16], [1, 1, 8, 16], [20, 320], [5, 5], [4, 4, 3, 48], [7, 1]]
)
def test_orthogonal_kernels_have_orthonormal_columns_or_rows(shape):
    matrix = draw(orthogonal(gain=1.5), shape).astype(np.float64)
    matrix = matrix.reshape(-1, shape[-1])
    rows, columns = matrix.shape
    gram = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    np.testing.assert_allclose(gram, 2.25 * np.eye(min(rows, columns)), atol=1e-5)


def test_orthogonal_matrices_prefer_no_direction():
    # Without a correction of signs the diagonal of a QR decomposition is biased.
    rng, initializer = np.random.default_rng(0), orthogonal()
    diagonals = np.array([np.diag(initializer(rng, [3, 3])) for _ in range(2000)])
    np.testing.assert_allclose(diagonals.mean(axis=0), 0.0, atol=0.05)
    # The variance of an entry of a uniform 3x3 orthogonal matrix is 1/3.
    np.testing.assert_allclose(diagonals.var(axis=0), 1.0 / 3.0, atol=0.03)


def test_glorot_kernels_have_the_variance_of_their_fans():
    # fan in 3 * 3 * 20, fan out 3 * 3 * 30.
    variance = 2.0 / (9 * 20 + 9 * 30)
    shape = [3, 3, 20, 30]
    values = draw(glorot_normal(), shape)
    assert values.var() == pytest.approx(variance, rel=0.05)
    assert np.abs(values).max() < 2.3 * np.sqrt(variance)
    values = draw(glorot_uniform(gain=2.0), shape)
    assert values.var() == pytest.approx(4.0 * variance, rel=0.05)
    assert np.abs(values).max() <= 2.0 * np.sqrt(3.0 * variance)
    values = draw(glorot_normal(), [100, 150])
    assert values.var() == pytest.approx(2.0 / 250, rel=0.05)


@pytest.mark.parametrize("stddev", [0.0, -1.0])
def test_a_deviation_that_is_not_positive_is_refused(stddev):
    for name in ("normal", "truncated_normal"):
        message = rf"above 0, not .*initializers\.{name}\.stddev"
        with pytest.raises(InputError, match=message):
            INITIALIZERS[name](stddev=stddev)


@pytest.mark.parametrize("name", ["orthogonal", "glorot_uniform"])
def test_a_gain_that_is_not_positive_is_refused(name):
    message = rf"gain .* above 0, not 0.*initializers\.{name}\.gain"
    with pytest.raises(InputError, match=message):
        INITIALIZERS[name](gain=0.0)
