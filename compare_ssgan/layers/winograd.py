"""3x3 convolutions with half the multiplications."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

_TILE = 4  # Outputs of a tile; each needs _TILE + 2 products instead of 3 _TILE.
_POINTS = _TILE + 2

# F(4, 3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016,
# https://arxiv.org/abs/1509.09308, Sec. 4.3: y = _OUTPUT ((_KERNEL k) * (_INPUT x)).
_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_KERNEL = (
    np.array(
        [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]
    )
    / 24
)
_OUTPUT = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
)

_FEWEST_PIXELS = 16
_FEWEST_CHANNELS = 128


def pays(x: tf.Tensor, kernel: tf.Tensor) -> bool:
    """Whether `conv3x3` is the fastest way to convolve on a processor.

    Large maps of many channels in float32; the rounding of bfloat16 would be
    magnified. Libraries for other devices choose such algorithms by themselves.

    Args:
        x: [batch, height, width, in].
        kernel: [height, width, in, out].
    """
    return (
        x.dtype == tf.float32
        and tuple(kernel.shape[:2]) == (3, 3)
        and min(x.shape[1:3]) >= _FEWEST_PIXELS
        and x.shape[1] % _TILE == 0
        and min(kernel.shape[2:]) >= _FEWEST_CHANNELS
        and not tf.config.list_logical_devices("GPU")
    )


def conv3x3(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns the zero-padded convolution with a 3x3 kernel.

    Winograd's algorithm along the height, direct convolution along the width: 18
    products for 4 outputs instead of 36. Equal up to rounding, about 2e-6 of the norm.

    Args:
        x: [batch, height, width, in], height a multiple of 4.
        kernel: [3, 3, in, out].

    Returns:
        [batch, height, width, out].
    """
    _, height, width, in_channels = x.shape
    out_channels = kernel.shape[3]
    tiles = height // _TILE
    to_points, from_points = _transforms(tiles)
    rows = tf.matmul(to_points, tf.reshape(x, [-1, height, width * in_channels]))
    kernels = tf.tensordot(_KERNEL.astype(np.float32), kernel, axes=1)
    products = []
    for index, part in enumerate(tf.split(rows, _POINTS, axis=1)):
        part = tf.reshape(part, [-1, tiles, width, in_channels])
        part = tf.nn.conv2d(part, kernels[index : index + 1], 1, "SAME")
        products.append(tf.reshape(part, [-1, tiles, width * out_channels]))
    y = tf.matmul(from_points, tf.concat(products, axis=1))
    return tf.reshape(y, [-1, height, width, out_channels])


def _transforms(
    tiles: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns both transforms of a column of tiles as matrices.

    Products of matrices read and write every row once; tile by tile, memory would take
    longer than what is saved.

    Returns:
        [points * tiles, height] from rows to points, and [height, points * tiles] back;
        points are the slower index.
    """
    height = tiles * _TILE
    to_points = np.zeros([_POINTS, tiles, height + 2], np.float32)
    from_points = np.zeros([height, _POINTS, tiles], np.float32)
    for tile in range(tiles):
        first = tile * _TILE
        to_points[:, tile, first : first + _POINTS] = _INPUT
        from_points[first : first + _TILE, :, tile] = _OUTPUT
    # What would meet the padding is left out.
    to_points = to_points.reshape(-1, height + 2)[:, 1:-1]
    return np.ascontiguousarray(to_points), from_points.reshape(height, -1)
