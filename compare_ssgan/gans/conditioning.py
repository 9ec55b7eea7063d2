"""How the label of an image changes its realness score."""

from typing import Protocol

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.initializers import Initializer
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Samples, Verdict


class Conditioning(Protocol):
    """A term of the logit that depends on the label."""

    def __call__(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the [batch, 1] term to add to the logits."""
        ...

    def loss(self, real: Samples, verdict: Verdict) -> tf.Tensor | None:
        """Returns a scalar the discriminator also minimizes, or None."""
        ...


@config.register("conditioning")
class Projection(tf.Module):
    """Adds the inner product of the features and an embedding of the label.

    Miyato and Koyama, "cGANs with Projection Discriminator", 2018, Eq. 3,
    https://arxiv.org/abs/1802.05637. Rows without a label add nothing.
    """

    def __init__(
        self,
        feature_size: int,
        num_classes: int,
        weights: Weights,
        *,
        initializer: Initializer | None = None,
    ) -> None:
        """Creates the embedding, without a bias.

        Args:
            feature_size: Size of the discriminator's features.
            num_classes: Number of classes.
            weights: How the [num_classes, feature_size] kernel is made.
            initializer: Draws that kernel; None for what draws all others. BigGAN in
                compare_gan has initializers.glorot_normal here.
        """
        super().__init__("projection")
        if initializer is not None:
            weights = weights._replace(initializer=initializer)
        self.embedding = Dense(num_classes, feature_size, weights, use_bias=False)

    def __call__(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        product = self.embedding(labels) * features
        return tf.reduce_sum(product, axis=-1, keepdims=True)

    def loss(self, real: Samples, verdict: Verdict) -> None:
        del real, verdict
