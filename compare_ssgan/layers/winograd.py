"""3x3 convolutions with half the multiplications."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

_TILE = 4  # Outputs of a tile; each needs _TILE + 2 products instead of 3 _TILE.
# Where the polynomials are evaluated, besides infinity. Rounding errors are smaller
# than with the usual 0, 1, -1, 2 and -2.
_POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)
_NUM_POINTS = len(_POINTS) + 1


def _tile_transforms() -> tuple[npt.NDArray[np.float64], ...]:
    """Returns the matrices K, D and Y of y = Y ((K k) * (D x)).

    F(4, 3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
    2016, https://arxiv.org/abs/1509.09308, by the construction of Toom and Cook: y is
    linear in products of polynomials at `_POINTS`. The rows of D have norm 1.

    Returns:
        [points, 3], [points, 6] and [4, points].
    """
    powers = np.vander(_POINTS, _TILE, increasing=True)
    outputs = np.vstack([powers, np.eye(_TILE)[-1]])
    kernels = np.vstack([powers[:, :3], np.eye(3)[-1]])
    # y[i] = sum over j of k[j] x[i + j], for every i and j.
    products = np.einsum("pi,pj->ijp", outputs, kernels).reshape(-1, _NUM_POINTS)
    wanted = np.zeros([_TILE, 3, _TILE + 2])
    for i in range(_TILE):
        for j in range(3):
            wanted[i, j, i + j] = 1.0
    inputs = np.linalg.lstsq(products, wanted.reshape(-1, _TILE + 2), rcond=None)[0]
    norms = np.linalg.norm(inputs, axis=1, keepdims=True)
    return kernels * norms, inputs / norms, outputs.T


_KERNEL, _INPUT, _OUTPUT = _tile_transforms()

_FEWEST_PIXELS = 16
_FEWEST_CHANNELS = 128


def pays(x: tf.Tensor, kernel: tf.Tensor) -> bool:
    """Whether `conv3x3` is the fastest way to convolve on a processor.

    On large maps of many channels. Libraries for other devices choose such algorithms
    by themselves.

    Args:
        x: [batch, height, width, in].
        kernel: [height, width, in, out].
    """
    return (
        tuple(kernel.shape[:2]) == (3, 3)
        and min(x.shape[1:3]) >= _FEWEST_PIXELS
        and x.shape[1] % _TILE == 0
        and min(kernel.shape[2:]) >= _FEWEST_CHANNELS
        and not tf.config.list_logical_devices("GPU")
    )


def conv3x3(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns the zero-padded convolution with a 3x3 kernel.

    Winograd's algorithm along the height, direct convolution along the width: 18
    products for 4 outputs instead of 36. Equal up to rounding: errors have about 1e-6
    of the norm of the result in float32, and 8e-3 in bfloat16, where those of a direct
    convolution have 3e-3.

    Args:
        x: [batch, height, width, in], height a multiple of 4, of any float type.
        kernel: [3, 3, in, out], float32.

    Returns:
        [batch, height, width, out].
    """
    _, height, width, in_channels = x.shape
    out_channels = kernel.shape[3]
    tiles = height // _TILE
    to_points, from_points = (tf.constant(m, x.dtype) for m in _transforms(tiles))
    rows = tf.matmul(to_points, tf.reshape(x, [-1, height, width * in_channels]))
    kernels = tf.tensordot(_KERNEL.astype(np.float32), kernel, axes=1)
    kernels = tf.split(tf.cast(kernels, x.dtype), _NUM_POINTS)
    products = []
    for part, each in zip(tf.split(rows, _NUM_POINTS, axis=1), kernels, strict=True):
        part = tf.reshape(part, [-1, tiles, width, in_channels])
        part = tf.nn.conv2d(part, each, 1, "SAME")
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
    to_points = np.zeros([_NUM_POINTS, tiles, height + 2], np.float32)
    from_points = np.zeros([height, _NUM_POINTS, tiles], np.float32)
    for tile in range(tiles):
        first = tile * _TILE
        to_points[:, tile, first : first + _TILE + 2] = _INPUT
        from_points[first : first + _TILE, :, tile] = _OUTPUT
    # What would meet the padding is left out.
    to_points = to_points.reshape(-1, height + 2)[:, 1:-1]
    return np.ascontiguousarray(to_points), from_points.reshape(height, -1)
