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
    products per pixel of it instead of 36, and no enlarged input is ever stored.
    Equal to the two operations up to rounding.

    Args:
        x: [batch, height, width, in], of any float type.
        kernel: [3, 3, in, out] of a convolution with zero padding, float32.
        upsampling: As for `upsample`.

    Returns:
        [batch, 2 height, 2 width, out].
    """
    taps = _NEAREST if upsampling == "nearest" else _ZEROS
    kernel = tf.transpose(tf.cast(_spread(kernel, taps), x.dtype), [0, 1, 3, 2])
    _, height, width, _ = x.shape
    shape = [tf.shape(x)[0], 2 * height, 2 * width, kernel.shape[2]]
    return tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME")


def downsampled_conv(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns `downsample` of the 3x3 convolution of `x`, merged into one.

    One convolution of stride 2 with 4x4 taps: 16 products per pixel of the output
    instead of 36. Equal to the two operations up to rounding.

    Args:
        x: [batch, height, width, in], height and width even, of any float type.
        kernel: [3, 3, in, out] of a convolution with zero padding, float32.

    Returns:
        [batch, height / 2, width / 2, out].
    """
    _assert_even(x)
    return tf.nn.conv2d(x, tf.cast(_spread(kernel, _MEAN), x.dtype), 2, "SAME")


def _spread(kernel: tf.Tensor, taps: npt.NDArray[np.float32]) -> tf.Tensor:
    """Returns the [4, 4, in, out] kernel that `taps` makes of one of 3x3."""
    _, _, in_channels, out_channels = kernel.shape
    flat = tf.reshape(kernel, [9, in_channels * out_channels])
    spread = tf.matmul(np.kron(taps, taps).astype(np.float32), flat)
    return tf.reshape(spread, [4, 4, in_channels, out_channels])


def _assert_even(x: tf.Tensor) -> None:
    assert x.shape[1] % 2 == 0, x.shape
    assert x.shape[2] % 2 == 0, x.shape
