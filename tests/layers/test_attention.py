import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.attention import SelfAttention
from compare_ssgan.layers.basic import Kernel
from compare_ssgan.layers.spectral_norm import SpectralNorm


def maps(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def reference(x, block):
    """One position and one example at a time."""
    theta, phi, g, output = (
        conv.kernel.raw.numpy()[0, 0]
        for conv in (block.theta, block.phi, block.g, block.output)
    )
    result = np.empty_like(x)
    _, height, width, _ = x.shape
    for example, image in enumerate(x):
        corners = [(i, j) for i in range(0, height, 2) for j in range(0, width, 2)]
        windows = [image[i : i + 2, j : j + 2].reshape(4, -1) for i, j in corners]
        keys = np.array([(window @ phi).max(0) for window in windows])
        values = np.array([(window @ g).max(0) for window in windows])
        for i in range(height):
            for j in range(width):
                logits = keys @ (image[i, j] @ theta)
                weights = np.exp(logits - logits.max())
                attended = (weights / weights.sum()) @ values @ output
                scale = block.sigma.numpy()
                result[example, i, j] = image[i, j] + scale * attended
    return result


def test_every_position_attends_to_the_maxima_of_2x2_positions(weights):
    block = SelfAttention(16, (4, 6), weights)
    block.sigma.assign(0.7)
    x = maps(2, 4, 6, 16)
    np.testing.assert_allclose(block(x), reference(x, block), rtol=1e-4, atol=1e-4)


def test_a_new_block_is_the_identity(weights):
    x = maps(2, 4, 4, 16)
    np.testing.assert_array_equal(SelfAttention(16, (4, 4), weights)(x), x)


def test_kernels_have_an_eighth_and_half_of_the_channels_and_no_bias(weights):
    block = SelfAttention(20, (4, 4), weights)
    shapes = sorted(tuple(v.shape) for v in block.trainable_variables)
    convs = [(1, 1, 10, 20), (1, 1, 20, 2), (1, 1, 20, 2), (1, 1, 20, 10)]
    assert shapes == [(), *convs]


def test_spectral_norm_covers_all_four_kernels_or_none(weights):
    for spectral_norm in (False, True):
        block = SelfAttention(8, (2, 2), weights._replace(spectral_norm=spectral_norm))
        parts = block.submodules
        assert sum(isinstance(part, Kernel) for part in parts) == 4
        normalized = sum(isinstance(part, SpectralNorm) for part in parts)
        assert normalized == 4 * spectral_norm


def test_every_variable_receives_a_gradient_once_sigma_has_moved(weights):
    block = SelfAttention(16, (4, 4), weights)
    block.sigma.assign(0.5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(block(maps(2, 4, 4, 16))))
    for gradient in tape.gradient(loss, block.trainable_variables):
        assert np.any(gradient != 0.0)


def test_products_may_be_in_bfloat16_and_the_softmax_is_not(weights):
    block = SelfAttention(16, (4, 4), weights._replace(dtype=tf.bfloat16))
    block.sigma.assign(0.5)
    x = maps(2, 4, 4, 16)
    made = block(tf.cast(x, tf.bfloat16))
    assert made.dtype == tf.bfloat16
    np.testing.assert_allclose(
        tf.cast(made, tf.float32), reference(x, block), rtol=0.05, atol=0.1
    )


@pytest.mark.parametrize(
    "channels, size, message",
    [
        (7, (4, 4), r"at least 8 channels, not 7.*Raise channels of the network"),
        (8, (3, 4), r"even height and width, not 3x4.*Set attention of the network"),
        (8, (4, 3), r"not 4x3"),
    ],
)
def test_maps_that_cannot_be_attended_to_are_refused(weights, channels, size, message):
    with pytest.raises(InputError, match=message):
        SelfAttention(channels, size, weights)
