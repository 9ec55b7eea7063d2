"""Adversarial losses.

A loss is a pair of functions of the discriminator's logits. Each factory takes
the hyperparameters that gin may bind; the functions it returns take tensors. The
formulas are TF-GAN's wherever it has the published one.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config, tfgan
from compare_ssgan.layers import replicas

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class AdversarialLoss(NamedTuple):
    """What each player minimizes.

    Attributes:
        discriminator: (real_logits, fake_logits) -> [], both [batch, ...].
        generator: (fake_logits, real_logits) -> []; real_logits is None unless
            `generator_needs_real`.
        generator_needs_real: Whether the generator's loss depends on the logits of
            real images, which costs a pass of the discriminator.
    """

    discriminator: Loss
    generator: Callable[[tf.Tensor, tf.Tensor | None], tf.Tensor]
    generator_needs_real: bool = False


@config.register("losses")
def non_saturating() -> AdversarialLoss:
    """Cross-entropy; G maximizes log D(G(z)). Sec. 3 of arXiv 1406.2661.

    Goodfellow et al., "Generative Adversarial Networks", 2014.
    """

    def generator(fake_logits: tf.Tensor, real_logits: tf.Tensor | None) -> tf.Tensor:
        del real_logits
        return tfgan.modified_generator_loss(fake_logits, loss_collection=None)

    return AdversarialLoss(_cross_entropy, generator)


@config.register("losses")
def minimax() -> AdversarialLoss:
    """Cross-entropy; G minimizes log(1 - D(G(z))). Eq. 1 of arXiv 1406.2661.

    The game as first stated; it saturates where D is confident.
    """

    def generator(fake_logits: tf.Tensor, real_logits: tf.Tensor | None) -> tf.Tensor:
        del real_logits
        # TF-GAN's minimax_generator_loss adds the constant log sigmoid(1).
        return -tf.reduce_mean(tf.nn.softplus(fake_logits))

    return AdversarialLoss(_cross_entropy, generator)


@config.register("losses")
def hinge() -> AdversarialLoss:
    """Hinge loss, Eq. 16 and 17 of Miyato et al., arXiv 1802.05957."""

    def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tfgan.hinge_discriminator_loss(
            real_logits, fake_logits, loss_collection=None
        )

    return AdversarialLoss(discriminator, _minus_mean)


@config.register("losses")
def wasserstein() -> AdversarialLoss:
    """Difference of mean scores, Eq. 2 of Arjovsky et al., arXiv 1701.07875."""

    def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tfgan.wasserstein_discriminator_loss(
            real_logits, fake_logits, loss_collection=None
        )

    return AdversarialLoss(discriminator, _minus_mean)


@config.register("losses")
def least_squares(
    real: float = 1.0, fake: float = 0.0, on_probabilities: bool = False
) -> AdversarialLoss:
    """Least squares, Eq. 9 of Mao et al., arXiv 1611.04076.

    Args:
        real: Target of the discriminator's output on real examples, and of the
            generator's on its own.
        fake: Target of the discriminator's output on generated examples.
        on_probabilities: Whether the outputs are sigmoids of the logits, as in
            compare_gan, and not the logits, as in the paper.
    """

    def output(logits: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(logits) if on_probabilities else logits

    def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tfgan.least_squares_discriminator_loss(
            output(real_logits),
            output(fake_logits),
            real_label=real,
            fake_label=fake,
            loss_collection=None,
        )

    def generator(fake_logits: tf.Tensor, real_logits: tf.Tensor | None) -> tf.Tensor:
        del real_logits
        return tfgan.least_squares_generator_loss(
            output(fake_logits), real_label=real, loss_collection=None
        )

    return AdversarialLoss(discriminator, generator)


@config.register("losses")
def relativistic_average() -> AdversarialLoss:
    """Is a real image more real than the average fake? Sec. 4.2 of arXiv 1807.00734.

    Jolicoeur-Martineau, "The relativistic discriminator", 2018 (RaSGAN).
    """

    def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tfgan.relativistic_discriminator_loss(
            replicas.all_rows(real_logits), replicas.all_rows(fake_logits)
        )

    def generator(fake_logits: tf.Tensor, real_logits: tf.Tensor | None) -> tf.Tensor:
        assert real_logits is not None
        return tfgan.relativistic_generator_loss(
            replicas.all_rows(real_logits), replicas.all_rows(fake_logits)
        )

    return AdversarialLoss(discriminator, generator, generator_needs_real=True)


def _cross_entropy(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    return tfgan.modified_discriminator_loss(
        real_logits, fake_logits, loss_collection=None
    )


def _minus_mean(fake_logits: tf.Tensor, real_logits: tf.Tensor | None) -> tf.Tensor:
    del real_logits
    return tfgan.wasserstein_generator_loss(fake_logits, loss_collection=None)
