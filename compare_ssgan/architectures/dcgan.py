"""The convolutional networks of DCGAN, as in compare_gan."""

from math import ceil, prod

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_at_least, check_width
from compare_ssgan.architectures.ends import flatten, to_pixels
from compare_ssgan.layers.basic import Conv2d, ConvTranspose2d, Dense
from compare_ssgan.layers.normalization import NormFactory, discriminator_norm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_MIN_PIXELS = 17  # Below, the generator's first map would be a single pixel.


@config.register("dcgan")
class Generator(tf.Module):
    """Dense layer and four 5x5 transposed convolutions of stride 2.

    Radford et al., "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, https://arxiv.org/abs/1511.06434, Fig. 1,
    with half its width and 5x5 kernels as in compare_gan
    (https://github.com/google/compare_gan, dcgan.py). Sizes that 16 does not divide
    start from the next larger map: 28 pixels are made as 2, 4, 7, 14, 28.
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
            image_shape: (height, width, channels), at least 17 pixels each way.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of the last hidden map; those before have 2, 4 and 8 times
                as many channels.

        Raises:
            InputError: If images are too small or a hyperparameter is out of range.
        """
        super().__init__("generator")
        check_at_least("dcgan", image_shape, _MIN_PIXELS)
        check_width("dcgan.Generator.channels", channels)
        height, width, colors = image_shape
        self.start = (ceil(height / 16), ceil(width / 16), 8 * channels)
        self.dense = Dense(input_size, prod(self.start), weights)
        self.convs, self.norms = [], []
        in_channels = 8 * channels
        for scale, out_channels in (
            (8, 4 * channels),
            (4, 2 * channels),
            (2, channels),
            (1, colors),
        ):
            if norm is not None:
                self.norms.append(norm(in_channels, sizes, weights))
            self.convs.append(
                ConvTranspose2d(
                    in_channels,
                    out_channels,
                    (ceil(height / scale), ceil(width / scale)),
                    weights,
                    size=5,
                    stride=2,
                )
            )
            in_channels = out_channels

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, image channels] in [0, 1]."""
        x = tf.reshape(self.dense(inputs), [-1, *self.start])
        for index, conv in enumerate(self.convs):
            if self.norms:
                x = self.norms[index](x, condition, training)
            x = conv(tf.nn.relu(x))
        return to_pixels(x, "tanh")


@config.register("dcgan")
class Backbone(tf.Module):
    """Four 5x5 convolutions of stride 2 with leaky ReLUs.

    Radford et al., "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, https://arxiv.org/abs/1511.06434, Sec. 3,
    with 5x5 kernels and 1, 2, 4 and 8 times the base width as in compare_gan
    (https://github.com/google/compare_gan, dcgan.py). There the normalization, of
    every layer but the first, is batch normalization or none; here it is none or layer
    normalization. The features are the last map, flattened.

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
            image_shape: (height, width, channels), at least 17 pixels each way.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each leaky ReLU but the first: None
                or norms.LayerNorm.
            channels: Width of the first map.

        Raises:
            InputError: If images are too small, the normalization is not supported,
                or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        check_at_least("dcgan", image_shape, _MIN_PIXELS)
        check_width("dcgan.Backbone.channels", channels)
        height, width, in_channels = image_shape
        self.convs, self.norms = [], []
        for factor in (1, 2, 4, 8):
            out_channels = factor * channels
            self.convs.append(
                Conv2d(in_channels, out_channels, weights, size=5, stride=2)
            )
            if norm is not None and factor > 1:
                self.norms.append(
                    discriminator_norm(norm, out_channels, weights, "dcgan")
                )
            in_channels = out_channels
        self.feature_size = ceil(height / 16) * ceil(width / 16) * in_channels

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns flat features of images in [0, 1], and the output of each layer."""
        x, blocks = images, {}
        for index, conv in enumerate(self.convs):
            x = conv(x)
            if self.norms and index:
                x = self.norms[index - 1](x, Condition(), training)
            x = tf.nn.leaky_relu(x, alpha=0.2)
            blocks[f"block{index}"] = x
        return Representation(flatten(x, self.feature_size), blocks)
