"""The convolutional networks of InfoGAN."""

from math import ceil, prod

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_at_least, check_width
from compare_ssgan.architectures.ends import flatten, to_pixels
from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d, ConvTranspose2d, Dense
from compare_ssgan.layers.normalization import NormFactory, discriminator_norm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_MIN_PIXELS = 5  # Below, the generator's first map would be a single pixel.


@config.register("infogan")
class Generator(tf.Module):
    """Two dense layers and two 4x4 transposed convolutions of stride 2, sigmoid.

    Chen et al., "InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets", 2016, https://arxiv.org/abs/1606.03657,
    Appendix C.1, for any size: sizes that 4 does not divide start from the next larger
    map. The paper has ReLUs; compare_gan (https://github.com/google/compare_gan,
    infogan.py) has leaky ones, `leak = 0.2`. There the normalization is always batch
    normalization, and neither labels nor spectral normalization reach this network;
    here all are a choice. Those of the dense layers act on vectors, per unit.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        input_size: int,
        sizes: ConditionSizes,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 64,
        leak: float = 0.0,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), at least 5 pixels each way.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each activation, or None.
            channels: Width of the last hidden map; the one before has twice as many
                channels, the first dense layer 16 times as many units.
            leak: Slope of the activations below 0, in [0, 1); 0 for ReLUs.

        Raises:
            InputError: If images are too small or a hyperparameter is out of range.
        """
        super().__init__("generator")
        check_at_least("infogan", image_shape, _MIN_PIXELS)
        check_width("infogan.Generator.channels", channels)
        _check_leak("infogan.Generator.leak", leak)
        height, width, colors = image_shape
        self.start = (ceil(height / 4), ceil(width / 4), 2 * channels)
        self.dense = [
            Dense(input_size, 16 * channels, weights),
            Dense(16 * channels, prod(self.start), weights),
        ]
        half = (ceil(height / 2), ceil(width / 2))
        self.convs = [
            ConvTranspose2d(2 * channels, channels, half, weights, size=4, stride=2),
            ConvTranspose2d(
                channels, colors, (height, width), weights, size=4, stride=2
            ),
        ]
        self.norms = []
        if norm is not None:
            self.norms = [
                norm(16 * channels, sizes, weights, spatial=False),
                norm(prod(self.start), sizes, weights, spatial=False),
                norm(channels, sizes, weights),
            ]
        self.leak = leak

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, image channels] in [0, 1]."""

        def activate(x: tf.Tensor, index: int) -> tf.Tensor:
            if self.norms:
                x = self.norms[index](x, condition, training)
            return tf.nn.leaky_relu(x, alpha=self.leak)

        x = activate(self.dense[0](inputs), 0)
        x = activate(self.dense[1](x), 1)
        x = activate(self.convs[0](tf.reshape(x, [-1, *self.start])), 2)
        return to_pixels(self.convs[1](x), "sigmoid")


@config.register("infogan")
class Backbone(tf.Module):
    """Two 4x4 convolutions of stride 2 and a dense layer with leaky ReLUs.

    Chen et al., "InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets", 2016, https://arxiv.org/abs/1606.03657,
    Appendix C.1: what its discriminator and its recognition network share. The paper's
    slope is 0.1, that of compare_gan (https://github.com/google/compare_gan,
    infogan.py) is 0.2. Both normalize by the batch, all but the first layer; here it is
    none or layer normalization. The features are the units of the dense layer.

    Attributes:
        feature_size: Number of units of the dense layer.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 64,
        leak: float = 0.1,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), at least 5 pixels each way.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each activation but the first: None
                or norms.LayerNorm.
            channels: Width of the first map; the second has twice as many channels,
                the dense layer 16 times as many units.
            leak: Slope of the activations below 0, in [0, 1).

        Raises:
            InputError: If images are too small, the normalization is not supported,
                or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        check_at_least("infogan", image_shape, _MIN_PIXELS)
        check_width("infogan.Backbone.channels", channels)
        _check_leak("infogan.Backbone.leak", leak)
        height, width, colors = image_shape
        self.flat_size = ceil(height / 4) * ceil(width / 4) * 2 * channels
        self.feature_size = 16 * channels
        self.convs = [
            Conv2d(colors, channels, weights, size=4, stride=2),
            Conv2d(channels, 2 * channels, weights, size=4, stride=2),
        ]
        self.dense = Dense(self.flat_size, self.feature_size, weights)
        self.norms = []
        if norm is not None:
            self.norms = [
                discriminator_norm(norm, 2 * channels, weights, "infogan"),
                discriminator_norm(
                    norm, self.feature_size, weights, "infogan", spatial=False
                ),
            ]
        self.leak = leak

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns the units' values for images in [0, 1], and each layer's output."""

        def activate(x: tf.Tensor, index: int | None = None) -> tf.Tensor:
            if self.norms and index is not None:
                x = self.norms[index](x, Condition(), training)
            return tf.nn.leaky_relu(x, alpha=self.leak)

        block0 = activate(self.convs[0](images))
        block1 = activate(self.convs[1](block0), 0)
        block2 = activate(self.dense(tf.reshape(block1, [-1, self.flat_size])), 1)
        return Representation(
            flatten(block2, self.feature_size),
            {"block0": block0, "block1": block1, "block2": block2},
        )


def _check_leak(name: str, leak: float) -> None:
    if not 0.0 <= leak < 1.0:
        raise InputError(f"{name} must be in [0, 1), not {leak}.")
