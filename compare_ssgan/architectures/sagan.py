"""The residual networks of SAGAN."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_square, check_width
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

# Widths of maps in units of `channels`, by the size of images. The first width of a
# generator is that of its first map.
_GENERATOR_WIDTHS = {
    32: (8, 4, 2, 1),
    64: (16, 8, 4, 2, 1),
    128: (16, 16, 8, 4, 2, 1),
}
_BACKBONE_WIDTHS = {
    32: (1, 2, 4, 4),
    64: (1, 2, 4, 8, 8),
    128: (1, 2, 4, 8, 16, 16),
}


@config.register("sagan")
class Generator(tf.Module):
    """Dense layer to 4x4, up-sampling residual blocks, attention at 32x32, convolution.

    Zhang et al., "Self-Attention Generative Adversarial Networks", 2019,
    https://arxiv.org/abs/1805.08318. For 128 pixels the structure is that of the
    authors' code (https://github.com/brain-research/self-attention-gan): widths 16 16
    8 4 2 1 in units of `channels`, a 1x1 convolution on every shortcut, nearest
    up-sampling, attention after the block that makes a map of 32x32, a normalization
    without labels at the end, (tanh + 1) / 2. The paper has no smaller images; 64
    pixels (16 8 4 2 1) and 32 pixels (8 4 2 1) leave out the first blocks.
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
        attention: Attention = "default",
        upsampling: Upsampling = "nearest",
        final_norm: Callable[..., Any] | None = None,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (size, size, any number of channels), size 32, 64 or 128.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks, or None.
            channels: Unit of the widths above.
            attention: The blocks that self-attention follows: "default" for 32x32,
                None for none, or one or several of: the height and width of a
                block's output, or "B1" for the first block.
            upsampling: "nearest" or "zeros" (zero insertion).
            final_norm: Makes the normalization before the last ReLU, which sees no
                condition; None for norms.BatchNorm where blocks have a normalization.

        Raises:
            InputError: If images are of another size or a hyperparameter is out of
                range.
        """
        super().__init__("generator")
        name = "sagan.Generator"
        check_square("sagan", image_shape, _GENERATOR_WIDTHS)
        check_width(f"{name}.channels", channels)
        check_choice(f"{name}.upsampling", upsampling, Upsampling)
        widths = [width * channels for width in _GENERATOR_WIDTHS[image_shape[0]]]
        map_sizes = [_START * 2**i for i in range(1, len(widths))]
        attended = attended_blocks(name, attention, map_sizes, (32,), first=True)
        self.start = (_START, _START, widths[0])
        self.dense = Dense(input_size, _START**2 * widths[0], weights)
        blocks = residual_blocks(
            [(before, after, "up") for before, after in pairwise(widths)],
            weights,
            generator_norms(norm, sizes, weights),
            shortcut_kernel_size=1,
            upsampling=upsampling,
        )
        self.stack = Stack(blocks, widths[1:], map_sizes, attended, weights)
        self.head = ImageHead(widths[-1], image_shape[2], weights, norm, final_norm)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, size, size, image channels] in [0, 1]."""
        x = tf.reshape(self.dense(inputs), [-1, *self.start])
        x, _ = self.stack(x, [condition] * len(self.stack.blocks), training)
        return self.head(x, training)


@config.register("sagan")
class Backbone(tf.Module):
    """Down-sampling residual blocks, one that keeps the size, ReLU, sum over positions.

    Zhang et al., "Self-Attention Generative Adversarial Networks", 2019,
    https://arxiv.org/abs/1805.08318. For 128 pixels the structure is that of the
    authors' code (https://github.com/brain-research/self-attention-gan): widths 1 2 4
    8 16 16 in units of `channels`, attention after the block that makes a map of
    32x32, 1x1 convolutions on the shortcuts of blocks that down-sample and the
    identity on the last, no ReLU before the first convolution. The paper has no
    smaller images; 64 pixels (1 2 4 8 8) and 32 pixels (1 2 4 4) leave out the last
    blocks that down-sample. At 32 pixels no map is 32x32, hence no attention.

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
        attention: Attention = "default",
        input_range: InputRange = "centered",
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (size, size, any number of channels), size 32, 64 or 128.
            weights: How to make kernels; all of them are spectrally normalized if
                any is.
            norm: Makes the normalization before each ReLU of the blocks: None or
                norms.LayerNorm.
            channels: Unit of the widths above.
            attention: The blocks that self-attention follows: "default" for 32x32
                where there is such a map, None for none, or one or several of: the
                height and width of a block's output, or "B1" for the first block.
            input_range: "unit" uses pixels as they are, "centered" maps them to
                [-1, 1] first.

        Raises:
            InputError: If images are of another size, the normalization is not
                supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        name = "sagan.Backbone"
        check_square("sagan", image_shape, _BACKBONE_WIDTHS)
        check_width(f"{name}.channels", channels)
        check_choice(f"{name}.input_range", input_range, InputRange)
        size = image_shape[0]
        widths = [width * channels for width in _BACKBONE_WIDTHS[size]]
        last = len(widths) - 1
        map_sizes = [size >> min(i + 1, last) for i in range(len(widths))]
        default = (32,) if 32 in map_sizes else ()
        attended = attended_blocks(name, attention, map_sizes, default, first=False)
        steps = enumerate(pairwise([image_shape[2], *widths]))
        blocks = residual_blocks(
            [(a, b, None if i == last else "down") for i, (a, b) in steps],
            weights,
            discriminator_norms(norm, weights, "sagan"),
            shortcut_kernel_size=1,
            activate_first=norm is not None,
        )
        self.stack = Stack(blocks, widths, map_sizes, attended, weights)
        self.input_range, self.feature_size = input_range, widths[-1]

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns features of images in [0, 1], and the output of each block."""
        x = from_pixels(images, self.input_range)
        x, blocks = self.stack.unconditional(x, training)
        return Representation(pool(tf.nn.relu(x), "sum"), blocks)
