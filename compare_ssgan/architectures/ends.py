"""The ends of networks, where pixels in [0, 1] enter and leave, and features leave."""

from typing import Literal

import tensorflow as tf

Output = Literal["sigmoid", "tanh"]
Pooling = Literal["mean", "sum"]
InputRange = Literal["unit", "centered"]


def from_pixels(images: tf.Tensor, input_range: InputRange) -> tf.Tensor:
    """Returns what a discriminator's first layer sees, shaped like `images`.

    Args:
        images: Pixels in [0, 1].
        input_range: "unit" for the pixels as they are, "centered" for [-1, 1].
    """
    return images if input_range == "unit" else 2.0 * images - 1.0


def to_pixels(x: tf.Tensor, output: Output) -> tf.Tensor:
    """Returns float32 pixels in [0, 1], shaped like `x`.

    Args:
        x: Last activations of a generator, of any float type.
        output: "sigmoid", or "tanh" for (tanh + 1) / 2.
    """
    x = tf.cast(x, tf.float32)
    # (tanh(x) + 1) / 2 is the sigmoid of 2x.
    return tf.sigmoid(2.0 * x if output == "tanh" else x)


def pool(x: tf.Tensor, pooling: Pooling) -> tf.Tensor:
    """Returns float32 features, the mean or sum over positions.

    Args:
        x: [batch, height, width, channels] of any float type.
        pooling: "mean" or "sum".

    Returns:
        [batch, channels].
    """
    reduce = tf.reduce_mean if pooling == "mean" else tf.reduce_sum
    return reduce(tf.cast(x, tf.float32), axis=[1, 2])


def flatten(x: tf.Tensor, size: int) -> tf.Tensor:
    """Returns float32 features, [batch, size], of a map with `size` units."""
    return tf.cast(tf.reshape(x, [-1, size]), tf.float32)
