"""Blocks in a row with self-attention between them, and how a generator ends."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import tensorflow as tf

from compare_ssgan.architectures.ends import to_pixels
from compare_ssgan.errors import InputError
from compare_ssgan.layers.attention import SelfAttention
from compare_ssgan.layers.basic import Conv2d
from compare_ssgan.layers.normalization import BatchNorm, NormFactory
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes

# "default" is the network's own choice.
Attention = int | str | Sequence[int | str] | None


class Block(Protocol):
    """A block of a network."""

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        """Maps [batch, height, width, channels] to the same of another size."""
        ...


class Stack(tf.Module):
    """Blocks in a row, some of them followed by self-attention."""

    def __init__(
        self,
        blocks: Sequence[Block],
        channels: Sequence[int],
        map_sizes: Sequence[int],
        attended: Sequence[int],
        weights: Weights,
    ) -> None:
        """Adds attention to blocks.

        Args:
            blocks: The blocks, first to last.
            channels: Channels of the output of each block.
            map_sizes: Height and width of the output of each block.
            attended: Indices of the blocks that attention follows.
            weights: How to make kernels.

        Raises:
            InputError: If a map is too narrow for attention.
        """
        super().__init__("stack")
        self.blocks = list(blocks)
        self.attentions = [
            SelfAttention(channels[i], (map_sizes[i], map_sizes[i]), weights)
            if i in attended
            else None
            for i in range(len(blocks))
        ]

    def __call__(
        self, x: tf.Tensor, conditions: Sequence[Condition], training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns the last output, and all of them by name, after their attention.

        Args:
            x: [batch, height, width, channels].
            conditions: What the normalizations of each block see.
            training: Whether normalizations use the statistics of the batch.
        """
        outputs = {}
        for index, (block, attention) in enumerate(
            zip(self.blocks, self.attentions, strict=True)
        ):
            x = block(x, conditions[index], training)
            if attention is not None:
                x = attention(x)
            outputs[f"block{index}"] = x
        return x, outputs

    def unconditional(
        self, x: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns the same for blocks whose normalizations see no condition."""
        return self(x, [Condition()] * len(self.blocks), training)


class ImageHead(tf.Module):
    """Normalization, ReLU and a 3x3 convolution to pixels in [0, 1].

    The normalization is not conditional, whatever that of the blocks is, as in
    BigGAN's code by its authors, that of SAGAN and compare_gan
    (https://github.com/google/compare_gan, resnet_biggan.py).
    """

    def __init__(
        self,
        channels: int,
        colors: int,
        weights: Weights,
        norm: NormFactory | None,
        final_norm: Callable[..., Any] | None,
    ) -> None:
        """Builds normalization and convolution.

        Args:
            channels: Channels of the input.
            colors: Channels of the images.
            weights: How to make the kernel.
            norm: The normalization of the blocks; without one there is none here.
            final_norm: What to use in its place; None for norms.BatchNorm.

        Raises:
            InputError: If the normalization needs a label or a latent.
        """
        super().__init__("head")
        self.norm = None
        if norm is not None or final_norm is not None:
            make = final_norm or BatchNorm
            if any(
                getattr(make, use, False) for use in ("uses_labels", "uses_latents")
            ):
                raise InputError(
                    "The normalization before a generator's last ReLU sees neither "
                    f"labels nor latents, which {make.__name__} needs. Set final_norm "
                    "of the network to @norms.BatchNorm, or remove it."
                )
            self.norm = make(channels, ConditionSizes(), weights)
        self.conv = Conv2d(channels, colors, weights)

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns [batch, height, width, colors]."""
        if self.norm is not None:
            x = self.norm(x, Condition(), training)
        return to_pixels(self.conv(tf.nn.relu(x)), "tanh")


def attended_blocks(
    network: str,
    attention: Attention,
    map_sizes: Sequence[int],
    default: Sequence[int],
    *,
    first: bool,
) -> list[int]:
    """Returns the indices of the blocks that self-attention follows.

    Args:
        network: gin name of the network, for messages.
        attention: "default", None for nowhere, or one or several places: a whole
            number for the block whose output has this height and width, "B1" for the
            first block, "B2" for the second.
        map_sizes: Height and width of the output of each block.
        default: The places that "default" stands for.
        first: Whether a size stands for the first block of this size, not the last.

    Raises:
        InputError: If there is no such place, or one is named twice.
    """
    if attention is None:
        places: Sequence[int | str] = ()
    elif attention == "default":
        places = default
    elif isinstance(attention, int | str):
        places = (attention,)
    else:
        places = attention
    found = [_block_at(network, place, map_sizes, first) for place in places]
    if len(set(found)) < len(found):
        raise InputError(
            f"{network}.attention names a block twice: {attention!r}. Name it once."
        )
    return found


def _block_at(
    network: str, place: int | str, map_sizes: Sequence[int], first: bool
) -> int:
    if isinstance(place, str):
        found = [i for i in range(len(map_sizes)) if place == f"B{i + 1}"]
    else:
        found = [i for i, size in enumerate(map_sizes) if place == size]
    if not found:
        sizes = ", ".join(str(size) for size in map_sizes)
        raise InputError(
            f"{network}.attention is to follow {place!r}, but the blocks of this "
            f"network are 'B1' to 'B{len(map_sizes)}', with maps of {sizes} pixels. "
            f"Set {network}.attention to such a block, to a size, or to None."
        )
    return found[0] if first else found[-1]
