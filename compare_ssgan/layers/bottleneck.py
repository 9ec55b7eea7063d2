"""The bottleneck block of BigGAN-deep."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from compare_ssgan.layers.basic import Conv2d
from compare_ssgan.layers.normalization import Norm
from compare_ssgan.layers.resample import Resample, Upsampling, downsample, upsample
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition


class BottleneckBlock(tf.Module):
    """Four pre-activated convolutions, 1x1, 3x3, 3x3 and 1x1, plus the input.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Appendix B. The inner maps have a quarter of
    the channels of the wider end. The shortcut has no kernel where it can do without:
    it drops the last channels where there are fewer outputs than inputs, and appends
    a 1x1 convolution of the input where there are more. Up-sampling is before the
    first 3x3 convolution, down-sampling before the last 1x1 convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weights: Weights,
        norm: Callable[[int], Norm] | None = None,
        *,
        resample: Resample | None = None,
        upsampling: Upsampling = "nearest",
        name: str = "block",
    ) -> None:
        """Builds the convolutions and normalizations.

        Args:
            in_channels: Channels of the input, at least 4 where `out_channels` is less.
            out_channels: Channels of the output.
            weights: How to make kernels.
            norm: Makes a normalization of a given number of channels, or None.
            resample: "up", "down" or None.
            upsampling: How "up" fills the larger grid.
            name: Name of the module.
        """
        super().__init__(name)
        inner = max(in_channels, out_channels) // 4
        assert inner > 0
        up: Resample | None = "up" if resample == "up" else None
        down: Resample | None = "down" if resample == "down" else None
        conv = partial(Conv2d, weights=weights, upsampling=upsampling)
        self.norms = []
        if norm is not None:
            self.norms = [norm(in_channels), *[norm(inner) for _ in range(3)]]
        self.convs = [
            conv(in_channels, inner, size=1, name="conv1"),
            conv(inner, inner, resample=up, name="conv2"),
            conv(inner, inner, name="conv3"),
            conv(inner, out_channels, size=1, resample=down, name="conv4"),
        ]
        self.added = None
        if out_channels > in_channels:
            missing = out_channels - in_channels
            self.added = conv(in_channels, missing, size=1, name="shortcut")
        self.out_channels = out_channels
        self.resample, self.upsampling = resample, upsampling

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        h = x
        for index, conv in enumerate(self.convs):
            if self.norms:
                h = self.norms[index](h, condition, training)
            h = conv(tf.nn.relu(h))
        return h + tf.cast(self._shortcut(x), h.dtype)

    def _shortcut(self, x: tf.Tensor) -> tf.Tensor:
        x = x[..., : self.out_channels]
        if self.resample == "up":
            x = upsample(x, self.upsampling)
        elif self.resample == "down":
            x = downsample(x)
        if self.added is None:
            return x
        added = self.added(x)
        return tf.concat([tf.cast(x, added.dtype), added], axis=-1)
