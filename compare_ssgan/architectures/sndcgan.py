"""The convolutional networks of SNGAN, in compare_gan's widths."""

from math import ceil, prod

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_at_least, check_width
from compare_ssgan.architectures.ends import flatten, to_pixels
from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d, ConvTranspose2d, Dense
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_MIN_PIXELS = 9  # Below, the generator's first map would be a single pixel.


@config.register("sndcgan")
class Generator(tf.Module):
    """Dense layer, three 4x4 transposed convolutions of stride 2, 3x3 convolution.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 3a, as in compare_gan
    (https://github.com/google/compare_gan, sndcgan.py): the first normalization acts
    on the vector that the dense layer makes, per unit. Sizes that 8 does not divide
    start from the next larger map: 28 pixels are made as 4, 7, 14, 28.
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
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), at least 9 pixels each way.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of the last map; those before have 2, 4 and 8 times as
                many channels.

        Raises:
            InputError: If images are too small or a hyperparameter is out of range.
        """
        super().__init__("generator")
        check_at_least("sndcgan", image_shape, _MIN_PIXELS)
        check_width("sndcgan.Generator.channels", channels)
        height, width, colors = image_shape
        self.start = (ceil(height / 8), ceil(width / 8), 8 * channels)
        units = prod(self.start)
        self.dense = Dense(input_size, units, weights)
        self.dense_norm = (
            None if norm is None else norm(units, sizes, weights, spatial=False)
        )
        self.convs, self.norms = [], []
        for factor in (4, 2, 1):
            self.convs.append(
                ConvTranspose2d(
                    2 * factor * channels,
                    factor * channels,
                    (ceil(height / factor), ceil(width / factor)),
                    weights,
                    size=4,
                    stride=2,
                )
            )
            if norm is not None:
                self.norms.append(norm(factor * channels, sizes, weights))
        self.output = Conv2d(channels, colors, weights)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, image channels] in [0, 1]."""
        x = self.dense(inputs)
        if self.dense_norm is not None:
            x = self.dense_norm(x, condition, training)
        x = tf.reshape(tf.nn.relu(x), [-1, *self.start])
        for index, conv in enumerate(self.convs):
            x = conv(x)
            if self.norms:
                x = self.norms[index](x, condition, training)
            x = tf.nn.relu(x)
        return to_pixels(self.output(x), "tanh")


@config.register("sndcgan")
class Backbone(tf.Module):
    """Seven convolutions, alternately 3x3 of stride 1 and 4x4 of stride 2.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 3b, in the widths of compare_gan
    (https://github.com/google/compare_gan, sndcgan.py): 1, 2, 2, 4, 4, 8 and 8 times
    the base width, where the paper has 1, 1, 2, 2, 4, 4 and 8. Pixels are mapped to
    [-1, 1] first; the features are the last map, flattened.

    Attributes:
        feature_size: Size of the flattened features.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 64,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), at least 9 pixels each way.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Must be None.
            channels: Width of the first map.

        Raises:
            InputError: If images are too small, a normalization is asked for, or a
                hyperparameter is out of range.
        """
        super().__init__("backbone")
        check_at_least("sndcgan", image_shape, _MIN_PIXELS)
        check_width("sndcgan.Backbone.channels", channels)
        if norm is not None:
            raise InputError(
                "The discriminator of sndcgan supports no normalization, not "
                f"{getattr(norm, '__name__', type(norm).__name__)}. Set "
                "gans.ModularGAN.discriminator_norm = None."
            )
        height, width, in_channels = image_shape
        self.convs = []
        for index, factor in enumerate((1, 2, 2, 4, 4, 8, 8)):
            size, stride = (4, 2) if index % 2 else (3, 1)
            self.convs.append(
                Conv2d(
                    in_channels, factor * channels, weights, size=size, stride=stride
                )
            )
            in_channels = factor * channels
        self.feature_size = ceil(height / 8) * ceil(width / 8) * in_channels

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns flat features of images in [0, 1], and the output of each layer."""
        del training
        x = 2.0 * images - 1.0
        blocks = {}
        for index, conv in enumerate(self.convs):
            x = tf.nn.leaky_relu(conv(x), alpha=0.1)
            blocks[f"block{index}"] = x
        return Representation(flatten(x, self.feature_size), blocks)
