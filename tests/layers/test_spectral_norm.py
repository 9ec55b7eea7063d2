import copy

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.layers.spectral_norm import SpectralNorm, update_spectral_norms

SHAPES = [([5, 4], -1), ([4, 9], -1), ([3, 3, 4, 8], -1), ([4, 4, 8, 3], -2)]


def make(shape, out_axis=-1, seed=0):
    rng = np.random.default_rng(seed)
    kernel = tf.Variable(rng.normal(size=shape).astype(np.float32))
    return SpectralNorm(kernel, rng, out_axis=out_axis)


def matrix(values, out_axis):
    if out_axis == -2:
        values = np.swapaxes(values, -1, -2)
    return values.reshape(-1, values.shape[-1])


@pytest.mark.parametrize("shape, out_axis", SHAPES)
def test_sigma_converges_to_the_largest_singular_value(shape, out_axis):
    norm = make(shape, out_axis)
    for _ in range(200):
        norm.update()
    expected = np.linalg.svd(matrix(norm.kernel.numpy(), out_axis))[1][0]
    np.testing.assert_allclose(norm.sigma(), expected, rtol=1e-4)
    largest = np.linalg.svd(matrix(norm().numpy(), out_axis))[1][0]
    assert largest == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("shape, out_axis", SHAPES)
def test_sigma_is_close_from_the_start(shape, out_axis):
    norm = make(shape, out_axis)
    expected = np.linalg.svd(matrix(norm.kernel.numpy(), out_axis))[1][0]
    assert 0.9 * expected < float(norm.sigma()) <= 1.0001 * expected


def test_an_update_is_one_power_iteration():
    norm = make([3, 3, 4, 8])
    w, u = matrix(norm.kernel.numpy(), -1), norm.u.numpy()
    v = w.T @ u / np.linalg.norm(w.T @ u)
    np.testing.assert_allclose(norm.sigma(), (u.T @ w @ v).item(), rtol=1e-5)
    norm.update()
    np.testing.assert_allclose(norm.u, w @ v / np.linalg.norm(w @ v), rtol=1e-4)


def test_u_has_one_entry_for_each_row_of_the_matrix():
    assert make([3, 3, 256, 8]).u.shape == (2304, 1)
    assert make([128, 16]).u.shape == (128, 1)
    assert make([4, 4, 8, 3], -2).u.shape == (48, 1)


@pytest.mark.parametrize("shape, out_axis", SHAPES)
def test_the_gradient_is_that_of_the_formula_with_constant_vectors(shape, out_axis):
    norm = make(shape, out_axis)
    a = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(a * norm())
    gradient = matrix(tape.gradient(loss, norm.kernel).numpy(), out_axis)
    w, u, a = matrix(norm.kernel.numpy(), out_axis), norm.u.numpy(), matrix(a, out_axis)
    v = w.T @ u / np.linalg.norm(w.T @ u)
    sigma = (u.T @ w @ v).item()
    expected = a / sigma - np.sum(a * w) / sigma**2 * (u @ v.T)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-5)


def test_the_gradient_is_orthogonal_to_the_kernel():
    norm = make([3, 3, 4, 8])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(norm() - 0.1))
    gradient = tape.gradient(loss, norm.kernel).numpy().ravel()
    kernel = norm.kernel.numpy().ravel()
    cosine = gradient @ kernel / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert np.linalg.norm(gradient) > 0.1
    assert abs(cosine) < 1e-5


def test_the_scale_of_the_kernel_does_not_matter():
    norm = make([6, 5])
    before = norm().numpy()
    norm.kernel.assign(37.0 * norm.kernel)
    np.testing.assert_allclose(norm(), before, rtol=1e-5)


def test_a_kernel_of_zeros_stays_zero():
    norm = SpectralNorm(tf.Variable(tf.zeros([4, 3])), np.random.default_rng(0))
    norm.update()
    with tf.GradientTape() as tape:
        value = norm()
        loss = tf.reduce_sum(value)
    np.testing.assert_array_equal(value, np.zeros([4, 3]))
    assert np.all(np.isfinite(tape.gradient(loss, norm.kernel)))


def test_a_call_changes_nothing():
    norm = make([6, 5])
    before = norm.u.numpy(), norm.kernel.numpy()
    norm(), norm.sigma()
    np.testing.assert_array_equal(norm.u, before[0])
    np.testing.assert_array_equal(norm.kernel, before[1])


def test_an_update_changes_only_the_vector():
    norm = make([6, 5])
    kernel, u = norm.kernel.numpy(), norm.u.numpy()
    update_spectral_norms([norm])
    np.testing.assert_array_equal(norm.kernel, kernel)
    assert np.any(norm.u.numpy() != u)


def test_the_vector_is_saved_but_not_trained():
    norm = make([6, 5])
    assert norm.u is not None
    assert [v.ref() for v in norm.trainable_variables] == [norm.kernel.ref()]
    assert norm.u.ref() in [v.ref() for v in norm.variables]


def test_a_kernel_in_two_modules_advances_once():
    norm, once = make([6, 5]), make([6, 5])
    first, second = tf.Module(), tf.Module()
    first.norm = second.norm = norm
    update_spectral_norms([first, second, norm])
    once.update()
    np.testing.assert_array_equal(norm.u, once.u)


def test_a_deep_copy_normalizes_its_own_kernel():
    norm = make([6, 5])
    twin = copy.deepcopy(norm)
    np.testing.assert_array_equal(twin(), norm())
    norm.kernel.assign(tf.ones([6, 5]))
    assert np.any(twin().numpy() != norm().numpy())
