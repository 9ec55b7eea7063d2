import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.resnet_cifar import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    LayerNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.types import Condition, ConditionSizes

SHAPE = (32, 32, 3)
LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


# Number of tensors and of parameters in compare_gan, with a latent of 128.
@pytest.mark.parametrize(
    "norm, sizes, tensors, parameters",
    [
        (None, LATENT, 22, 5_846_019),
        (BatchNorm, LATENT, 36, 5_849_603),
        (SelfModulatedBatchNorm, LATENT, 64, 5_993_187),
        (ConditionalBatchNorm, ConditionSizes(128, 10), 36, 5_881_859),
    ],
)
def test_the_generator_has_the_parameters_of_compare_gans(
    weights, norm, sizes, tensors, parameters
):
    generator = Generator(SHAPE, 128, sizes, weights, norm)
    assert len(generator.trainable_variables) == tensors
    assert count(generator) == parameters


def test_the_backbone_has_the_parameters_of_compare_gans(weights):
    backbone = Backbone(SHAPE, weights, None)
    # The head is a kernel and a bias more.
    assert len(backbone.trainable_variables) + 2 == 26
    assert count(backbone) + backbone.feature_size + 1 == 1_483_137


def test_small_shortcuts_give_the_parameters_of_sngan(weights):
    generator = Generator(
        SHAPE, 128, LATENT, weights, BatchNorm, shortcut_kernel_size=1
    )
    assert count(generator) == 4_276_739
    backbone = Backbone(SHAPE, weights, None, shortcut_kernel_size=1, pooling="sum")
    assert count(backbone) + backbone.feature_size + 1 == 1_053_825


def test_layer_norm_is_before_both_activations_of_every_block(weights):
    plain = Backbone(SHAPE, weights, None, channels=8)
    normed = Backbone(SHAPE, weights, LayerNorm, channels=8)
    channels = [3, 8, 8, 8, 8, 8, 8, 8]
    assert count(normed) - count(plain) == 2 * sum(channels)


def test_blocks_have_half_the_resolution_twice(weights):
    backbone = Backbone(SHAPE, weights, None, channels=4)
    features, blocks = backbone(tf.ones([2, *SHAPE]), training=True)
    assert features.shape == (2, 4)
    assert {name: block.shape for name, block in blocks.items()} == {
        "block0": (2, 16, 16, 4),
        "block1": (2, 8, 8, 4),
        "block2": (2, 8, 8, 4),
        "block3": (2, 8, 8, 4),
    }


def test_features_are_means_or_sums_over_positions(weights):
    images = tf.random.stateless_uniform([2, *SHAPE], seed=[0, 1])
    backbone = Backbone(SHAPE, weights, None, channels=4)
    features, blocks = backbone(images, training=True)
    expected = np.maximum(blocks["block3"], 0.0).mean((1, 2))
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-6)
    backbone.pooling = "sum"
    summed = backbone(images, training=True).features
    np.testing.assert_allclose(summed, 64.0 * features, rtol=1e-4)


def test_a_centered_range_shifts_the_pixels(weights):
    backbone = Backbone(SHAPE, weights, None, channels=4)
    images = tf.random.stateless_uniform([2, *SHAPE], seed=[0, 1])
    expected = backbone(2.0 * images - 1.0, training=True).features
    backbone.input_range = "centered"
    actual = backbone(images, training=True).features
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_both_outputs_are_the_activations_they_are_named_after(weights):
    generator = Generator(SHAPE, 8, LATENT, weights, None, channels=4)
    z = tf.random.stateless_normal([2, 8], seed=[0, 1])
    logits = tf.math.log(1.0 / (1.0 / generator(z, Condition(), True) - 1.0))
    generator.output = "tanh"
    expected = (tf.tanh(logits) + 1.0) / 2.0
    actual = generator(z, Condition(), True)
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4)


def test_zero_insertion_differs_from_repetition(weights):
    generator = Generator(SHAPE, 8, LATENT, weights, None, channels=4)
    z = tf.random.stateless_normal([2, 8], seed=[0, 1])
    nearest = generator(z, Condition(), True)
    for block in generator.blocks:
        block.conv1.upsampling = block.shortcut.upsampling = "zeros"
    assert np.abs(nearest - generator(z, Condition(), True)).max() > 0.01
    other = Generator(SHAPE, 8, LATENT, weights, None, channels=4, upsampling="zeros")
    for block in other.blocks:
        assert block.conv1.upsampling == block.shortcut.upsampling == "zeros"
        assert block.conv2.resample is None


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((28, 28, 1), 8, LATENT, w, None),
            r"32x32 pixels, not 28x28\. Set GENERATOR and BACKBONE",
        ),
        (lambda w: Backbone((64, 64, 3), w, None), r"not 64x64"),
        (
            lambda w: Backbone(SHAPE, w, BatchNorm),
            r"resnet_cifar supports no normalization and norms\.LayerNorm, not "
            r"BatchNorm\. Set gans\.ModularGAN\.discriminator_norm = None",
        ),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, channels=0),
            r"resnet_cifar\.Generator\.channels must be at least 1, not 0",
        ),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, upsampling="bilinear"),
            r"Generator\.upsampling must be 'nearest' or 'zeros', not 'bilinear'",
        ),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, output="relu"),
            r"Generator\.output must be 'sigmoid' or 'tanh', not 'relu'",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, pooling="max"),
            r"Backbone\.pooling must be 'mean' or 'sum', not 'max'",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, input_range="byte"),
            r"Backbone\.input_range must be 'unit' or 'centered', not 'byte'",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
