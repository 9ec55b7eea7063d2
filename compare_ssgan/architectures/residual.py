"""What the networks that consist of residual blocks have in common."""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from compare_ssgan.layers.normalization import Norm, NormFactory, discriminator_norm
from compare_ssgan.layers.resample import Resample, Upsampling
from compare_ssgan.layers.resnet import EqualShortcut, ResidualBlock, ShortcutSize
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes

MakeNorm = Callable[[int], Norm]
# Input channels, output channels, change of resolution.
Stage = tuple[int, int, Resample | None]


def generator_norms(
    norm: NormFactory | None, sizes: ConditionSizes, weights: Weights
) -> MakeNorm | None:
    """Returns what makes a generator's normalizations of a width, None for none."""
    return None if norm is None else partial(norm, sizes=sizes, weights=weights)


def discriminator_norms(
    norm: NormFactory | None, weights: Weights, architecture: str
) -> MakeNorm | None:
    """Returns what makes a discriminator's normalizations of a width, None for none.

    Args:
        norm: The normalization; what is made raises an `InputError` unless a
            discriminator can have it.
        weights: How to make kernels.
        architecture: Name of the network, for the message.
    """
    if norm is None:
        return None
    return partial(discriminator_norm, norm, weights=weights, architecture=architecture)


def residual_blocks(
    stages: Sequence[Stage],
    weights: Weights,
    norm: MakeNorm | None,
    *,
    shortcut_kernel_size: ShortcutSize,
    upsampling: Upsampling = "nearest",
    activate_first: bool = True,
    equal_shortcut: EqualShortcut = "convolution",
) -> list[ResidualBlock]:
    """Returns one block per stage, called block0, block1 and so on.

    Args:
        stages: Widths and changes of resolution, first to last.
        weights: How to make kernels; they are drawn in this order.
        norm: Makes the normalization before each ReLU, or None.
        shortcut_kernel_size: 3 or 1; see `layers.resnet.ResidualBlock`.
        upsampling: How "up" fills the larger grid.
        activate_first: Whether the first block begins with a ReLU; one that reads
            pixels, without a normalization before it, does not.
        equal_shortcut: The shortcut of blocks that keep the number of channels; see
            `layers.resnet.ResidualBlock`.
    """
    return [
        ResidualBlock(
            in_channels,
            out_channels,
            weights,
            norm,
            shortcut_kernel_size=shortcut_kernel_size,
            resample=resample,
            upsampling=upsampling,
            activate_input=activate_first or index > 0,
            equal_shortcut=equal_shortcut,
            name=f"block{index}",
        )
        for index, (in_channels, out_channels, resample) in enumerate(stages)
    ]


def run_discriminator_blocks(
    blocks: Sequence[ResidualBlock], x: tf.Tensor, training: bool
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Returns the output of the last block, and those of all blocks by name."""
    outputs = {}
    for index, block in enumerate(blocks):
        x = block(x, Condition(), training)
        outputs[f"block{index}"] = x
    return x, outputs
