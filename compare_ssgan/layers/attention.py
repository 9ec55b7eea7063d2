"""Self-attention over the positions of a feature map."""

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Conv2d
from compare_ssgan.layers.weights import Weights

_MIN_CHANNELS = 8  # Queries and keys have an eighth of the channels.


class SelfAttention(tf.Module):
    """Adds to every position what it attends to, weighted by a learned scale.

    Zhang et al., "Self-Attention Generative Adversarial Networks", 2019,
    https://arxiv.org/abs/1805.08318, Sec. 3, in the form of its authors' code, BigGAN
    and compare_gan: x + sigma * o(softmax(theta(x) phi(x)') g(x)). theta and phi are
    1x1 convolutions to an eighth of the channels, g to a half, o back to all; none
    has a bias. phi and g are max-pooled, so that every position attends to a quarter
    of the positions; the softmax has no temperature. sigma starts at 0: a new block
    is the identity.

    Attributes:
        sigma: The learned scale, a scalar.
    """

    def __init__(
        self,
        channels: int,
        map_size: tuple[int, int],
        weights: Weights,
        *,
        name: str = "attention",
    ) -> None:
        """Builds the four convolutions and the scale.

        Args:
            channels: Channels of the input and of the output, at least 8.
            map_size: (height, width) of the input, both even.
            weights: How to make kernels.
            name: Name of the module.

        Raises:
            InputError: If there are too few channels, or the map cannot be halved.
        """
        super().__init__(name)
        if channels < _MIN_CHANNELS:
            raise InputError(
                f"Self-attention needs at least {_MIN_CHANNELS} channels, not "
                f"{channels}: queries have an eighth of them. Raise channels of the "
                "network, or set its attention to another place or to None."
            )
        if map_size[0] % 2 or map_size[1] % 2:
            raise InputError(
                "Self-attention needs a map of even height and width, not "
                f"{map_size[0]}x{map_size[1]}: keys and values are pooled by two. Set "
                "attention of the network to another place or to None."
            )
        self.query_size, self.value_size = channels // 8, channels // 2

        def conv(in_channels: int, out_channels: int, name: str) -> Conv2d:
            return Conv2d(
                in_channels, out_channels, weights, size=1, use_bias=False, name=name
            )

        self.theta = conv(channels, self.query_size, "theta")
        self.phi = conv(channels, self.query_size, "phi")
        self.g = conv(channels, self.value_size, "g")
        self.output = conv(self.value_size, channels, "output")
        self.sigma = tf.Variable(0.0, name="sigma")

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a tensor like `x`, [batch, height, width, channels]."""
        _, height, width, _ = x.shape
        theta = tf.reshape(self.theta(x), [-1, height * width, self.query_size])
        phi = self._pooled(self.phi(x), self.query_size)
        g = self._pooled(self.g(x), self.value_size)
        logits = tf.cast(tf.matmul(theta, phi, transpose_b=True), tf.float32)
        attended = tf.matmul(tf.cast(tf.nn.softmax(logits), g.dtype), g)
        attended = tf.reshape(attended, [-1, height, width, self.value_size])
        return x + tf.cast(self.sigma, x.dtype) * self.output(attended)

    def _pooled(self, x: tf.Tensor, channels: int) -> tf.Tensor:
        """Returns the maxima of 2x2 positions, [batch, positions / 4, channels]."""
        positions = x.shape[1] * x.shape[2] // 4
        return tf.reshape(tf.nn.max_pool2d(x, 2, 2, "VALID"), [-1, positions, channels])
