"""Distributions of the latent variables of a generator."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.types import Codes

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


@config.register("latents")
def codes(*, categorical: Sequence[int] = (10,), continuous: int = 2) -> Codes:
    """Codes for an InfoGAN: categorical and uniform ones, as in arXiv 1606.03657.

    The defaults are those of its experiment with MNIST, Sec. 7.2.

    Args:
        categorical: Number of categories of each categorical code, uniform.
        continuous: Number of codes that are uniform in [-1, 1).

    Returns:
        The codes, for `gans.ModularGAN.codes`.

    Raises:
        InputError: If there are none, or one has fewer than two categories.
    """
    if any(classes < 2 for classes in categorical):
        raise InputError(
            "latents.codes.categorical lists numbers of categories, two at least; "
            f"received {categorical!r}."
        )
    if continuous < 0 or not (categorical or continuous):
        raise InputError(
            "latents.codes needs a categorical or a continuous code; received "
            f"categorical = {categorical!r} and continuous = {continuous!r}."
        )
    return Codes(tuple(categorical), continuous)
