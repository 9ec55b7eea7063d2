import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.layers import resample

PAIRS = {
    "nearest": (
        lambda x, k: resample.upsampled_conv(x, k, "nearest"),
        lambda x, k: tf.nn.conv2d(resample.upsample(x, "nearest"), k, 1, "SAME"),
    ),
    "zeros": (
        lambda x, k: resample.upsampled_conv(x, k, "zeros"),
        lambda x, k: tf.nn.conv2d(resample.upsample(x, "zeros"), k, 1, "SAME"),
    ),
    "down": (
        resample.downsampled_conv,
        lambda x, k: resample.downsample(tf.nn.conv2d(x, k, 1, "SAME")),
    ),
}


def value_and_gradients(function, x, kernel):
    x, kernel = tf.constant(x), tf.constant(kernel)
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = function(x, kernel)
        weight = tf.reshape(tf.range(tf.size(y), dtype=tf.float32) % 7 - 3, y.shape)
        loss = tf.reduce_sum(weight * y)
    return [y, *tape.gradient(loss, [x, kernel])]


@pytest.mark.parametrize("name", list(PAIRS))
@pytest.mark.parametrize("size", [(4, 4), (6, 2), (2, 2), (8, 16)])
def test_merged_convolutions_equal_the_two_operations(name, size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=[3, *size, 5]).astype(np.float32)
    kernel = rng.normal(size=[3, 3, 5, 4]).astype(np.float32)
    merged, plain = (value_and_gradients(f, x, kernel) for f in PAIRS[name])
    for one, other in zip(merged, plain, strict=True):
        scale = np.abs(other.numpy()).max()
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)


@pytest.mark.parametrize("name", list(PAIRS))
def test_large_maps_of_many_channels_are_exact_too(name):
    rng = np.random.default_rng(0)
    size = 16 if name == "down" else 8
    x = rng.normal(size=[2, size, size + 2, 128]).astype(np.float32)
    kernel = rng.normal(size=[3, 3, 128, 128]).astype(np.float32)
    merged, plain = (value_and_gradients(f, x, kernel) for f in PAIRS[name])
    for one, other in zip(merged, plain, strict=True):
        scale = np.abs(other.numpy()).max()
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)


@pytest.mark.parametrize("name", ["nearest", "zeros"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_merged_upsampling_takes_any_size(name, size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=[2, *size, 3]).astype(np.float32)
    kernel = rng.normal(size=[3, 3, 3, 2]).astype(np.float32)
    merged, plain = (function(tf.constant(x), kernel) for function in PAIRS[name])
    np.testing.assert_allclose(merged, plain, atol=1e-5)


def test_nearest_repeats_every_pixel():
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    y = resample.upsample(tf.constant(x[None, :, :, None]))
    np.testing.assert_array_equal(y[0, :, :, 0], np.kron(x, np.ones([2, 2])))


def test_zeros_puts_pixels_at_even_positions():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None]
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(resample.upsample(x, "zeros")[0, :, :, 0], expected)


def test_channels_stay_apart():
    x = np.random.default_rng(0).normal(size=[2, 3, 3, 4]).astype(np.float32)
    y = resample.upsample(tf.constant(x))
    np.testing.assert_array_equal(y, x.repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_allclose(resample.downsample(y), x, rtol=1e-6)


def test_downsampling_averages_two_by_two_pixels():
    x = tf.reshape(tf.range(8.0), [1, 2, 4, 1])
    y = resample.downsample(x)
    np.testing.assert_allclose(y[0, :, :, 0], [[2.5, 4.5]])
