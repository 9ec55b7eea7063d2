from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.resnet_stl import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import BatchNorm, LayerNorm
from compare_ssgan.types import Condition, ConditionSizes

SHAPE = (48, 48, 3)
LATENT = ConditionSizes(latent=128)
IMAGES = tf.random.stateless_uniform([2, 16, 16, 3], seed=[0, 1])


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


def conv(in_channels, out_channels, size=3):
    return size**2 * in_channels * out_channels + out_channels


def blocks(widths, *, norm, shortcut=3):
    total = 0
    for a, b in pairwise(widths):
        total += conv(a, b) + conv(b, b) + conv(a, b, shortcut)
        total += 2 * (a + b) if norm else 0
    return total


@pytest.mark.parametrize("shortcut", [1, 3])
def test_the_parameters_are_those_of_a_count_by_hand(empty, shortcut):
    up, down = [512, 256, 128, 64], [3, 64, 128, 256, 512, 1024]
    dense = 128 * 6 * 6 * 512 + 6 * 6 * 512
    expected = dense + blocks(up, norm=True, shortcut=shortcut) + 2 * 64 + conv(64, 3)
    generator = Generator(
        SHAPE, 128, LATENT, empty, BatchNorm, shortcut_kernel_size=shortcut
    )
    assert count(generator) == expected
    for norm in (None, LayerNorm):
        backbone = Backbone(SHAPE, empty, norm, shortcut_kernel_size=shortcut)
        expected = blocks(down, norm=norm is not None, shortcut=shortcut)
        assert count(backbone) == expected
    assert backbone.feature_size == 1024


def test_maps_of_48_pixels_are_6_12_24_and_48(weights):
    generator = Generator(SHAPE, 8, LATENT, weights, None, channels=2)
    assert generator.start == (6, 6, 16)
    backbone = Backbone(SHAPE, weights, None, channels=2)
    _, outputs = backbone(tf.ones([1, *SHAPE]), training=True)
    assert [block.shape[1:] for block in outputs.values()] == [
        (24, 24, 2), (12, 12, 4), (6, 6, 8), (3, 3, 16), (3, 3, 32),
    ]  # fmt: skip


def test_batches_of_any_size_are_made_by_one_trace(weights):
    generator = Generator(SHAPE, 8, LATENT, weights, BatchNorm, channels=1)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None, 8])], autograph=False)
    def make(z):
        traces.append(1)
        return generator(z, Condition(z), training=False)

    shapes = [make(tf.ones([batch, 8])).shape for batch in (1, 3)]
    assert shapes == [(1, *SHAPE), (3, *SHAPE)]
    assert len(traces) == 1


def test_the_defaults_are_the_papers_and_switches_compare_gans(weights):
    def make(**options):
        fresh = weights._replace(rng=np.random.default_rng(0))
        return Backbone((16, 16, 3), fresh, None, channels=2, **options)

    features, outputs = make()(IMAGES, training=True)
    last = np.maximum(outputs["block4"], 0.0)
    np.testing.assert_allclose(features, last.sum((1, 2)), rtol=1e-4, atol=1e-5)
    centered = make(input_range="unit")(2.0 * IMAGES - 1.0, training=True)
    np.testing.assert_allclose(centered.features, features, rtol=1e-4, atol=1e-5)
    features, outputs = make(pooling="mean", input_range="unit")(IMAGES, training=True)
    last = np.maximum(outputs["block4"], 0.0)
    np.testing.assert_allclose(features, last.mean((1, 2)), rtol=1e-4, atol=1e-5)


def test_both_outputs_are_the_activations_they_are_named_after(weights):
    def make(**options):
        fresh = weights._replace(rng=np.random.default_rng(0))
        generator = Generator(
            (16, 16, 1), 8, LATENT, fresh, None, channels=1, **options
        )
        z = 0.1 * tf.random.stateless_normal([2, 8], seed=[0, 1])
        return generator(z, Condition(), True).numpy()

    sigmoid = make(output="sigmoid")
    logits = np.log(sigmoid / (1.0 - sigmoid))
    np.testing.assert_allclose(make(), (np.tanh(logits) + 1.0) / 2.0, atol=1e-4)
    assert np.abs(make(upsampling="zeros") - make()).max() > 0.001


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((28, 28, 1), 8, LATENT, w, None),
            r"multiples of 16, such as 48x48, not 28x28.*set GENERATOR and BACKBONE",
        ),
        (lambda w: Backbone((48, 40, 3), w, None), r"not 48x40"),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, output="relu"),
            r"resnet_stl\.Generator\.output must be 'sigmoid' or 'tanh', not 'relu'",
        ),
        (
            lambda w: Generator(SHAPE, 8, LATENT, w, None, upsampling="cubic"),
            r"resnet_stl\.Generator\.upsampling must be 'nearest' or 'zeros'",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, pooling="max"),
            r"resnet_stl\.Backbone\.pooling must be 'mean' or 'sum', not 'max'",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, input_range="byte"),
            r"resnet_stl\.Backbone\.input_range must be 'unit' or 'centered'",
        ),
        (
            lambda w: Backbone(SHAPE, w, None, channels=-1),
            r"resnet_stl\.Backbone\.channels must be at least 1, not -1",
        ),
        (
            lambda w: Backbone(SHAPE, w, BatchNorm, channels=1),
            r"resnet_stl supports no normalization and norms\.LayerNorm",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
