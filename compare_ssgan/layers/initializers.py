"""Initial values of kernels."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from compare_ssgan import config
from compare_ssgan.errors import InputError

Initializer = Callable[[np.random.Generator, Sequence[int]], npt.NDArray[np.float32]]


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
    if stddev <= 0.0:
        raise InputError(
            f"The standard deviation of initial weights must be above 0, not {stddev}."
            " Change initializers.normal.stddev."
        )

    def initialize(
        rng: np.random.Generator, shape: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        return rng.normal(scale=stddev, size=tuple(shape)).astype(np.float32)

    return initialize
