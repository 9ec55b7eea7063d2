import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import LayerNorm
from compare_ssgan.layers.resnet import ResidualBlock
from compare_ssgan.types import Condition, ConditionSizes


def images(*shape):
    return tf.constant(np.random.default_rng(1).normal(size=shape).astype(np.float32))


def conv(x, layer):
    return tf.nn.conv2d(x, layer.kernel.raw, 1, "SAME") + layer.bias


def repeat(x):
    return tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)


def mean(x):
    b, h, w, c = x.shape
    return tf.reduce_mean(tf.reshape(x, [b, h // 2, 2, w // 2, 2, c]), axis=[2, 4])


def check(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [1, 3])
def test_upsampling_is_before_the_first_convolution_and_on_the_shortcut(weights, size):
    block = ResidualBlock(3, 4, weights, shortcut_kernel_size=size, resample="up")
    x = images(2, 4, 4, 3)
    main = conv(tf.nn.relu(conv(repeat(tf.nn.relu(x)), block.conv1)), block.conv2)
    check(block(x, Condition(), True), main + conv(repeat(x), block.shortcut))


@pytest.mark.parametrize("size", [1, 3])
def test_downsampling_is_after_the_second_convolution_and_the_shortcut(weights, size):
    block = ResidualBlock(3, 4, weights, shortcut_kernel_size=size, resample="down")
    x = images(2, 4, 4, 3)
    main = conv(tf.nn.relu(conv(tf.nn.relu(x), block.conv1)), block.conv2)
    check(block(x, Condition(), True), mean(main) + mean(conv(x, block.shortcut)))


def test_the_first_block_of_a_discriminator_reads_raw_pixels(weights):
    block = ResidualBlock(
        3, 4, weights, shortcut_kernel_size=1, resample="down", activate_input=False
    )
    x = images(2, 4, 4, 3)
    main = conv(tf.nn.relu(conv(x, block.conv1)), block.conv2)
    check(block(x, Condition(), True), mean(main) + mean(conv(x, block.shortcut)))


def test_normalizations_are_before_both_activations(weights):
    make = functools.partial(LayerNorm, sizes=ConditionSizes(), weights=weights)
    block = ResidualBlock(3, 4, weights, make, shortcut_kernel_size=3)
    x = images(2, 4, 4, 3)
    h = conv(tf.nn.relu(block.norm1(x, Condition(), True)), block.conv1)
    h = conv(tf.nn.relu(block.norm2(h, Condition(), True)), block.conv2)
    check(block(x, Condition(), True), h + conv(x, block.shortcut))


def test_a_small_shortcut_is_the_identity_where_the_shape_stays(weights):
    same = ResidualBlock(4, 4, weights, shortcut_kernel_size=1)
    wider = ResidualBlock(4, 5, weights, shortcut_kernel_size=1)
    assert same.shortcut is None
    assert wider.shortcut.kernel.raw.shape == (1, 1, 4, 5)
    x = images(2, 4, 4, 4)
    main = conv(tf.nn.relu(conv(tf.nn.relu(x), same.conv1)), same.conv2)
    check(same(x, Condition(), True), main + x)


def test_a_large_shortcut_is_always_a_convolution(weights):
    block = ResidualBlock(4, 4, weights, shortcut_kernel_size=3)
    assert block.shortcut.kernel.raw.shape == (3, 3, 4, 4)


@pytest.mark.parametrize("resample, shortcut", [(None, tf.identity), ("down", mean)])
@pytest.mark.parametrize("equal_shortcut", ["identity", "none"])
def test_a_block_that_keeps_its_channels_may_have_no_kernel_on_the_shortcut(
    weights, resample, shortcut, equal_shortcut
):
    options = {
        "shortcut_kernel_size": 1,
        "resample": resample,
        "equal_shortcut": equal_shortcut,
    }
    block = ResidualBlock(4, 4, weights, **options)
    x = images(2, 4, 4, 4)
    main = shortcut(conv(tf.nn.relu(conv(tf.nn.relu(x), block.conv1)), block.conv2))
    added = shortcut(x) if equal_shortcut == "identity" else 0.0
    check(block(x, Condition(), True), main + added)
    assert block.shortcut is None
    assert ResidualBlock(4, 5, weights, **options).shortcut is not None


def test_other_sizes_of_the_shortcut_are_refused(weights):
    with pytest.raises(
        InputError, match=r"1 or 3, not 2\. Change shortcut_kernel_size"
    ):
        ResidualBlock(4, 4, weights, shortcut_kernel_size=2)
