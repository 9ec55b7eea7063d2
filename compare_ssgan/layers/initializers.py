"""Initial values of kernels."""

from collections.abc import Callable, Sequence
from math import prod, sqrt

import numpy as np
import numpy.typing as npt

from compare_ssgan import config
from compare_ssgan.errors import InputError

Initializer = Callable[[np.random.Generator, Sequence[int]], npt.NDArray[np.float32]]

# Standard deviation of N(0, 1) without what is more than 2 from its mean.
_TRUNCATED_STDDEV = 0.8796256610342398


@config.register("initializers")
def normal(*, stddev: float = 0.02) -> Initializer:
    """Returns an initializer that draws from N(0, stddev^2).

    Radford et al., "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, https://arxiv.org/abs/1511.06434, Sec. 4.

    Args:
        stddev: Standard deviation of a weight, above 0.

    Raises:
        InputError: If `stddev` is not above 0.
    """
    _check_positive(
        stddev, "The standard deviation of initial weights", "normal.stddev"
    )

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        return rng.normal(scale=stddev, size=tuple(shape)).astype(np.float32)

    return initialize


@config.register("initializers")
def truncated_normal(*, stddev: float = 0.02) -> Initializer:
    """Returns an initializer that draws from N(0, stddev^2) within two deviations.

    What lies further from 0 is drawn again, so that weights have a standard deviation
    of 0.88 stddev; the initializer called truncated in compare_gan
    (https://github.com/google/compare_gan, arch_ops.py).

    Args:
        stddev: Standard deviation before values are drawn again, above 0.

    Raises:
        InputError: If `stddev` is not above 0.
    """
    _check_positive(
        stddev, "The standard deviation of initial weights", "truncated_normal.stddev"
    )

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        return (stddev * _draw_truncated(rng, shape)).astype(np.float32)

    return initialize


@config.register("initializers")
def orthogonal(*, gain: float = 1.0) -> Initializer:
    """Returns an initializer that draws orthogonal matrices, uniformly.

    Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", 2014, https://arxiv.org/abs/1312.6120; BigGAN's, Brock et al.,
    2019, https://arxiv.org/abs/1809.11096, Appendix C. A kernel is flattened to the
    matrix W [all other dimensions, last dimension], as in compare_gan:
    W'W = gain^2 I, or WW' = gain^2 I where W has more columns than rows.

    Args:
        gain: All singular values of W, above 0.

    Raises:
        InputError: If `gain` is not above 0.
    """
    _check_positive(gain, "The gain of initial weights", "orthogonal.gain")

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        # Most networks do without SciPy, which takes a while to import.
        from scipy.linalg import qr

        rows, columns = prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        # NumPy decomposes in float64, which takes over twice as long here.
        gaussian = rng.standard_normal(tall, dtype=np.float32)
        q, r = qr(gaussian, mode="economic", overwrite_a=True, check_finite=False)
        # Only the decomposition with a positive diagonal is uniformly distributed.
        q *= np.where(np.diag(r) < 0.0, -gain, gain).astype(np.float32)
        matrix = q if rows >= columns else q.T
        return np.ascontiguousarray(matrix).reshape(shape)

    return initialize


@config.register("initializers")
def glorot_normal() -> Initializer:
    """Returns an initializer of variance 2 / (fan in + fan out), normal.

    The variance of Glorot and Bengio, "Understanding the difficulty of training deep
    feedforward neural networks", 2010, https://proceedings.mlr.press/v9/glorot10a.html,
    Eq. 12, from a normal distribution without what is more than two of its deviations
    from 0, as in TensorFlow.
    """

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        scale = sqrt(2.0 / _fans(shape)) / _TRUNCATED_STDDEV
        return (scale * _draw_truncated(rng, shape)).astype(np.float32)

    return initialize


@config.register("initializers")
def glorot_uniform(*, gain: float = 1.0) -> Initializer:
    """Returns an initializer of variance 2 gain^2 / (fan in + fan out), uniform.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, https://proceedings.mlr.press/v9/glorot10a.html, Eq. 16:
    U(-a, a) with a = gain sqrt(6 / (fan in + fan out)).

    Args:
        gain: Factor of all weights, above 0.

    Raises:
        InputError: If `gain` is not above 0.
    """
    _check_positive(gain, "The gain of initial weights", "glorot_uniform.gain")

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        bound = gain * sqrt(6.0 / _fans(shape))
        return rng.uniform(-bound, bound, tuple(shape)).astype(np.float32)

    return initialize


def _check_positive(value: float, what: str, parameter: str) -> None:
    if value <= 0.0:
        raise InputError(
            f"{what} must be above 0, not {value}. Change initializers.{parameter}."
        )


def _fans(shape: Sequence[int]) -> int:
    """Returns fan in plus fan out of a kernel [..., in, out] (or [..., out, in])."""
    return prod(shape[:-2]) * (shape[-2] + shape[-1])


def _draw_truncated(
    rng: np.random.Generator, shape: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Returns draws from N(0, 1) of at most 2 in absolute value."""
    values = rng.normal(size=prod(shape))
    outside = np.flatnonzero(np.abs(values) > 2.0)
    while outside.size:
        values[outside] = rng.normal(size=outside.size)
        outside = outside[np.abs(values[outside]) > 2.0]
    return values.reshape(tuple(shape))
