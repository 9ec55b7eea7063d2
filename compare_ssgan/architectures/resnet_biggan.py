"""The residual networks of BigGAN, for images of 32 to 512 pixels."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_square, check_width
from compare_ssgan.architectures.conditions import Conditions
from compare_ssgan.architectures.ends import InputRange, from_pixels, pool
from compare_ssgan.architectures.residual import (
    discriminator_norms,
    generator_norms,
    residual_blocks,
)
from compare_ssgan.architectures.stacks import (
    Attention,
    ImageHead,
    Stack,
    attended_blocks,
)
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.resample import Upsampling
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_START = 4  # Height and width of the generator's first map.

# Widths of maps in units of `channels`, and sizes of the maps with attention, by the
# size of images. The first width of a generator is that of its first map.
_GENERATOR_WIDTHS = {
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
_GENERATOR_ATTENTION = {32: (), 64: (64,), 128: (64,), 256: (128,), 512: (64,)}
_BACKBONE_WIDTHS = {
    32: (2, 2, 2, 2),
    64: (2, 4, 8, 16, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
    512: (1, 1, 2, 4, 8, 8, 16, 16),
}
_BACKBONE_ATTENTION = {32: (16,), 64: (32,), 128: (64,), 256: (64,), 512: (64,)}


@config.register("resnet_biggan")
class Generator(tf.Module):
    """Dense layer to 4x4, up-sampling residual blocks, attention, convolution.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Appendix B, in the widths of compare_gan
    (https://github.com/google/compare_gan, resnet_biggan.py): of the maps from 4x4 on,
    in units of `channels`,

        32 pixels   4 4 4 4               no attention
        64 pixels   16 16 8 4 2           at 64x64
        128 pixels  16 16 8 4 2 1         at 64x64
        256 pixels  16 16 8 8 4 2 1       at 128x128
        512 pixels  16 16 8 8 4 2 1 1     at 64x64

    Every block has a 1x1 convolution as its shortcut. Normalizations that labels
    modulate see a chunk of z and an embedding of the label; in a game without labels
    they see the chunk alone. Pixels are (tanh + 1) / 2. Up-sampling repeats pixels as
    in the paper; compare_gan inserts zeros, and its conditional gain is not centered
    at 1 (norms.ConditionalBatchNorm.centered).
    """

    def __init__(
        self,
        image_shape: ImageShape,
        input_size: int,
        sizes: ConditionSizes,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 96,
        attention: Attention = "default",
        hierarchical_z: bool = True,
        embed_z: bool = False,
        embed_y: bool | None = None,
        embed_y_dim: int | None = None,
        embed_bias: bool = False,
        upsampling: Upsampling = "nearest",
        final_norm: Callable[..., Any] | None = None,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (size, size, any number of channels), size 32, 64, 128, 256
                or 512.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them but the embeddings are spectrally
                normalized if any is.
            norm: Makes the normalization before each ReLU of the blocks, or None.
            channels: Unit of the widths above.
            attention: The blocks that self-attention follows: "default" for those
                above, None for none, or one or several of: the height and width of
                a block's output, or "B1" for the first block.
            hierarchical_z: Whether z is cut into equal chunks, one for the dense layer
                and one for each block, beside the label.
            embed_z: Whether a linear map of z of the same size takes its place.
            embed_y: Whether the blocks share an embedding of the label; None for
                wherever their normalizations see labels.
            embed_y_dim: Size of the embedding of the label; None means 128.
            embed_bias: Whether embeddings have a bias.
            upsampling: "nearest" or "zeros" (zero insertion).
            final_norm: Makes the normalization before the last ReLU, which sees no
                condition; None for norms.BatchNorm where blocks have a normalization.

        Raises:
            InputError: If images are of another size, z cannot be cut into chunks, or
                a hyperparameter is out of range or has no effect.
        """
        super().__init__("generator")
        name = "resnet_biggan.Generator"
        check_square("resnet_biggan", image_shape, _GENERATOR_WIDTHS)
        check_width(f"{name}.channels", channels)
        check_choice(f"{name}.upsampling", upsampling, Upsampling)
        size = image_shape[0]
        widths = [width * channels for width in _GENERATOR_WIDTHS[size]]
        map_sizes = [_START * 2**i for i in range(1, len(widths))]
        attended = attended_blocks(
            name, attention, map_sizes, _GENERATOR_ATTENTION[size], first=True
        )
        self.conditions = Conditions(
            name,
            len(map_sizes),
            input_size,
            sizes,
            weights,
            norm,
            hierarchical_z=hierarchical_z,
            embed_z=embed_z,
            embed_y=embed_y,
            embed_y_dim=embed_y_dim,
            embed_bias=embed_bias,
        )
        self.start = (_START, _START, widths[0])
        self.dense = Dense(self.conditions.first_size, _START**2 * widths[0], weights)
        blocks = residual_blocks(
            [(before, after, "up") for before, after in pairwise(widths)],
            weights,
            generator_norms(norm, self.conditions.sizes, weights),
            shortcut_kernel_size=1,
            upsampling=upsampling,
        )
        self.stack = Stack(blocks, widths[1:], map_sizes, attended, weights)
        self.head = ImageHead(widths[-1], image_shape[2], weights, norm, final_norm)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, size, size, image channels] in [0, 1]."""
        shares = self.conditions(inputs, condition)
        x = tf.reshape(self.dense(shares.first), [-1, *self.start])
        x, _ = self.stack(x, shares.blocks, training)
        return self.head(x, training)


@config.register("resnet_biggan")
class Backbone(tf.Module):
    """Down-sampling residual blocks, one that keeps the size, ReLU, sum over positions.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Appendix B, in the widths of compare_gan
    (https://github.com/google/compare_gan, resnet_biggan.py): of the blocks' outputs,
    in units of `channels`,

        32 pixels   2 2 2 2               attention at 16x16
        64 pixels   2 4 8 16 16           at 32x32
        128 pixels  1 2 4 8 16 16         at 64x64
        256 pixels  1 2 4 8 8 16 16       at 64x64
        512 pixels  1 1 2 4 8 8 16 16     at 64x64

    The shortcut is a 1x1 convolution where the number of channels changes and the
    input itself (its 2x2 means) elsewhere. There compare_gan has no shortcut at all,
    `identity_skip = False`; neither has parameters. Pixels are mapped to [-1, 1] first,
    compare_gan's stay in [0, 1] (`input_range = "unit"`). Without normalization the
    first block has no ReLU before its first convolution, as in the authors' code; in
    compare_gan it has one, which does nothing to pixels that are not negative.

    Attributes:
        feature_size: Size of the pooled features.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 96,
        attention: Attention = "default",
        identity_skip: bool = True,
        input_range: InputRange = "centered",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (size, size, any number of channels), size 32, 64, 128, 256
                or 512.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks: None or
                norms.LayerNorm.
            channels: Unit of the widths above.
            attention: The blocks that self-attention follows: "default" for those
                above, None for none, or one or several of: the height and width of
                a block's output, or "B1" for the first block.
            identity_skip: Whether blocks that keep the number of channels have a
                shortcut.
            input_range: "unit" uses pixels as they are, "centered" maps them to
                [-1, 1] first.

        Raises:
            InputError: If images are of another size, the normalization is not
                supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        name = "resnet_biggan.Backbone"
        check_square("resnet_biggan", image_shape, _BACKBONE_WIDTHS)
        check_width(f"{name}.channels", channels)
        check_choice(f"{name}.input_range", input_range, InputRange)
        size = image_shape[0]
        widths = [width * channels for width in _BACKBONE_WIDTHS[size]]
        last = len(widths) - 1
        map_sizes = [size >> min(i + 1, last) for i in range(len(widths))]
        attended = attended_blocks(
            name, attention, map_sizes, _BACKBONE_ATTENTION[size], first=False
        )
        steps = enumerate(pairwise([image_shape[2], *widths]))
        blocks = residual_blocks(
            [(a, b, None if i == last else "down") for i, (a, b) in steps],
            weights,
            discriminator_norms(norm, weights, "resnet_biggan"),
            shortcut_kernel_size=1,
            activate_first=norm is not None,
            equal_shortcut="identity" if identity_skip else "none",
        )
        self.stack = Stack(blocks, widths, map_sizes, attended, weights)
        self.input_range, self.feature_size = input_range, widths[-1]

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns features of images in [0, 1], and the output of each block."""
        x = from_pixels(images, self.input_range)
        x, blocks = self.stack.unconditional(x, training)
        return Representation(pool(tf.nn.relu(x), "sum"), blocks)
