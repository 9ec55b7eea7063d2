import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.resnet5 import Backbone, Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers.normalization import BatchNorm, LayerNorm
from compare_ssgan.types import Condition, ConditionSizes

LATENT = ConditionSizes(latent=128)


def count(module):
    return sum(np.prod(v.shape) for v in module.trainable_variables)


@pytest.mark.parametrize("pixels", [32, 64, 128])
def test_both_have_the_parameters_of_compare_gans(empty, pixels):
    shape = (pixels, pixels, 3)
    assert count(Generator(shape, 128, LATENT, empty, BatchNorm)) == 13_786_115
    backbone = Backbone(shape, empty, None)
    head = backbone.feature_size + 1
    assert backbone.feature_size == 512
    assert count(backbone) + head == 15_086_529
    assert count(Backbone(shape, empty, LayerNorm)) + head == 15_092_423


def test_small_shortcuts_are_1x1_or_the_identity(weights):
    shape = (64, 64, 3)
    generator = Generator(
        shape, 8, LATENT, weights, None, channels=2, shortcut_kernel_size=1
    )
    sizes = [b.shortcut and b.shortcut.kernel.raw.shape for b in generator.blocks]
    # Four blocks double the resolution, the last changes the width.
    assert sizes == [(1, 1, 16, 16), (1, 1, 16, 8), (1, 1, 8, 8), (1, 1, 8, 4),
                     (1, 1, 4, 2)]  # fmt: skip
    backbone = Backbone((32, 32, 3), weights, None, channels=2, shortcut_kernel_size=1)
    assert backbone.blocks[5].shortcut is None


@pytest.mark.parametrize(
    "pixels, up, maps",
    [
        (4, 0, [2, 1, 1, 1, 1, 1]),
        (32, 3, [16, 8, 4, 2, 1, 1]),
        (128, 5, [64, 32, 16, 8, 4, 2]),
    ],
)
def test_the_image_decides_where_the_resolution_changes(weights, pixels, up, maps):
    shape = (pixels, pixels, 1)
    generator = Generator(shape, 8, LATENT, weights, None, channels=1)
    resamples = [block.conv1.resample for block in generator.blocks]
    assert resamples == ["up"] * up + [None] * (5 - up)
    widths = [block.conv1.kernel.raw.shape[2] for block in generator.blocks]
    assert widths == [8, 8, 4, 4, 2]
    backbone = Backbone(shape, weights, None, channels=1)
    features, blocks = backbone(tf.ones([2, *shape]), training=True)
    assert [block.shape[1] for block in blocks.values()] == maps
    assert [block.shape[3] for block in blocks.values()] == [1, 2, 4, 4, 8, 8]
    expected = np.maximum(blocks["block5"], 0.0).mean((1, 2))
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-6)


def test_a_map_of_one_pixel_is_as_if_pooled_alone(weights):
    backbone = Backbone((32, 32, 1), weights, None, channels=1)
    _, blocks = backbone(tf.ones([2, 32, 32, 1]), training=True)
    block = backbone.blocks[5]
    # Every tap but the middle one reads padding.
    x, taps = blocks["block4"][:, 0, 0], lambda conv: conv.kernel()[1, 1]
    h = tf.nn.relu(x) @ taps(block.conv1)
    h = tf.nn.relu(h) @ taps(block.conv2) + x @ taps(block.shortcut)
    np.testing.assert_allclose(blocks["block5"][:, 0, 0], h, rtol=1e-4, atol=1e-5)


def test_zero_insertion_is_a_switch(weights):
    make = lambda **options: Generator(  # noqa: E731
        (16, 16, 1),
        8,
        LATENT,
        weights._replace(rng=np.random.default_rng(0)),
        None,
        channels=2,
        **options,
    )
    z = tf.random.stateless_normal([2, 8], seed=[0, 1])
    nearest, zeros = (
        make(upsampling=name)(z, Condition(), True) for name in ("nearest", "zeros")
    )
    np.testing.assert_array_equal(make()(z, Condition(), True), nearest)
    assert np.abs(nearest - zeros).max() > 0.01


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: Generator((48, 48, 3), 8, LATENT, w, None),
            r"square images of 4, 8, 16, 32, 64 or 128 pixels, not 48x48.*GENERATOR",
        ),
        (lambda w: Backbone((256, 256, 3), w, None), r"not 256x256"),
        (lambda w: Backbone((32, 64, 3), w, None), r"not 32x64"),
        (
            lambda w: Generator((32, 32, 3), 8, LATENT, w, None, channels=0),
            r"resnet5\.Generator\.channels must be at least 1, not 0",
        ),
        (
            lambda w: Generator((32, 32, 3), 8, LATENT, w, None, upsampling="cubic"),
            r"resnet5\.Generator\.upsampling must be 'nearest' or 'zeros'",
        ),
        (
            lambda w: Backbone((32, 32, 3), w, BatchNorm, channels=1),
            r"resnet5 supports no normalization and norms\.LayerNorm, not BatchNorm",
        ),
        (
            lambda w: Backbone((32, 32, 3), w, None, shortcut_kernel_size=2),
            r"size 1 or 3, not 2",
        ),
    ],
)
def test_wrong_settings_are_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)
