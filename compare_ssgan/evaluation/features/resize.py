"""Three ways to bring images to the size and range of the Inception network.

FIDs of the same images differ by several points between them (Parmar et al. 2022,
"On aliased resizing and surprising subtleties in GAN evaluation",
https://arxiv.org/abs/2104.11222), so a metric's name states which one it is.

legacy: as TensorFlow 1 and so the first FID, https://github.com/bioinf-jku/TTUR,
    compare_gan and torch-fidelity: bilinear, positions without half-pixel centres,
    no antialiasing; (x - 128) / 128.
pytorch: as https://github.com/mseitzer/pytorch-fid: bilinear with half-pixel
    centres, no antialiasing; x / 127.5 - 1.
clean: as https://github.com/GaParmar/clean-fid: bicubic of PIL with antialiasing,
    each channel for itself in floating point, clipped to [0, 255] and not rounded;
    (x - 128) / 128.
"""

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError

SIZE = 299
PROTOCOLS = ("legacy", "pytorch", "clean")
_LARGEST_LEVEL = 255
# Keys' cubic has this parameter in PIL, and reaches two pixels to either side.
_CUBIC, _REACH = -0.5, 2.0


def prepare(images: tf.Tensor, protocol: str) -> tf.Tensor:
    """Returns what the network sees, [batch, 299, 299, 3] about in [-1, 1].

    Args:
        images: [batch, height, width, channels] in [0, 1], rounded to the 256 levels
            of a file, as by `FeatureExtractor`; 3 channels, or one that is repeated.
        protocol: One of `PROTOCOLS`.

    Raises:
        InputError: If there are 2 channels, or more than 3.
    """
    channels = images.shape[-1]
    if channels not in (1, 3):
        raise InputError(
            f"The Inception network sees images of 1 or 3 channels, not {channels}. "
            "Choose others: evaluate.features = @features.random_convolutions(), of "
            "`score` --features random_convolutions."
        )
    # Exactly the level again, which scaled by 1 / 255 and back it is not.
    levels = tf.round(images * _LARGEST_LEVEL)
    if channels == 1:
        levels = tf.repeat(levels, 3, axis=-1)
    resized = resize(levels, protocol)
    return resized / 127.5 - 1 if protocol == "pytorch" else (resized - 128) / 128


def resize(levels: tf.Tensor, protocol: str) -> tf.Tensor:
    """Returns images [batch, 299, 299, channels] float32 in [0, 255].

    Args:
        levels: [batch, height, width, channels] float32 in [0, 255], of any size
            known when the function is traced.
        protocol: One of `PROTOCOLS`.
    """
    assert protocol in PROTOCOLS, protocol
    if protocol == "clean":
        rows, columns = (bicubic_matrix(size, SIZE) for size in levels.shape[1:3])
        # PIL adds in double precision, keeps single, and starts with the rows. In
        # double precision GPUs do not take their shortcut of ten bits, either.
        wide = tf.einsum("bhwc,vw->bhvc", tf.cast(levels, tf.float64), columns)
        wide = tf.cast(tf.cast(wide, tf.float32), tf.float64)
        both = tf.einsum("bhvc,uh->buvc", wide, rows)
        return tf.clip_by_value(tf.cast(both, tf.float32), 0, _LARGEST_LEVEL)
    return tf.raw_ops.ResizeBilinear(
        images=levels,
        size=[SIZE, SIZE],
        align_corners=False,
        half_pixel_centers=protocol == "pytorch",
    )


def bicubic_matrix(inputs: int, outputs: int) -> np.ndarray:
    """Returns weights [outputs, inputs] float64 of PIL's bicubic resampling.

    When shrinking, the kernel is widened by the factor, which is the antialiasing.
    Keys 1981, "Cubic convolution interpolation for digital image processing",
    equation 8, https://doi.org/10.1109/TASSP.1981.1163711. At the border the weights
    inside are normalized.

    Args:
        inputs: Pixels there are.
        outputs: Pixels wanted.
    """
    scale = inputs / outputs
    widening = max(scale, 1.0)
    centers = (np.arange(outputs) + 0.5) * scale
    reach = _REACH * widening
    first = np.maximum(np.trunc(centers - reach + 0.5), 0)
    behind = np.minimum(np.trunc(centers + reach + 0.5), inputs)
    positions = np.arange(inputs)
    inside = (positions >= first[:, None]) & (positions < behind[:, None])
    distances = np.abs(positions + 0.5 - centers[:, None]) / widening
    weights = np.where(inside, _cubic(distances), 0.0)
    return weights / np.sum(weights, axis=1, keepdims=True)


def _cubic(x: np.ndarray) -> np.ndarray:
    near = ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * _CUBIC
    return np.where(x < 1, near, np.where(x < _REACH, far, 0.0))
