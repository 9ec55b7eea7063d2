"""The residual networks of BigGAN-deep, for images of 32 to 512 pixels."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures.checks import check_choice, check_square
from compare_ssgan.architectures.conditions import join, label_size
from compare_ssgan.architectures.ends import (
    InputRange,
    Pooling,
    from_pixels,
    pool,
)
from compare_ssgan.architectures.residual import discriminator_norms, generator_norms
from compare_ssgan.architectures.stacks import (
    Attention,
    ImageHead,
    Stack,
    attended_blocks,
)
from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d, Dense
from compare_ssgan.layers.bottleneck import BottleneckBlock
from compare_ssgan.layers.embedding import Embedding
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.resample import Upsampling
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes, ImageShape, Representation

_START = 4  # Height and width of the generator's first map.
_MIN_CHANNELS = 4  # The inner maps of a block have a quarter of the channels.

# Widths of maps in units of `channels`, by the size of images: of the first map, then
# of the output of each block. Backbones mirror their generators, but at 32 pixels.
_GENERATOR_WIDTHS = {
    32: (4,) * 8,
    64: (16, 16, 16, 16, 8, 8, 4, 4, 2),
    128: (16, 16, 16, 16, 8, 8, 4, 4, 2, 2, 1),
    256: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1),
    512: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1, 1, 1),
}
_BACKBONE_WIDTHS = {
    size: (2,) * 8 if size == 32 else widths[::-1]
    for size, widths in _GENERATOR_WIDTHS.items()
}


@config.register("resnet_biggan_deep")
class Generator(tf.Module):
    """Dense layer to 4x4, two bottleneck blocks a resolution, attention, convolution.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Appendix B, in the widths of compare_gan
    (https://github.com/google/compare_gan, resnet_biggan_deep.py): of the first map
    and the output of each block, in units of `channels`,

        32 pixels   4 4 4 4 4 4 4 4
        64 pixels   16 16 16 16 8 8 4 4 2
        128 pixels  16 16 16 16 8 8 4 4 2 2 1
        256 pixels  16 16 16 16 8 8 8 8 4 4 2 2 1
        512 pixels  16 16 16 16 8 8 8 8 4 4 2 2 1 1 1

    with attention after the block that makes a map of 64x64. Every second block
    up-samples. z is not cut: the dense layer and normalizations that labels modulate
    see all of z and the embedding of the label. Pixels are (tanh + 1) / 2. Up-sampling
    repeats pixels as in the paper; compare_gan inserts zeros, and its conditional gain
    is not centered at 1 (norms.ConditionalBatchNorm.centered).

    Attributes:
        uses_labels: Whether there are labels; the dense layer sees them in any case.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        input_size: int,
        sizes: ConditionSizes,
        weights: Weights,
        norm: NormFactory | None,
        *,
        channels: int = 128,
        attention: Attention = "default",
        embed_y: bool | None = None,
        embed_y_dim: int | None = None,
        upsampling: Upsampling = "nearest",
        final_norm: Callable[..., Any] | None = None,
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (size, size, any number of channels), size 32, 64, 128, 256
                or 512.
            input_size: Size of the input vector.
            sizes: Sizes of what normalizations are modulated by.
            weights: How to make kernels; all of them but the embedding are spectrally
                normalized if any is.
            norm: Makes the normalization before each ReLU of the blocks, or None.
            channels: Unit of the widths above, at least 4.
            attention: The blocks that self-attention follows: "default" for the one
                above, None for none, or one or several of: the height and width of
                a map, for the first block that makes one of this size, or "B1" for
                the first block.
            embed_y: Whether an embedding of the label takes its place; None for
                wherever there are labels.
            embed_y_dim: Size of the embedding of the label; None means 128.
            upsampling: "nearest" or "zeros" (zero insertion).
            final_norm: Makes the normalization before the last ReLU, which sees no
                condition; None for norms.BatchNorm where blocks have a normalization.

        Raises:
            InputError: If images are of another size, or a hyperparameter is out of
                range or has no effect.
        """
        super().__init__("generator")
        name = "resnet_biggan_deep.Generator"
        check_square("resnet_biggan_deep", image_shape, _GENERATOR_WIDTHS)
        _check_channels(name, channels)
        check_choice(f"{name}.upsampling", upsampling, Upsampling)
        self.uses_labels = sizes.label > 0
        embed_y = self.uses_labels if embed_y is None else embed_y
        label = label_size(name, sizes, embed_y, embed_y_dim)
        self.embed_y = Embedding(sizes.label, label, weights) if embed_y else None
        size = image_shape[0]
        widths = [width * channels for width in _GENERATOR_WIDTHS[size]]
        # Every second block up-samples.
        map_sizes = [_START << (i + 1) // 2 for i in range(len(widths) - 1)]
        attended = attended_blocks(
            name, attention, map_sizes, _default_attention(map_sizes), first=True
        )
        told = ConditionSizes(sizes.latent, input_size + label)
        make = generator_norms(norm, told, weights)
        self.start = (_START, _START, widths[0])
        self.dense = Dense(input_size + label, _START**2 * widths[0], weights)
        blocks = [
            BottleneckBlock(
                widths[i],
                widths[i + 1],
                weights,
                make,
                resample="up" if i % 2 else None,
                upsampling=upsampling,
                name=f"block{i}",
            )
            for i in range(len(map_sizes))
        ]
        self.stack = Stack(blocks, widths[1:], map_sizes, attended, weights)
        self.head = ImageHead(widths[-1], image_shape[2], weights, norm, final_norm)

    def __call__(
        self, inputs: tf.Tensor, condition: Condition, training: bool
    ) -> tf.Tensor:
        """Returns [batch, size, size, image channels] in [0, 1]."""
        y = condition.label if self.uses_labels else None
        if self.embed_y is not None:
            y = self.embed_y(y)
        seen = join(inputs, y)
        x = tf.reshape(self.dense(seen), [-1, *self.start])
        told = Condition(condition.latent, seen)
        x, _ = self.stack(x, [told] * len(self.stack.blocks), training)
        return self.head(x, training)


@config.register("resnet_biggan_deep")
class Backbone(tf.Module):
    """Convolution, two bottleneck blocks a resolution, attention, ReLU, pooling.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Appendix B, in the widths of compare_gan
    (https://github.com/google/compare_gan, resnet_biggan_deep.py): of the first map
    and the output of each block, in units of `channels`, those of the generator in
    reverse, and 2 everywhere for images of 32 pixels. Every second block, from the
    first on, down-samples; attention is after the last block with a map of 64x64, so
    that networks for 32 and 64 pixels have none. Features are sums over positions, as
    in BigGAN, its authors' code and the code of compare_gan; compare_gan's
    documentation says means, which `pooling = "mean"` gives. Pixels are mapped to
    [-1, 1] first, compare_gan's stay in [0, 1] (`input_range = "unit"`).

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
        attention: Attention = "default",
        pooling: Pooling = "sum",
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
            channels: Unit of the widths above, at least 4.
            attention: The blocks that self-attention follows: "default" for the one
                above, None for none, or one or several of: the height and width of
                a map, for the last block that makes one of this size, or "B1" for
                the first block.
            pooling: "sum" or "mean" over positions.
            input_range: "unit" uses pixels as they are, "centered" maps them to
                [-1, 1] first.

        Raises:
            InputError: If images are of another size, the normalization is not
                supported, or a hyperparameter is out of range.
        """
        super().__init__("backbone")
        name = "resnet_biggan_deep.Backbone"
        check_square("resnet_biggan_deep", image_shape, _BACKBONE_WIDTHS)
        _check_channels(name, channels)
        check_choice(f"{name}.pooling", pooling, Pooling)
        check_choice(f"{name}.input_range", input_range, InputRange)
        make = discriminator_norms(norm, weights, "resnet_biggan_deep")
        size = image_shape[0]
        widths = [width * channels for width in _BACKBONE_WIDTHS[size]]
        map_sizes = [size >> i // 2 + 1 for i in range(len(widths) - 1)]
        attended = attended_blocks(
            name, attention, map_sizes, _default_attention(map_sizes), first=False
        )
        self.conv = Conv2d(image_shape[2], widths[0], weights)
        blocks = [
            BottleneckBlock(
                widths[i],
                widths[i + 1],
                weights,
                make,
                resample=None if i % 2 else "down",
                name=f"block{i}",
            )
            for i in range(len(map_sizes))
        ]
        self.stack = Stack(blocks, widths[1:], map_sizes, attended, weights)
        self.pooling, self.input_range = pooling, input_range
        self.feature_size = widths[-1]

    def __call__(self, images: tf.Tensor, training: bool) -> Representation:
        """Returns features of images in [0, 1], and the output of each block."""
        x = self.conv(from_pixels(images, self.input_range))
        x, blocks = self.stack.unconditional(x, training)
        return Representation(pool(tf.nn.relu(x), self.pooling), blocks)


def _default_attention(map_sizes: Sequence[int]) -> tuple[int, ...]:
    return (64,) if 64 in map_sizes else ()


def _check_channels(name: str, channels: int) -> None:
    if channels < _MIN_CHANNELS:
        raise InputError(
            f"{name}.channels must be at least {_MIN_CHANNELS}, not {channels}: blocks "
            "have a quarter of the channels inside."
        )
