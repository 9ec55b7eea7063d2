"""The residual networks of compare_gan for 4 to 128 pixels; ResNet19 in print."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_square, check_width
from compare_ssgan.architectures.ends import pool, to_pixels
from compare_ssgan.architectures.residual import (
    Stage,
    discriminator_norms,
    generator_norms,
    residual_blocks,
    run_discriminator_blocks,
)
from compare_ssgan.layers.basic import Conv2d, Dense
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.resample import Upsampling
from compare_ssgan.layers.resnet import ShortcutSize
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_START = 4  # Height and width of the generator's first map.
_SIZES = (4, 8, 16, 32, 64, 128)


@config.register("resnet5")
class Generator(tf.Module):
    """Dense layer to 4x4, five residual blocks, convolution to pixels, sigmoid.

    Kurach et al., "A Large-Scale Study on Regularization and Normalization in GANs",
    2019, https://arxiv.org/abs/1807.04720, there ResNet19, after Gulrajani et al.,
    "Improved Training of Wasserstein GANs", 2017, https://arxiv.org/abs/1704.00028; as
    in compare_gan (https://github.com/google/compare_gan, resnet5.py): widths of 8, 8,
    4, 4, 2 and 1 times the base width, and a 3x3 convolution on every shortcut. The
    first blocks double the resolution until it is the image's, the others keep it.
    Up-sampling repeats pixels as in the papers; compare_gan inserts zeros. Spectral
    normalization covers every kernel; compare_gan's leaves out the dense layer and
    the last convolution.
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
        shortcut_kernel_size: ShortcutSize = 3,
        upsampling: Upsampling = "nearest",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), square, 4, 8, 16, 32, 64 or 128
                pixels each way.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of the last block; the first has 8 times as many channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut; 1 for a
                1x1 convolution where the shape changes and the identity elsewhere.
            upsampling: "nearest" or "zeros" (zero insertion).

        Raises:
            InputError: If the network makes no images of that size or a
                hyperparameter is out of range.
        """
        super().__init__("generator")
        check_square("resnet5", image_shape, _SIZES)
        check_width("resnet5.Generator.channels", channels)
        check_choice("resnet5.Generator.upsampling", upsampling, Upsampling)
        make = generator_norms(norm, sizes, weights)
        widths = [factor * channels for factor in (8, 8, 4, 4, 2, 1)]
        num_up = _SIZES.index(image_shape[0])
        stages: list[Stage] = [
            (widths[index], widths[index + 1], "up" if index < num_up else None)
            for index in range(5)
        ]
        self.start = (_START, _START, widths[0])
        self.dense = Dense(input_size, _START**2 * widths[0], weights)
        self.blocks = residual_blocks(
            stages,
            weights,
            make,
            shortcut_kernel_size=shortcut_kernel_size,
            upsampling=upsampling,
        )
        self.norm = None if make is None else make(channels)
        self.conv = Conv2d(channels, image_shape[2], weights)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, image channels] in [0, 1]."""
        x = tf.reshape(self.dense(inputs), [-1, *self.start])
        for block in self.blocks:
            x = block(x, condition, training)
        if self.norm is not None:
            x = self.norm(x, condition, training)
        return to_pixels(self.conv(tf.nn.relu(x)), "sigmoid")


@config.register("resnet5")
class Backbone(tf.Module):
    """Six down-sampling residual blocks, ReLU, mean pooling.

    Kurach et al., "A Large-Scale Study on Regularization and Normalization in GANs",
    2019, https://arxiv.org/abs/1807.04720, as in compare_gan
    (https://github.com/google/compare_gan, resnet5.py): widths of 1, 2, 4, 4, 8 and 8
    times the base width. A map of one pixel, which 32x32 images have after five
    blocks, stays one. Without normalization the first block has no ReLU before its
    first convolution; there compare_gan's does nothing, as pixels are not negative.

    Attributes:
        feature_size: Size of the pooled features.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 64,
        shortcut_kernel_size: ShortcutSize = 3,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), square, 4, 8, 16, 32, 64 or 128
                pixels each way.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks: None or
                norms.LayerNorm.
            channels: Width of the first block; the last has 8 times as many channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut; 1 for a
                1x1 convolution where the shape changes and the identity elsewhere.

        Raises:
            InputError: If the network takes no images of that size, the
                normalization is not supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        check_square("resnet5", image_shape, _SIZES)
        check_width("resnet5.Backbone.channels", channels)
        size, in_channels = image_shape[0], image_shape[2]
        stages: list[Stage] = []
        for factor in (1, 2, 4, 4, 8, 8):
            out_channels = factor * channels
            stages.append((in_channels, out_channels, "down" if size > 1 else None))
            size, in_channels = size // 2, out_channels
        self.blocks = residual_blocks(
            stages,
            weights,
            discriminator_norms(norm, weights, "resnet5"),
            shortcut_kernel_size=shortcut_kernel_size,
            activate_first=norm is not None,
        )
        self.feature_size = 8 * channels

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns [batch, 8 channels] features of images in [0, 1], block outputs."""
        x, blocks = run_discriminator_blocks(self.blocks, images, training)
        return Representation(pool(tf.nn.relu(x), "mean"), blocks)
