import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.layers.bottleneck import BottleneckBlock
from compare_ssgan.layers.normalization import LayerNorm
from compare_ssgan.types import Condition, ConditionSizes


def maps(*shape):
    return tf.constant(np.random.default_rng(1).normal(size=shape).astype(np.float32))


def conv(x, layer):
    return tf.nn.conv2d(x, layer.kernel.raw, 1, "SAME") + layer.bias


def repeat(x):
    return tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)


def spread(x):
    grid = np.zeros([x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]])
    grid[:, ::2, ::2] = x
    return tf.constant(grid, tf.float32)


def mean(x):
    b, h, w, c = x.shape
    return tf.reduce_mean(tf.reshape(x, [b, h // 2, 2, w // 2, 2, c]), axis=[2, 4])


def check(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("upsampling, up", [("nearest", repeat), ("zeros", spread)])
def test_upsampling_is_before_the_first_large_kernel_and_channels_drop(
    weights, upsampling, up
):
    block = BottleneckBlock(8, 4, weights, resample="up", upsampling=upsampling)
    x = maps(2, 4, 4, 8)
    h = conv(tf.nn.relu(x), block.convs[0])
    h = conv(up(tf.nn.relu(h)), block.convs[1])
    h = conv(tf.nn.relu(h), block.convs[2])
    h = conv(tf.nn.relu(h), block.convs[3])
    check(block(x, Condition(), True), h + up(x[..., :4]))
    assert block.added is None


def test_downsampling_is_before_the_last_kernel_and_channels_are_appended(weights):
    block = BottleneckBlock(4, 8, weights, resample="down")
    x = maps(2, 4, 4, 4)
    h = conv(tf.nn.relu(x), block.convs[0])
    h = conv(tf.nn.relu(h), block.convs[1])
    h = conv(tf.nn.relu(h), block.convs[2])
    h = conv(mean(tf.nn.relu(h)), block.convs[3])
    shortcut = tf.concat([mean(x), conv(mean(x), block.added)], -1)
    check(block(x, Condition(), True), h + shortcut)


def test_inner_maps_have_a_quarter_of_the_wider_end(weights):
    for ends in ((8, 16), (16, 8)):
        block = BottleneckBlock(*ends, weights)
        shapes = [tuple(conv.kernel.raw.shape) for conv in block.convs]
        assert shapes == [
            (1, 1, ends[0], 4),
            (3, 3, 4, 4),
            (3, 3, 4, 4),
            (1, 1, 4, ends[1]),
        ]


def test_normalizations_are_before_all_four_activations(weights):
    make = functools.partial(LayerNorm, sizes=ConditionSizes(), weights=weights)
    block = BottleneckBlock(8, 8, weights, make)
    x = maps(2, 4, 4, 8)
    h = x
    for norm, layer in zip(block.norms, block.convs, strict=True):
        h = conv(tf.nn.relu(norm(h, Condition(), True)), layer)
    check(block(x, Condition(), True), h + x)
