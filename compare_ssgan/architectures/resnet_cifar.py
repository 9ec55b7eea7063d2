"""The residual networks for 32x32 images of SNGAN, and compare_gan's form of them."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_width
from compare_ssgan.architectures.conditions import Conditions
from compare_ssgan.architectures.ends import (
    InputRange,
    Output,
    Pooling,
    from_pixels,
    pool,
    to_pixels,
)
from compare_ssgan.architectures.residual import (
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

_NUM_UP = 3
_START = 4  # Height and width of the generator's first map.


@config.register("resnet_cifar")
class Generator(tf.Module):
    """Dense layer to 4x4, three up-sampling residual blocks, convolution to pixels.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 4a. The defaults are compare_gan's
    (https://github.com/google/compare_gan, resnet_cifar.py), hence SSGAN's: a 3x3
    convolution on every shortcut and a sigmoid at the end. Up-sampling repeats pixels
    as in the paper; compare_gan inserts zeros. `shortcut_kernel_size = 1` and
    `output = "tanh"` give the paper's network. compare_gan's hierarchical latents and
    embeddings, which both have the size of z, are options; the last normalization
    sees no chunk of z, and so needs labels where it is conditional.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        input_size: int,
        sizes: ConditionSizes,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 256,
        shortcut_kernel_size: ShortcutSize = 3,
        upsampling: Upsampling = "nearest",
        output: Output = "sigmoid",
        hierarchical_z: bool = False,
        embed_z: bool = False,
        embed_y: bool = False,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (32, 32, any number of channels).
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU, or None.
            channels: Width of every block.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut, 1 for a
                1x1 convolution.
            upsampling: "nearest" or "zeros" (zero insertion).
            output: "sigmoid", or "tanh" for (tanh + 1) / 2.
            hierarchical_z: Whether z is cut into four chunks, one for the dense layer
                and one for each block, beside the label.
            embed_z: Whether an affine map of z of the same size takes its place.
            embed_y: Whether an affine map of the label takes its place, of the size
                of z.

        Raises:
            InputError: If images are not 32x32, z cannot be cut into chunks, or a
                hyperparameter is out of range or has no effect.
        """
        super().__init__("generator")
        _check_size(image_shape)
        check_width("resnet_cifar.Generator.channels", channels)
        check_choice("resnet_cifar.Generator.upsampling", upsampling, Upsampling)
        check_choice("resnet_cifar.Generator.output", output, Output)
        self.conditions = Conditions(
            "resnet_cifar.Generator",
            _NUM_UP,
            input_size,
            sizes,
            weights,
            norm,
            hierarchical_z=hierarchical_z,
            embed_z=embed_z,
            embed_y=embed_y,
            embed_y_dim=input_size if embed_y else None,
            embed_bias=embed_z or embed_y,
            as_layers=True,
        )
        self.dense = Dense(self.conditions.first_size, _START**2 * channels, weights)
        self.blocks = residual_blocks(
            [(channels, channels, "up")] * _NUM_UP,
            weights,
            generator_norms(norm, self.conditions.sizes, weights),
            shortcut_kernel_size=shortcut_kernel_size,
            upsampling=upsampling,
        )
        last_norm = generator_norms(norm, self.conditions.whole_sizes, weights)
        self.norm = None if last_norm is None else last_norm(channels)
        self.conv = Conv2d(channels, image_shape[2], weights)
        self.channels, self.output = channels, output

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, 32, 32, image channels] in [0, 1]."""
        shares = self.conditions(inputs, condition)
        x = tf.reshape(self.dense(shares.first), [-1, _START, _START, self.channels])
        for block, told in zip(self.blocks, shares.blocks, strict=True):
            x = block(x, told, training)
        if self.norm is not None:
            x = self.norm(x, shares.whole, training)
        return to_pixels(self.conv(tf.nn.relu(x)), self.output)


@config.register("resnet_cifar")
class Backbone(tf.Module):
    """Two down-sampling and two further residual blocks, ReLU, pooling.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Table 4b. The defaults are compare_gan's
    (https://github.com/google/compare_gan, resnet_cifar.py), hence SSGAN's: a 3x3
    convolution on every shortcut, mean pooling, pixels in [0, 1].
    `shortcut_kernel_size = 1`, `pooling = "sum"` and `input_range = "centered"` give
    the paper's network. Without normalization the first block has no ReLU before its
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
        channels: int = 128,
        shortcut_kernel_size: ShortcutSize = 3,
        pooling: Pooling = "mean",
        input_range: InputRange = "unit",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (32, 32, any number of channels).
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks: None or
                norms.LayerNorm.
            channels: Width of every block.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut; 1 for a
                1x1 convolution where the shape changes and the identity elsewhere.
            pooling: "mean" or "sum" over positions.
            input_range: "unit" uses pixels as they are, "centered" maps them to
                [-1, 1] first.

        Raises:
            InputError: If images are not 32x32, the normalization is not supported,
                or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        _check_size(image_shape)
        name = "resnet_cifar.Backbone"
        check_width(f"{name}.channels", channels)
        check_choice(f"{name}.pooling", pooling, Pooling)
        check_choice(f"{name}.input_range", input_range, InputRange)
        self.blocks = residual_blocks(
            [
                (image_shape[2], channels, "down"),
                (channels, channels, "down"),
                (channels, channels, None),
                (channels, channels, None),
            ],
            weights,
            discriminator_norms(norm, weights, "resnet_cifar"),
            shortcut_kernel_size=shortcut_kernel_size,
            activate_first=norm is not None,
        )
        self.pooling, self.input_range = pooling, input_range
        self.feature_size = channels

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns [batch, channels] features of images in [0, 1], and block outputs."""
        x = from_pixels(images, self.input_range)
        x, blocks = run_discriminator_blocks(self.blocks, x, training)
        return Representation(pool(tf.nn.relu(x), self.pooling), blocks)


def _check_size(image_shape: ImageShape) -> None:
    if tuple(image_shape[:2]) != (32, 32):
        raise InputError(
            f"resnet_cifar makes images of 32x32 pixels, not {image_shape[0]}x"
            f"{image_shape[1]}. Set GENERATOR and BACKBONE to sndcgan's or "
            "dcgan's, or use a dataset of 32x32 images."
        )
