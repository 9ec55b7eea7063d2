import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.infogan import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    LayerNorm,
)
from compare_ssgan.types import Condition, ConditionSizes

SHAPE = (32, 32, 3)
LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


def leaky(x, slope):
    return np.where(x > 0.0, x, slope * x)


def test_both_have_the_parameters_of_compare_gans(weights):
    assert count(Generator(SHAPE, 128, LATENT, weights, BatchNorm)) == 8_681_667
    backbone = Backbone(SHAPE, weights, None)
    assert backbone.feature_size == 1024
    assert count(backbone) + backbone.feature_size + 1 == 8_524_993


@pytest.mark.parametrize("pixels", [28, 64, 128])
def test_other_sizes_have_the_parameters_of_a_count_by_hand(empty, pixels):
    shape = (pixels, pixels, 3)
    units = (pixels // 4) ** 2 * 128
    expected = 129 * 1024 + 2 * 1024 + 1025 * units + 2 * units
    expected += 16 * 128 * 64 + 64 + 2 * 64 + 16 * 64 * 3 + 3
    assert count(Generator(shape, 128, LATENT, empty, BatchNorm)) == expected
    backbone = Backbone(shape, empty, None)
    expected = 16 * 3 * 64 + 64 + 16 * 64 * 128 + 128 + (units + 1) * 1024
    assert count(backbone) == expected


def test_maps_of_28_pixels_are_7_14_and_28(weights):
    generator = Generator((28, 28, 1), 8, LATENT, weights, BatchNorm, channels=2)
    assert generator.start == (7, 7, 4)
    assert [conv.output_size[0] for conv in generator.convs] == [14, 28]
    assert [norm.gain.shape for norm in generator.norms] == [(32,), (196,), (2,)]
    backbone = Backbone((28, 28, 1), weights, None, channels=2)
    _, blocks = backbone(tf.zeros([1, 28, 28, 1]), training=True)
    assert [block.shape[1:] for block in blocks.values()] == [
        (14, 14, 2), (7, 7, 4), (32,),
    ]  # fmt: skip


@pytest.mark.parametrize("leak", [0.0, 0.2])
def test_the_generator_is_the_composition_of_its_layers(weights, leak):
    options = {"leak": leak} if leak else {}
    generator = Generator(
        (16, 16, 3), 8, LATENT, weights, BatchNorm, channels=2, **options
    )
    z, where = tf.random.stateless_normal([4, 8], seed=[0, 1]), Condition()
    norms = generator.norms
    x = leaky(norms[0](generator.dense[0](z), where, True), leak)
    x = leaky(norms[1](generator.dense[1](x), where, True), leak)
    x = generator.convs[0](tf.reshape(x, [4, 4, 4, 4]))
    x = generator.convs[1](leaky(norms[2](x, where, True), leak))
    expected = 1.0 / (1.0 + np.exp(-x))
    np.testing.assert_allclose(generator(z, where, True), expected, atol=1e-5)


@pytest.mark.parametrize("leak", [0.1, 0.2])
@pytest.mark.parametrize("norm", [None, LayerNorm])
def test_the_backbone_is_the_composition_of_its_layers(weights, norm, leak):
    options = {} if leak == 0.1 else {"leak": leak}
    backbone = Backbone((16, 16, 3), weights, norm, channels=2, **options)
    images = tf.random.stateless_uniform([2, 16, 16, 3], seed=[0, 1])
    norms = backbone.norms or [lambda x, condition, training: x] * 2
    x = leaky(backbone.convs[0](images), leak)
    x = leaky(norms[0](backbone.convs[1](x), Condition(), True), leak)
    x = backbone.dense(tf.reshape(x, [2, 4 * 4 * 4]))
    expected = leaky(norms[1](x, Condition(), True), leak)
    features, blocks = backbone(images, training=True)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(blocks["block2"], features)


def test_labels_reach_the_generator_through_its_normalizations(weights):
    generator = Generator(
        (16, 16, 1), 8, ConditionSizes(8, 3), weights, ConditionalBatchNorm, channels=1
    )
    z = tf.random.stateless_normal([3, 8], seed=[0, 1])
    one, other = (
        generator(z, Condition(z, tf.one_hot(labels, 3)), True)
        for labels in ([0, 1, 2], [0, 1, 1])
    )
    assert np.abs(one - other)[2].max() > 0.01


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((4, 4, 1), 8, LATENT, w, None),
            r"infogan makes images of at least 5x5 pixels, not 4x4",
        ),
        (lambda w: Backbone((32, 4, 3), w, None), r"not 32x4"),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, leak=1.0),
            r"infogan\.Generator\.leak must be in \[0, 1\), not 1\.0",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, leak=-0.1),
            r"infogan\.Backbone\.leak must be in \[0, 1\), not -0\.1",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, channels=0),
            r"infogan\.Backbone\.channels must be at least 1, not 0",
        ),
        (
            lambda w: Backbone(SHAPE, w, BatchNorm, channels=1),
            r"infogan supports no normalization and norms\.LayerNorm, not BatchNorm",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
