"""How the kernels of a network are made."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.layers.initializers import Initializer


class Weights(NamedTuple):
    """What a network hands down to everything in it that creates a kernel.

    Attributes:
        rng: Source of initial values; consumed in the order of construction, so
            that a seed gives the same network again.
        initializer: Draws a kernel of a given shape.
        spectral_norm: Whether kernels are divided by their largest singular value.
        dtype: In which products with kernels are computed, and between which
            layers activations are kept; the kernels themselves are float32.
    """

    rng: np.random.Generator
    initializer: Initializer
    spectral_norm: bool = False
    dtype: tf.DType = tf.float32

    def plain(self) -> "Weights":
        """Returns the same without spectral normalization."""
        return self._replace(spectral_norm=False)

    def exact(self) -> "Weights":
        """Returns the same for float32 products: heads, modulation, embeddings."""
        return self._replace(dtype=tf.float32)
