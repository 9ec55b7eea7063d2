"""How the kernels of a network are made."""

from typing import NamedTuple

import numpy as np

from compare_ssgan.layers.initializers import Initializer


class Weights(NamedTuple):
    """What a network hands down to everything in it that creates a kernel.

    Attributes:
        rng: Source of initial values; consumed in the order of construction, so
            that a seed gives the same network again.
        initializer: Draws a kernel of a given shape.
        spectral_norm: Whether kernels are divided by their largest singular value.
    """

    rng: np.random.Generator
    initializer: Initializer
    spectral_norm: bool = False
