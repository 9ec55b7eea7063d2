"""The residual block of the ResNet GANs."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d
from compare_ssgan.layers.normalization import Norm
from compare_ssgan.layers.resample import Resample, Upsampling, downsample
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition

ShortcutSize = Literal[1, 3]
EqualShortcut = Literal["convolution", "identity", "none"]


class ResidualBlock(tf.Module):
    """Two pre-activated 3x3 convolutions plus a shortcut.

    He et al., "Identity Mappings in Deep Residual Networks", 2016,
    https://arxiv.org/abs/1603.05027, with the changes of resolution of Miyato et al.,
    2018, https://arxiv.org/abs/1802.05957, Appendix B.4: [norm], ReLU, (up-sampling)
    convolution, [norm], ReLU, convolution (down-sampling). The shortcut starts at the
    raw input.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weights: Weights,
        norm: Callable[[int], Norm] | None = None,
        *,
        shortcut_kernel_size: ShortcutSize,
        resample: Resample | None = None,
        upsampling: Upsampling = "nearest",
        activate_input: bool = True,
        equal_shortcut: EqualShortcut = "convolution",
        name: str = "block",
    ) -> None:
        """Builds the convolutions and normalizations.

        Args:
            in_channels: Channels of the input.
            out_channels: Channels of the output.
            weights: How to make kernels.
            norm: Makes a normalization of a given number of channels, or None.
            shortcut_kernel_size: 3 for a 3x3 convolution on every shortcut, as in
                compare_gan; 1 for a 1x1 convolution where the shape changes and the
                identity elsewhere, as in the SNGAN paper.
            resample: "up", "down" or None.
            upsampling: How "up" fills the larger grid.
            activate_input: Whether the first ReLU is there; the first block of a
                discriminator reads pixels, not pre-activations.
            equal_shortcut: The shortcut of a block that keeps the number of channels:
                "convolution" as `shortcut_kernel_size` has it; "identity" for the
                input itself, its 2x2 means under "down"; "none" for no shortcut.
            name: Name of the module.

        Raises:
            InputError: If `shortcut_kernel_size` is neither 1 nor 3.
        """
        super().__init__(name)
        if shortcut_kernel_size not in (1, 3):
            raise InputError(
                f"A shortcut has a kernel of size 1 or 3, not {shortcut_kernel_size}. "
                "Change shortcut_kernel_size of the network."
            )
        up: Resample | None = "up" if resample == "up" else None
        down: Resample | None = "down" if resample == "down" else None
        conv = partial(Conv2d, weights=weights, upsampling=upsampling)
        self.activate_input = activate_input
        self.norm1 = None if norm is None else norm(in_channels)
        self.norm2 = None if norm is None else norm(out_channels)
        self.conv1 = conv(in_channels, out_channels, resample=up, name="conv1")
        self.conv2 = conv(out_channels, out_channels, resample=down, name="conv2")
        self.shortcut = None
        equal = in_channels == out_channels
        assert equal_shortcut == "convolution" or resample != "up"
        self.has_shortcut = not (equal and equal_shortcut == "none")
        self.pool_shortcut = resample == "down"
        if (equal_shortcut == "convolution" or not equal) and (
            shortcut_kernel_size == 3 or resample or not equal
        ):
            self.shortcut = conv(
                in_channels,
                out_channels,
                size=shortcut_kernel_size,
                resample=resample,
                name="shortcut",
            )

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        h = x
        if self.norm1 is not None:
            h = self.norm1(h, condition, training)
        if self.activate_input:
            h = tf.nn.relu(h)
        h = self.conv1(h)
        if self.norm2 is not None:
            h = self.norm2(h, condition, training)
        h = self.conv2(tf.nn.relu(h))
        if not self.has_shortcut:
            return h
        if self.shortcut is not None:
            return h + self.shortcut(x)
        return h + (downsample(x) if self.pool_shortcut else x)
