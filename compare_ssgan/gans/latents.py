"""Distributions of the latent variables of a generator."""

import math
from typing import Protocol

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.types import Factor


class Latents(Protocol):
    """A distribution of latent vectors."""

    def __call__(
        self,
        num: int,
        size: int,
        rng: tf.random.Generator,
        truncation: float | None = None,
    ) -> tf.Tensor:
        """Draws latents.

        Args:
            num: Number of vectors.
            size: Length of a vector.
            rng: Source of randomness.
            truncation: Largest magnitude, in units of the standard deviation; values
                beyond it are drawn again. None for no limit.

        Returns:
            [num, size] float32.

        Raises:
            InputError: If the distribution has no such form.
        """
        ...


class KnownLatents:
    """A distribution of latent vectors whose density is known.

    Attributes:
        factor: How each variable is distributed; its size means nothing.
    """

    def __init__(self, draw: Latents, factor: Factor) -> None:
        """Adds to what draws latents what they are."""
        self._draw, self.factor = draw, factor

    def __call__(
        self,
        num: int,
        size: int,
        rng: tf.random.Generator,
        truncation: float | None = None,
    ) -> tf.Tensor:
        """Draws latents; see `Latents`."""
        return self._draw(num, size, rng, truncation)


@config.register("latents")
def normal(stddev: float = 1.0) -> Latents:
    """Independent Gaussians, N(0, stddev^2), as in BigGAN (arXiv 1809.11096).

    Truncated as in its Sec. 3.1: values outside [-truncation, truncation] are drawn
    again. What that leads to is drawn at once, by the inverse of the truncated
    distribution function.

    Args:
        stddev: Standard deviation of every latent variable, before truncation.

    Returns:
        A function of (num, latent_size, rng, truncation) that returns
        [num, latent_size].
    """
    if stddev <= 0:
        raise InputError(f"latents.normal.stddev must be positive, not {stddev}.")

    def draw(
        num: int,
        size: int,
        rng: tf.random.Generator,
        truncation: float | None = None,
    ) -> tf.Tensor:
        if truncation is None:
            return rng.normal([num, size], stddev=stddev)
        if not 0.0 < truncation < math.inf:
            raise InputError(
                f"A truncation must be a positive number, not {truncation}. Change "
                "evaluate.truncation (--truncation), or remove it."
            )
        # 2 Phi(z) - 1 = erf(z / sqrt 2) is uniform between its values at the limits.
        # In float64, as float32 has no quantiles beyond five standard deviations.
        limit = math.erf(truncation / math.sqrt(2.0))
        uniform = rng.uniform([num, size], -limit, limit, tf.float64)
        z = math.sqrt(2.0) * tf.math.erfinv(uniform)
        z = tf.clip_by_value(z, -truncation, truncation)
        return tf.cast(stddev * z, tf.float32)

    return KnownLatents(draw, Factor("normal", 0, stddev=stddev))


@config.register("latents")
def uniform(low: float = -1.0, high: float = 1.0) -> Latents:
    """Independent uniform variables, the prior of DCGAN (arXiv 1511.06434).

    They have no tails that could be truncated.

    Args:
        low: Smallest value.
        high: Upper limit, excluded.

    Returns:
        A function of (num, latent_size, rng, truncation) that returns
        [num, latent_size].
    """
    if low >= high:
        raise InputError(
            f"latents.uniform.low must be below .high, received {low} and {high}."
        )

    def draw(
        num: int,
        size: int,
        rng: tf.random.Generator,
        truncation: float | None = None,
    ) -> tf.Tensor:
        if truncation is not None:
            raise InputError(
                f"The truncation {truncation:g} needs Gaussian latents: uniform ones "
                "have no tails to cut off. Remove evaluate.truncation (--truncation), "
                "or train with gans.ModularGAN.latent_distribution = @latents.normal()."
            )
        return rng.uniform([num, size], low, high)

    return KnownLatents(draw, Factor("uniform", 0, low=low, high=high))
