from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.sndcgan import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import BatchNorm, InstanceNorm, LayerNorm
from compare_ssgan.types import Condition, ConditionSizes

LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


def test_both_have_the_parameters_of_compare_gans(weights):
    generator = Generator((32, 32, 3), 128, LATENT, weights, BatchNorm)
    backbone = Backbone((32, 32, 3), weights, None)
    assert count(generator) == 3_828_739
    assert count(backbone) + backbone.feature_size + 1 == 5_860_865


# Sizes that 8 does not divide start from, and end at, the next larger map.
@pytest.mark.parametrize("pixels, first", [(28, 4), (64, 8), (128, 16)])
def test_other_sizes_have_the_parameters_of_a_count_by_hand(empty, pixels, first):
    shape = (pixels, pixels, 3)
    units = first**2 * 512
    # The first normalization has a gain and an offset per unit.
    expected = 129 * units + 2 * units + 9 * 64 * 3 + 3
    expected += sum(16 * a * b + 3 * b for a, b in pairwise([512, 256, 128, 64]))
    assert count(Generator(shape, 128, LATENT, empty, BatchNorm)) == expected
    backbone = Backbone(shape, empty, None)
    assert backbone.feature_size == units
    pairs = enumerate(pairwise([3, 64, 128, 128, 256, 256, 512, 512]))
    expected = sum((16 if i % 2 else 9) * a * b + b for i, (a, b) in pairs)
    assert count(backbone) == expected


def test_the_first_normalization_is_per_unit(weights):
    generator = Generator((32, 32, 3), 8, LATENT, weights, BatchNorm, channels=2)
    assert generator.dense_norm.gain.shape == (4 * 4 * 16,)
    assert [norm.gain.shape for norm in generator.norms] == [(8,), (4,), (2,)]


def test_maps_of_28_pixels_are_4_7_14_and_28(weights):
    generator = Generator((28, 28, 1), 8, LATENT, weights, None, channels=2)
    assert generator.start == (4, 4, 16)
    assert [conv.output_size[0] for conv in generator.convs] == [7, 14, 28]
    _, blocks = Backbone((28, 28, 1), weights, None, channels=2)(
        tf.zeros([1, 28, 28, 1]), training=True
    )
    assert [b.shape[1] for b in blocks.values()] == [28, 14, 14, 7, 7, 4, 4]
    assert [b.shape[3] for b in blocks.values()] == [2, 4, 4, 8, 8, 16, 16]


def test_the_generator_is_the_composition_of_its_layers(weights):
    generator = Generator((16, 16, 3), 8, LATENT, weights, BatchNorm, channels=2)
    z, where = tf.random.stateless_normal([4, 8], seed=[0, 1]), Condition()
    x = tf.nn.relu(generator.dense_norm(generator.dense(z), where, True))
    x = tf.reshape(x, [4, 2, 2, 16])
    for conv, norm in zip(generator.convs, generator.norms, strict=True):
        x = tf.nn.relu(norm(conv(x), where, True))
    expected = (np.tanh(generator.output(x)) + 1.0) / 2.0
    np.testing.assert_allclose(generator(z, where, True), expected, atol=1e-5)


def test_the_backbone_sees_pixels_from_minus_one_to_one(weights):
    backbone = Backbone((16, 16, 3), weights, None, channels=2)
    images = tf.random.stateless_uniform([2, 16, 16, 3], seed=[0, 1])
    y = backbone.convs[0](2.0 * images - 1.0)
    expected = np.where(y > 0.0, y, 0.1 * y)
    _, blocks = backbone(images, training=True)
    np.testing.assert_allclose(blocks["block0"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((8, 8, 3), 8, LATENT, w, None),
            r"sndcgan makes images of at least 9x9 pixels, not 8x8",
        ),
        (lambda w: Backbone((32, 8, 3), w, None), r"not 32x8"),
        (
            lambda w: Backbone((32, 32, 3), w, LayerNorm),
            r"sndcgan supports no normalization, not LayerNorm\. Set "
            r"gans\.ModularGAN\.discriminator_norm = None",
        ),
        (
            lambda w: Generator((32, 32, 3), 8, LATENT, w, InstanceNorm),
            r"norms\.InstanceNorm needs images",
        ),
        (
            lambda w: Backbone((32, 32, 3), w, None, channels=0),
            r"sndcgan\.Backbone\.channels must be at least 1, not 0",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
