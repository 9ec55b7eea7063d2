"""Changes of resolution by two, alone and merged into a convolution."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Resample = Literal["up", "down"]
Upsampling = Literal["nearest", "zeros"]

# Along one axis, a kernel (k0, k1, k2) between a change of resolution and the other
# grid is a kernel of four taps and stride two between both grids:
#   nearest, output 2p:    k0 x[p-1] + (k1 + k2) x[p]
#            output 2p+1:  (k0 + k1) x[p] + k2 x[p+1]
#   zeros,   output 2p:    k1 x[p]
#            output 2p+1:  k0 x[p] + k2 x[p+1]
#   mean, output p, twice: k0 x[2p-1] + (k0 + k1) x[2p] + (k1 + k2) x[2p+1] + k2 x[2p+2]
# Rows are the four taps, columns are k0, k1, k2. The first two are in the order of a
# transposed convolution, in which input p reaches outputs 2p-1 to 2p+2.
_NEAREST: npt.NDArray[np.float32] = np.array(
    [[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], np.float32
)
_ZEROS: npt.NDArray[np.float32] = np.array(
    [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32
)
_MEAN: npt.NDArray[np.float32] = 0.5 * np.array(
    [[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], np.float32
)


# From so many pixels of the larger grid and channels on, a pass over that grid costs
# less than the products it saves.
_FEWEST_PIXELS = 16
_FEWEST_CHANNELS = 128


def upsample(x: tf.Tensor, upsampling: Upsampling = "nearest") -> tf.Tensor:
    """Returns [batch, 2 height, 2 width, channels].

    Args:
        x: [batch, height, width, channels].
        upsampling: "nearest" repeats every pixel; "zeros" puts it at even positions
            and zeros elsewhere, as compare_gan does,
            https://github.com/google/compare_gan.
    """
    rest = x if upsampling == "nearest" else tf.zeros_like(x)
    # Unlike resizing, a rearrangement has a deterministic gradient on every device.
    return tf.nn.depth_to_space(tf.concat([x, rest, rest, rest], axis=-1), 2)


def downsample(x: tf.Tensor) -> tf.Tensor:
    """Returns the means of 2x2 pixels, [batch, height / 2, width / 2, channels].

    Args:
        x: [batch, height, width, channels], height and width even.
    """
    _assert_even(x)
    return tf.nn.avg_pool2d(x, 2, 2, "VALID")


def upsampled_conv(
    x: tf.Tensor, kernel: tf.Tensor, upsampling: Upsampling = "nearest"
) -> tf.Tensor:
    """Returns the 3x3 convolution of `upsample(x, upsampling)`, merged into one.

    One transposed convolution of stride 2 with 4x4 taps reads the small input: 16
    products per pixel of it instead of 36, and no enlarged input is ever stored. On
    large maps 9: repeating pixels is filling with zeros and summing 2x2 neighbours,
    and the sum can be taken after the convolution. Equal up to rounding.

    Args:
        x: [batch, height, width, in], of any float type.
        kernel: [3, 3, in, out] of a convolution with zero padding, float32.
        upsampling: As for `upsample`.

    Returns:
        [batch, 2 height, 2 width, out].
    """
    _, height, width, _ = x.shape
    batch, out_channels = tf.shape(x)[0], kernel.shape[3]
    if upsampling == "nearest" and _is_large(2 * height, 2 * width, kernel):
        # The factor undoes the division of the mean.
        kernel = tf.transpose(4.0 * kernel[::-1, ::-1], [0, 1, 3, 2])
        shape = [batch, 2 * height + 1, 2 * width + 1, out_channels]
        y = tf.nn.conv2d_transpose(x, tf.cast(kernel, x.dtype), shape, 2, "VALID")
        return tf.nn.avg_pool2d(y, 2, 1, "VALID")
    taps = _NEAREST if upsampling == "nearest" else _ZEROS
    kernel = tf.transpose(_spread(kernel, taps), [0, 1, 3, 2])
    shape = [batch, 2 * height, 2 * width, out_channels]
    return tf.nn.conv2d_transpose(x, tf.cast(kernel, x.dtype), shape, 2, "SAME")


def downsampled_conv(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns `downsample` of the 3x3 convolution of `x`, merged into one.

    One convolution of stride 2 with 4x4 taps: 16 products per pixel of the output
    instead of 36. On large maps 9: the mean of 2x2 neighbours can be taken before the
    convolution, of which every other output is then enough. Equal up to rounding.

    Args:
        x: [batch, height, width, in], height and width even, of any float type.
        kernel: [3, 3, in, out] of a convolution with zero padding, float32.

    Returns:
        [batch, height / 2, width / 2, out].
    """
    _assert_even(x)
    if _is_large(x.shape[1], x.shape[2], kernel):
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        means = tf.nn.avg_pool2d(padded, 2, 1, "VALID")
        return tf.nn.conv2d(means, tf.cast(kernel, x.dtype), 2, "VALID")
    return tf.nn.conv2d(x, tf.cast(_spread(kernel, _MEAN), x.dtype), 2, "SAME")


def _is_large(height: int, width: int, kernel: tf.Tensor) -> bool:
    return (
        min(height, width) >= _FEWEST_PIXELS
        and min(kernel.shape[2:]) >= _FEWEST_CHANNELS
    )


def _spread(kernel: tf.Tensor, taps: npt.NDArray[np.float32]) -> tf.Tensor:
    """Returns the [4, 4, in, out] kernel that `taps` makes of one of 3x3."""
    _, _, in_channels, out_channels = kernel.shape
    flat = tf.reshape(kernel, [9, in_channels * out_channels])
    spread = tf.matmul(np.kron(taps, taps).astype(np.float32), flat)
    return tf.reshape(spread, [4, 4, in_channels, out_channels])


def _assert_even(x: tf.Tensor) -> None:
    assert x.shape[1] % 2 == 0, x.shape
    assert x.shape[2] % 2 == 0, x.shape
