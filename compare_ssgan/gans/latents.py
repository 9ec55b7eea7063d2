"""Distributions of the latent variables of a generator."""

from collections.abc import Callable

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError

Latents = Callable[[int, int, tf.random.Generator], tf.Tensor]


@config.register("latents")
def normal(stddev: float = 1.0) -> Latents:
    """Independent Gaussians, N(0, stddev^2), as in BigGAN (arXiv 1809.11096).

    Args:
        stddev: Standard deviation of every latent variable.

    Returns:
        A function of (num, latent_size, rng) that returns [num, latent_size].
    """
    if stddev <= 0:
        raise InputError(f"latents.normal.stddev must be positive, not {stddev}.")

    def draw(num: int, size: int, rng: tf.random.Generator) -> tf.Tensor:
        return rng.normal([num, size], stddev=stddev)

    return draw


@config.register("latents")
def uniform(low: float = -1.0, high: float = 1.0) -> Latents:
    """Independent uniform variables, the prior of DCGAN (arXiv 1511.06434).

    Args:
        low: Smallest value.
        high: Upper limit, excluded.

    Returns:
        A function of (num, latent_size, rng) that returns [num, latent_size].
    """
    if low >= high:
        raise InputError(
            f"latents.uniform.low must be below .high, received {low} and {high}."
        )

    def draw(num: int, size: int, rng: tf.random.Generator) -> tf.Tensor:
        return rng.uniform([num, size], low, high)

    return draw
