from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.dcgan import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import BatchNorm, LayerNorm
from compare_ssgan.types import Condition, ConditionSizes

LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


def test_both_have_the_parameters_of_compare_gans(weights):
    generator = Generator((32, 32, 3), 128, LATENT, weights, BatchNorm)
    backbone = Backbone((32, 32, 3), weights, None)
    assert count(generator) == 4_572_163
    assert count(backbone) + backbone.feature_size + 1 == 4_308_609


# Sizes that 16 does not divide start from, and end at, the next larger map.
@pytest.mark.parametrize("pixels, first", [(28, 2), (64, 4), (128, 8)])
def test_other_sizes_have_the_parameters_of_a_count_by_hand(empty, pixels, first):
    shape = (pixels, pixels, 3)
    widths, units = [512, 256, 128, 64], first**2 * 512
    expected = 129 * units + 2 * 512
    for a, b in pairwise([*widths, 3]):
        expected += 25 * a * b + b + (2 * b if b > 3 else 0)
    assert count(Generator(shape, 128, LATENT, empty, BatchNorm)) == expected
    backbone = Backbone(shape, empty, None)
    assert backbone.feature_size == units
    expected = sum(25 * a * b + b for a, b in pairwise([3, *widths[::-1]]))
    assert count(backbone) == expected


def test_maps_of_28_pixels_are_2_4_7_14_and_28(weights):
    generator = Generator((28, 28, 1), 8, LATENT, weights, None, channels=2)
    assert generator.start == (2, 2, 16)
    assert [conv.output_size[0] for conv in generator.convs] == [4, 7, 14, 28]
    _, blocks = Backbone((28, 28, 1), weights, None, channels=2)(
        tf.zeros([1, 28, 28, 1]), training=True
    )
    assert [b.shape[1] for b in blocks.values()] == [14, 7, 4, 2]
    assert [b.shape[3] for b in blocks.values()] == [2, 4, 8, 16]


def test_the_generator_is_the_composition_of_its_layers(weights):
    generator = Generator((32, 32, 3), 8, LATENT, weights, BatchNorm, channels=2)
    z, where = tf.random.stateless_normal([4, 8], seed=[0, 1]), Condition()
    x = tf.reshape(generator.dense(z), [4, 2, 2, 16])
    for norm, conv in zip(generator.norms, generator.convs, strict=True):
        x = conv(tf.nn.relu(norm(x, where, True)))
    expected = (np.tanh(x) + 1.0) / 2.0
    np.testing.assert_allclose(generator(z, where, True), expected, atol=1e-5)


def test_every_layer_but_the_first_of_the_backbone_is_normalized(weights):
    backbone = Backbone((32, 32, 3), weights, LayerNorm, channels=2)
    assert [norm.gain.shape for norm in backbone.norms] == [(4,), (8,), (16,)]
    images = tf.random.stateless_uniform([2, 32, 32, 3], seed=[0, 1])
    x = tf.nn.leaky_relu(backbone.convs[0](images), 0.2)
    for conv, norm in zip(backbone.convs[1:], backbone.norms, strict=True):
        x = tf.nn.leaky_relu(norm(conv(x), Condition(), True), 0.2)
    features = backbone(images, training=True).features
    np.testing.assert_allclose(features, tf.reshape(x, [2, -1]), rtol=1e-5)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((16, 32, 3), 8, LATENT, w, None),
            r"dcgan makes images of at least 17x17 pixels, not 16x32",
        ),
        (lambda w: Backbone((16, 16, 3), w, None), r"not 16x16"),
        (
            lambda w: Backbone((32, 32, 3), w, BatchNorm),
            r"dcgan supports no normalization and norms\.LayerNorm, not BatchNorm",
        ),
        (
            lambda w: Generator((32, 32, 3), 8, LATENT, w, None, channels=-1),
            r"dcgan\.Generator\.channels must be at least 1, not -1",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
