import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.layers.basic import Conv2d, ConvTranspose2d, Dense, kernels_of
from compare_ssgan.layers.spectral_norm import SpectralNorm


def images(*shape):
    return tf.constant(np.random.default_rng(1).normal(size=shape).astype(np.float32))


def randomize(module):
    rng = np.random.default_rng(2)
    for variable in module.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))


def test_dense_is_affine(weights):
    layer = Dense(3, 5, weights, bias=0.5)
    x = images(4, 3)
    expected = x.numpy() @ layer.kernel.raw.numpy() + 0.5
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)


def test_bias_can_be_left_out(weights):
    assert len(Dense(3, 5, weights, use_bias=False).variables) == 1
    assert len(Conv2d(3, 5, weights, use_bias=False).variables) == 1
    layer = ConvTranspose2d(3, 5, (4, 4), weights, size=4, stride=2, use_bias=False)
    assert len(layer.variables) == 1


@pytest.mark.parametrize("size, stride, pixels", [(3, 1, 7), (4, 2, 4), (5, 2, 4)])
def test_convolution_pads_with_zeros_to_the_rounded_up_size(
    weights, size, stride, pixels
):
    layer = Conv2d(3, 5, weights, size=size, stride=stride)
    assert layer(images(2, 7, 7, 3)).shape == (2, pixels, pixels, 5)


def test_convolution_equals_its_definition(weights):
    layer = Conv2d(2, 3, weights)
    randomize(layer)
    x, kernel = images(1, 4, 4, 2), layer.kernel.raw.numpy()
    padded = np.pad(x[0], [(1, 1), (1, 1), (0, 0)])
    expected = [
        [np.tensordot(padded[i : i + 3, j : j + 3], kernel, 3) for j in range(4)]
        for i in range(4)
    ]
    expected = np.array(expected) + layer.bias.numpy()
    np.testing.assert_allclose(layer(x)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("upsampling", ["nearest", "zeros"])
def test_upsampling_comes_before_the_convolution(weights, size, upsampling):
    layer = Conv2d(4, 3, weights, size=size, resample="up", upsampling=upsampling)
    randomize(layer)
    x = images(2, 4, 4, 4).numpy()
    large = x.repeat(2, axis=1).repeat(2, axis=2)
    if upsampling == "zeros":
        mask = np.zeros([8, 8, 1], np.float32)
        mask[::2, ::2] = 1.0
        large *= mask
    expected = tf.nn.conv2d(large, layer.kernel.raw, 1, "SAME") + layer.bias
    np.testing.assert_allclose(layer(tf.constant(x)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [1, 3])
def test_downsampling_comes_after_the_convolution(weights, size):
    layer = Conv2d(4, 3, weights, size=size, resample="down")
    randomize(layer)
    x = images(2, 8, 8, 4)
    large = tf.nn.conv2d(x, layer.kernel.raw, 1, "SAME") + layer.bias
    expected = tf.reduce_mean(tf.reshape(large, [2, 4, 2, 4, 2, 3]), axis=[2, 4])
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pixels", [7, 8])
@pytest.mark.parametrize("size", [4, 5])
def test_transposed_convolution_is_the_transpose_of_a_convolution(
    weights, pixels, size
):
    layer = ConvTranspose2d(3, 2, (pixels, pixels), weights, size=size, stride=2)
    x, y = images(1, 4, 4, 3), images(1, pixels, pixels, 2)
    back = tf.nn.conv2d(y, layer.kernel.raw, 2, "SAME")
    left, right = tf.reduce_sum(layer(x) * y), tf.reduce_sum(x * back)
    np.testing.assert_allclose(left, right, rtol=1e-4)


def test_spectral_norm_bounds_a_transposed_convolution_by_its_outputs(weights):
    weights = weights._replace(spectral_norm=True)
    layer = ConvTranspose2d(3, 6, (8, 8), weights, size=4, stride=2)
    for _ in range(200):
        layer.kernel.norm.update()
    kernel = np.moveaxis(layer.kernel().numpy(), 2, -1).reshape(-1, 6)
    assert np.linalg.svd(kernel)[1][0] == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda w: Dense(3, 5, w),
        lambda w: Conv2d(3, 5, w),
        lambda w: ConvTranspose2d(3, 5, (8, 8), w, size=4, stride=2),
    ],
)
def test_spectral_norm_divides_the_kernel_but_not_the_bias(weights, make):
    layer = make(weights._replace(spectral_norm=True))
    norms = [m for m in layer.submodules if isinstance(m, SpectralNorm)]
    assert len(norms) == 1
    np.testing.assert_allclose(
        layer.kernel(), layer.kernel.raw / norms[0].sigma(), rtol=1e-6
    )
    assert len(layer.trainable_variables) == 2


def test_kernels_are_the_raw_ones_each_once(weights):
    module = tf.Module()
    module.dense = Dense(3, 5, weights._replace(spectral_norm=True))
    module.conv = Conv2d(3, 5, weights)
    kernels = kernels_of([module, module.dense])
    expected = {module.dense.kernel.raw.ref(), module.conv.kernel.raw.ref()}
    assert {k.ref() for k in kernels} == expected
    assert len(kernels) == 2
