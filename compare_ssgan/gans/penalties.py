"""Penalties on the discriminator, weight included."""

from collections.abc import Callable

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.layers import replicas
from compare_ssgan.types import Critic, Samples

Penalty = Callable[[Critic, Samples, Samples, tf.random.Generator], tf.Tensor]


@config.register("penalties")
def none() -> Penalty | None:
    """No penalty; the same as leaving the penalty out (no reference needed)."""
    return None


@config.register("penalties")
def wgan_gp(weight: float = 10.0, target_norm: float = 1.0) -> Penalty:
    """Two-sided penalty between real and fake, Eq. 3 of Gulrajani, arXiv 1704.00028.

    Labels of conditional models are those of the real examples.

    Args:
        weight: Factor of the penalty in the discriminator's objective.
        target_norm: Gradient norm that is not penalized.

    Returns:
        A function of (critic, real, fake, rng) that returns a scalar.
    """
    _check("wgan_gp", weight)

    def penalty(
        critic: Critic, real: Samples, fake: Samples, rng: tf.random.Generator
    ) -> tf.Tensor:
        mix = rng.uniform([real.images.shape[0], 1, 1, 1])
        images = real.images + mix * (fake.images - real.images)
        norms = _gradient_norms(critic, real._replace(images=images))
        return weight * tf.reduce_mean(tf.square(norms - target_norm))

    return penalty


@config.register("penalties")
def dragan(
    weight: float = 10.0, target_norm: float = 1.0, noise: float = 0.5
) -> Penalty:
    """Penalty around the data, Eq. 1 of Kodali et al., arXiv 1705.07215.

    As in the authors' code, images are moved by `noise` standard deviations of the
    whole batch times a uniform variable, here in [-0.5, 0.5) as in compare_gan,
    and clipped to [0, 1].

    Args:
        weight: Factor of the penalty in the discriminator's objective.
        target_norm: Gradient norm that is not penalized.
        noise: Largest displacement in standard deviations of the batch.

    Returns:
        A function of (critic, real, fake, rng) that returns a scalar.
    """
    _check("dragan", weight)
    if noise <= 0:
        raise InputError(f"penalties.dragan.noise must be positive, not {noise}.")

    def penalty(
        critic: Critic, real: Samples, fake: Samples, rng: tf.random.Generator
    ) -> tf.Tensor:
        del fake
        shift = rng.uniform(real.images.shape, -noise, noise)
        images = real.images + replicas.standard_deviation(real.images) * shift
        images = tf.clip_by_value(images, 0.0, 1.0)
        norms = _gradient_norms(critic, real._replace(images=images))
        return weight * tf.reduce_mean(tf.square(norms - target_norm))

    return penalty


@config.register("penalties")
def r1(weight: float = 10.0) -> Penalty:
    """Squared gradient norm on real data, Eq. 9 of Mescheder et al., arXiv 1801.04406.

    Args:
        weight: The paper's gamma; the penalty is weight / 2 times the mean square.

    Returns:
        A function of (critic, real, fake, rng) that returns a scalar.
    """
    _check("r1", weight)

    def penalty(
        critic: Critic, real: Samples, fake: Samples, rng: tf.random.Generator
    ) -> tf.Tensor:
        del fake, rng
        gradients = _gradients(critic, real)
        squares = tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3])
        return 0.5 * weight * tf.reduce_mean(squares)

    return penalty


@config.register("penalties")
def l2(weight: float = 1.0) -> Penalty:
    """Mean over the kernels of D of half their squared norm, as in arXiv 1807.04720.

    Kurach et al., "A Large-Scale Study on Regularization and Normalization in
    GANs". Kernels are those before spectral normalization; biases are left out.

    Args:
        weight: Factor of the penalty in the discriminator's objective.

    Returns:
        A function of (critic, real, fake, rng) that returns a scalar.
    """
    _check("l2", weight)

    def penalty(
        critic: Critic, real: Samples, fake: Samples, rng: tf.random.Generator
    ) -> tf.Tensor:
        del real, fake, rng
        return weight * tf.reduce_mean([tf.nn.l2_loss(k) for k in critic.kernels])

    return penalty


def _check(name: str, weight: float) -> None:
    if weight <= 0:
        raise InputError(
            f"penalties.{name}.weight must be positive, not {weight}; for no penalty "
            "set gans.ModularGAN.penalty = None."
        )


def _gradients(critic: Critic, samples: Samples) -> tf.Tensor:
    """Returns the gradients of the logits at the images, shaped like the images."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(samples.images)
        logits = critic(samples).logits
    return tape.gradient(logits, samples.images)


def _gradient_norms(critic: Critic, samples: Samples) -> tf.Tensor:
    """Returns [batch] norms of the logits' gradients at the images."""
    squares = tf.square(_gradients(critic, samples))
    # The square root has an infinite slope at zero.
    return tf.sqrt(1e-4 + tf.reduce_sum(squares, axis=[1, 2, 3]))
