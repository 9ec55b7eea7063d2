"""The deep residual networks of compare_gan for 128x128 images."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_width
from compare_ssgan.architectures.ends import flatten, to_pixels
from compare_ssgan.architectures.residual import (
    Stage,
    discriminator_norms,
    generator_norms,
    residual_blocks,
    run_discriminator_blocks,
)
from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d, Dense
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.resample import Resample, Upsampling
from compare_ssgan.layers.resnet import ShortcutSize
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_SIZE = 128
_SMALLEST = 4  # Height and width of the smallest maps.
# Blocks of each of the six widths before the resolution changes.
_NUM_BLOCKS = 5
_FACTORS = (32, 16, 8, 4, 2, 1)


@config.register("resnet30")
class Generator(tf.Module):
    """Dense layer to 4x4, 35 residual blocks, convolution to pixels, sigmoid.

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017,
    https://arxiv.org/abs/1704.00028, train residual networks as deep; this is the one
    of compare_gan (https://github.com/google/compare_gan, resnet30.py), with a 3x3
    convolution on every shortcut. Named after its thirty blocks that keep the
    resolution, five of each of six widths, it has five more that double it and halve
    the width. Neither a normalization nor a ReLU stands before the last convolution.
    Up-sampling repeats pixels as in the paper; compare_gan inserts zeros. Spectral
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
        channels: int = 16,
        shortcut_kernel_size: ShortcutSize = 3,
        upsampling: Upsampling = "nearest",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (128, 128, any number of channels).
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of the last blocks; the first have 32 times as many
                channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut; 1 for a
                1x1 convolution where the shape changes and the identity elsewhere.
            upsampling: "nearest" or "zeros" (zero insertion).

        Raises:
            InputError: If images are not 128x128 or a hyperparameter is out of range.
        """
        super().__init__("generator")
        _check_size(image_shape)
        check_width("resnet30.Generator.channels", channels)
        check_choice("resnet30.Generator.upsampling", upsampling, Upsampling)
        widths = [factor * channels for factor in _FACTORS]
        self.start = (_SMALLEST, _SMALLEST, widths[0])
        self.dense = Dense(input_size, _SMALLEST**2 * widths[0], weights)
        self.blocks = residual_blocks(
            _stages(widths, "up"),
            weights,
            generator_norms(norm, sizes, weights),
            shortcut_kernel_size=shortcut_kernel_size,
            upsampling=upsampling,
        )
        self.conv = Conv2d(channels, image_shape[2], weights)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, 128, 128, image channels] in [0, 1]."""
        x = tf.reshape(self.dense(inputs), [-1, *self.start])
        for block in self.blocks:
            x = block(x, condition, training)
        return to_pixels(self.conv(x), "sigmoid")


@config.register("resnet30")
class Backbone(tf.Module):
    """Convolution, 35 residual blocks down to 4x4, flattened.

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017,
    https://arxiv.org/abs/1704.00028, in the form of compare_gan
    (https://github.com/google/compare_gan, resnet30.py): the generator backwards, from
    a 3x3 convolution of the pixels on, without a ReLU at the end. Spectral
    normalization covers every kernel; compare_gan's leaves out that convolution.

    Attributes:
        feature_size: Size of the flattened features.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 16,
        shortcut_kernel_size: ShortcutSize = 3,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (128, 128, any number of channels).
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU: None or norms.LayerNorm.
            channels: Width of the first blocks; the last have 32 times as many
                channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut; 1 for a
                1x1 convolution where the shape changes and the identity elsewhere.

        Raises:
            InputError: If images are not 128x128, the normalization is not
                supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        _check_size(image_shape)
        check_width("resnet30.Backbone.channels", channels)
        widths = [factor * channels for factor in reversed(_FACTORS)]
        self.conv = Conv2d(image_shape[2], channels, weights)
        self.blocks = residual_blocks(
            _stages(widths, "down"),
            weights,
            discriminator_norms(norm, weights, "resnet30"),
            shortcut_kernel_size=shortcut_kernel_size,
        )
        self.feature_size = _SMALLEST**2 * widths[-1]

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns flat features of images in [0, 1], and the output of each block."""
        x = self.conv(images)
        x, blocks = run_discriminator_blocks(self.blocks, x, training)
        return Representation(flatten(x, self.feature_size), blocks)


def _stages(widths: list[int], resample: Resample) -> list[Stage]:
    """Returns five blocks of each width, and one between a width and the next."""
    stages: list[Stage] = []
    for index, width in enumerate(widths):
        stages += [(width, width, None)] * _NUM_BLOCKS
        if index + 1 < len(widths):
            stages.append((width, widths[index + 1], resample))
    return stages


def _check_size(image_shape: ImageShape) -> None:
    if tuple(image_shape[:2]) != (_SIZE, _SIZE):
        raise InputError(
            f"resnet30 makes images of 128x128 pixels, not {image_shape[0]}x"
            f"{image_shape[1]}. Set GENERATOR and BACKBONE to resnet5's or dcgan's, "
            "or use a dataset of 128x128 images."
        )
