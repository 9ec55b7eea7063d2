"""An embedding of labels that several layers share."""

import tensorflow as tf

from compare_ssgan.layers.weights import Weights


class Embedding(tf.Module):
    """Maps one-hot or soft labels to vectors.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Sec. 3. Unlike a dense layer it has no
    `Kernel`: it is neither spectrally normalized, as in compare_gan and the code of
    BigGAN's authors, nor regularized with the kernels of a player.

    Attributes:
        table: The trainable vectors, one per class.
    """

    def __init__(
        self,
        num_classes: int,
        size: int,
        weights: Weights,
        *,
        use_bias: bool = False,
        name: str = "embedding",
    ) -> None:
        """Draws the vectors.

        Args:
            num_classes: Number of classes.
            size: Size of a vector.
            weights: How to draw them.
            use_bias: Whether to add a bias to all of them, initially 0.
            name: Name of the module.
        """
        super().__init__(name)
        values = weights.initializer(weights.rng, [num_classes, size])
        self.table = tf.Variable(values, name="table")
        self.bias = tf.Variable(tf.zeros([size]), name="bias") if use_bias else None

    def __call__(self, labels: tf.Tensor) -> tf.Tensor:
        """Returns [batch, size] float32 for [batch, num_classes] labels."""
        vectors = tf.matmul(labels, self.table)
        return vectors if self.bias is None else vectors + self.bias
