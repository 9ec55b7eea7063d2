import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.layers import winograd
from compare_ssgan.layers.basic import Conv2d
from compare_ssgan.layers.initializers import normal
from compare_ssgan.layers.weights import Weights


def value_and_gradients(convolve, x, kernel):
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = convolve(x, kernel)
        weight = tf.random.stateless_normal(y.shape, [1, 2])
        loss = tf.reduce_sum(weight * tf.cast(y, tf.float32))
    return [y, *tape.gradient(loss, [x, kernel])]


def direct(x, kernel):
    return tf.nn.conv2d(x, tf.cast(kernel, x.dtype), 1, "SAME")


def relative_error(found, wanted):
    found = tf.cast(found, tf.float32)
    return float(tf.norm(found - wanted) / tf.norm(wanted))


@pytest.mark.parametrize("size", [(4, 4), (16, 16), (32, 7)])
def test_value_and_gradients_equal_those_of_the_direct_convolution(size):
    x = tf.random.stateless_normal([3, *size, 8], [3, 4])
    kernel = tf.random.stateless_normal([3, 3, 8, 5], [5, 6])
    found = value_and_gradients(winograd.conv3x3, x, kernel)
    wanted = value_and_gradients(direct, x, kernel)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert relative_error(one, other) < 5e-6


def test_bfloat16_rounds_three_times_as_much_as_a_direct_convolution_at_most():
    x = tf.random.stateless_normal([2, 32, 32, 128], [3, 4])
    kernel = tf.random.stateless_normal([3, 3, 128, 128], [5, 6])
    half = tf.cast(x, tf.bfloat16)
    exact = direct(x, kernel)
    error = relative_error(winograd.conv3x3(half, kernel), exact)
    assert winograd.conv3x3(half, kernel).dtype == tf.bfloat16
    assert error < 3.0 * relative_error(direct(half, kernel), exact) < 0.01


@pytest.mark.parametrize(
    ("shape", "kernel", "expected"),
    [
        ((2, 32, 32, 128), (3, 3, 128, 256), True),
        ((2, 8, 8, 128), (3, 3, 128, 128), False),
        ((2, 18, 18, 128), (3, 3, 128, 128), False),
        ((2, 32, 32, 32), (3, 3, 32, 128), False),
        ((2, 32, 32, 128), (1, 1, 128, 128), False),
        ((2, 32, 32, 128), (3, 3, 128, 3), False),
    ],
)
def test_it_is_used_for_large_maps_of_many_channels(shape, kernel, expected):
    pays = winograd.pays(tf.zeros(shape), tf.zeros(kernel))
    # Other devices have algorithms of their own.
    assert pays == (expected and not tf.config.list_logical_devices("GPU"))


def test_a_wide_convolution_layer_is_the_direct_convolution():
    weights = Weights(np.random.default_rng(0), normal(stddev=0.1))
    layer = Conv2d(128, 128, weights)
    x = tf.random.stateless_normal([2, 16, 16, 128], [7, 8])
    kernel = layer.kernel.exact()
    found = value_and_gradients(lambda x, _: layer(x), x, layer.kernel.raw)
    wanted = value_and_gradients(direct, x, kernel)
    for one, other in zip(found, wanted, strict=True):
        assert relative_error(one, other) < 1e-5
