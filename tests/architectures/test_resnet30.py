from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.resnet30 import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import BatchNorm, LayerNorm
from compare_ssgan.types import Condition, ConditionSizes

SHAPE = (128, 128, 3)
LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


def conv(in_channels, out_channels):
    return 9 * in_channels * out_channels + out_channels


def block(in_channels, out_channels, *, norm):
    first = 2 * conv(in_channels, out_channels)  # the shortcut is one of them
    gains = 2 * (in_channels + out_channels) if norm else 0
    return first + conv(out_channels, out_channels) + gains


def blocks(widths, *, norm):
    same = sum(5 * block(width, width, norm=norm) for width in widths)
    between = pairwise(widths)
    return same + sum(block(a, b, norm=norm) for a, b in between)


WIDTHS = [512, 256, 128, 64, 32, 16]


def test_the_parameters_are_those_of_a_count_by_hand(empty):
    dense = 128 * 4 * 4 * 512 + 4 * 4 * 512
    expected = dense + blocks(WIDTHS, norm=True) + conv(16, 3)
    generator = Generator(SHAPE, 128, LATENT, empty, BatchNorm)
    assert count(generator) == expected == 52_199_667
    backbone = Backbone(SHAPE, empty, None)
    assert backbone.feature_size == 4 * 4 * 512
    expected = conv(3, 16) + blocks(WIDTHS[::-1], norm=False)
    assert count(backbone) == expected == 53_486_449 - (4 * 4 * 512 + 1)
    expected = conv(3, 16) + blocks(WIDTHS[::-1], norm=True)
    assert count(Backbone(SHAPE, empty, LayerNorm)) == expected


def test_there_are_thirty_blocks_and_five_more(weights):
    generator = Generator(SHAPE, 8, LATENT, weights, None, channels=1)
    resamples = [block.conv1.resample for block in generator.blocks]
    assert resamples == ([None] * 5 + ["up"]) * 5 + [None] * 5
    widths = [block.conv1.kernel.raw.shape[3] for block in generator.blocks]
    assert widths[:7] == [32] * 5 + [16] * 2
    assert widths[-7:] == [2, 1, 1, 1, 1, 1, 1]
    backbone = Backbone(SHAPE, weights, None, channels=1)
    resamples = [block.conv2.resample for block in backbone.blocks]
    assert resamples == ([None] * 5 + ["down"]) * 5 + [None] * 5


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_images_and_features_have_the_shape_and_range_promised(weights, dtype):
    weights = weights._replace(spectral_norm=True, dtype=dtype)
    generator = Generator(SHAPE, 8, LATENT, weights, BatchNorm, channels=1)
    z = tf.random.stateless_normal([2, 8], seed=[0, 1])
    images = generator(z, Condition(z), training=True)
    assert images.shape == (2, *SHAPE)
    assert images.dtype == tf.float32
    assert np.all((images >= 0.0) & (images <= 1.0))
    backbone = Backbone(SHAPE, weights, None, channels=1)
    features, outputs = backbone(images, training=True)
    assert features.shape == (2, backbone.feature_size) == (2, 4 * 4 * 32)
    assert features.dtype == tf.float32
    assert np.all(np.isfinite(features))
    assert list(outputs) == [f"block{index}" for index in range(35)]
    # Flattened as it is, without a ReLU.
    np.testing.assert_array_equal(
        features, tf.cast(tf.reshape(outputs["block34"], [2, -1]), tf.float32)
    )
    assert np.min(features) < 0.0


def test_every_variable_receives_a_gradient(weights):
    weights = weights._replace(spectral_norm=True)
    generator = Generator(SHAPE, 8, LATENT, weights, BatchNorm, channels=1)
    backbone = Backbone(SHAPE, weights, LayerNorm, channels=1)
    z = tf.random.stateless_normal([2, 8], seed=[0, 1])
    variables = [*generator.trainable_variables, *backbone.trainable_variables]
    with tf.GradientTape() as tape:
        images = generator(z, Condition(z), training=True)
        loss = tf.reduce_sum(tf.square(backbone(images, training=True).features))
    for gradient, variable in zip(
        tape.gradient(loss, variables), variables, strict=True
    ):
        assert gradient is not None, variable.name
        assert np.all(np.isfinite(gradient)), variable.name


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((64, 64, 3), 8, LATENT, w, None),
            r"resnet30 makes images of 128x128 pixels, not 64x64\. Set GENERATOR",
        ),
        (lambda w: Backbone((128, 64, 3), w, None), r"not 128x64"),
        (
            lambda w: Backbone(SHAPE, w, None, channels=0),
            r"resnet30\.Backbone\.channels must be at least 1, not 0",
        ),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, upsampling="cubic"),
            r"resnet30\.Generator\.upsampling must be 'nearest' or 'zeros'",
        ),
        (
            lambda w: Backbone(SHAPE, w, BatchNorm, channels=1),
            r"resnet30 supports no normalization and norms\.LayerNorm",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
