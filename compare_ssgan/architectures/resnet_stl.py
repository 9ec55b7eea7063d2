"""The residual networks of SNGAN for 48x48 images such as STL-10's."""

from math import prod

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_width
from compare_ssgan.architectures.ends import (
    InputRange,
    Output,
    Pooling,
    from_pixels,
    pool,
    to_pixels,
)
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
from compare_ssgan.layers.resample import Upsampling
from compare_ssgan.layers.resnet import ShortcutSize
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation


@config.register("resnet_stl")
class Generator(tf.Module):
    """Dense layer, three up-sampling residual blocks, convolution to pixels.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 5a. Shortcuts are 3x3 convolutions, as in
    compare_gan (https://github.com/google/compare_gan, resnet_stl.py), whose number
    of parameters this has; `shortcut_kernel_size = 1` gives the paper's. What has no
    parameters is the paper's; `upsampling = "zeros"` and `output = "sigmoid"` are
    compare_gan's. Spectral normalization covers every kernel; compare_gan's leaves out
    the dense layer and the last convolution.
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
        output: Output = "tanh",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), multiples of 16 pixels; 48x48 in
                the paper.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of the last block; the first map has 8 times as many
                channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut, 1 for a
                1x1 convolution.
            upsampling: "nearest" or "zeros" (zero insertion).
            output: "tanh" for (tanh + 1) / 2, or "sigmoid".

        Raises:
            InputError: If the network makes no images of that size or a
                hyperparameter is out of range.
        """
        super().__init__("generator")
        _check_size(image_shape)
        check_width("resnet_stl.Generator.channels", channels)
        check_choice("resnet_stl.Generator.upsampling", upsampling, Upsampling)
        check_choice("resnet_stl.Generator.output", output, Output)
        make = generator_norms(norm, sizes, weights)
        height, width, colors = image_shape
        stages: list[Stage] = [
            (2 * factor * channels, factor * channels, "up") for factor in (4, 2, 1)
        ]
        self.start = (height // 8, width // 8, 8 * channels)
        self.dense = Dense(input_size, prod(self.start), weights)
        self.blocks = residual_blocks(
            stages,
            weights,
            make,
            shortcut_kernel_size=shortcut_kernel_size,
            upsampling=upsampling,
        )
        self.norm = None if make is None else make(channels)
        self.conv = Conv2d(channels, colors, weights)
        self.output = output

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, image channels] in [0, 1]."""
        x = tf.reshape(self.dense(inputs), [-1, *self.start])
        for block in self.blocks:
            x = block(x, condition, training)
        if self.norm is not None:
            x = self.norm(x, condition, training)
        return to_pixels(self.conv(tf.nn.relu(x)), self.output)


@config.register("resnet_stl")
class Backbone(tf.Module):
    """Four down-sampling and one further residual block, ReLU, pooling.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 5b. Shortcuts are 3x3 convolutions, as in
    compare_gan (https://github.com/google/compare_gan, resnet_stl.py), whose number
    of parameters this has; `shortcut_kernel_size = 1` gives the paper's. What has no
    parameters is the paper's; `pooling = "mean"` and `input_range = "unit"` are
    compare_gan's. Without normalization the first block has no ReLU before its first
    convolution.

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
        pooling: Pooling = "sum",
        input_range: InputRange = "centered",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels), multiples of 16 pixels; 48x48 in
                the paper.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks: None or
                norms.LayerNorm.
            channels: Width of the first block; the last has 16 times as many channels.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut, 1 for a
                1x1 convolution.
            pooling: "sum" or "mean" over positions.
            input_range: "centered" maps pixels to [-1, 1] first, "unit" uses them as
                they are.

        Raises:
            InputError: If the network takes no images of that size, the
                normalization is not supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        _check_size(image_shape)
        check_width("resnet_stl.Backbone.channels", channels)
        check_choice("resnet_stl.Backbone.pooling", pooling, Pooling)
        check_choice("resnet_stl.Backbone.input_range", input_range, InputRange)
        self.blocks = residual_blocks(
            [
                (image_shape[2], channels, "down"),
                (channels, 2 * channels, "down"),
                (2 * channels, 4 * channels, "down"),
                (4 * channels, 8 * channels, "down"),
                (8 * channels, 16 * channels, None),
            ],
            weights,
            discriminator_norms(norm, weights, "resnet_stl"),
            shortcut_kernel_size=shortcut_kernel_size,
            activate_first=norm is not None,
        )
        self.pooling, self.input_range = pooling, input_range
        self.feature_size = 16 * channels

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns [batch, 16 channels] features of images in [0, 1], block outputs."""
        x = from_pixels(images, self.input_range)
        x, blocks = run_discriminator_blocks(self.blocks, x, training)
        return Representation(pool(tf.nn.relu(x), self.pooling), blocks)


def _check_size(image_shape: ImageShape) -> None:
    height, width, _ = image_shape
    if height % 16 or width % 16:
        raise InputError(
            "resnet_stl makes images whose height and width are multiples of 16, such "
            f"as 48x48, not {height}x{width}. Use a dataset of such images, or set "
            "GENERATOR and BACKBONE to networks for this size, such as dcgan's."
        )
