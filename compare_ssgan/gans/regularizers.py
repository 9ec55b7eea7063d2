"""Regularizers of the kernels of a player, weight included."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError

Regularizer = Callable[[Sequence[tf.Tensor]], tf.Tensor]


@config.register("regularizers")
def orthogonal(weight: float = 1e-4, *, diagonal: bool = False) -> Regularizer:
    """Squared correlations of output channels, Eq. 3 of Brock et al., arXiv 1809.11096.

    With each kernel as a matrix W [all other dimensions, output channels],

        R = weight * sum over kernels of |W'W * (1 - I)|^2,

    the squared Frobenius norm without the diagonal, so that norms are free. With the
    diagonal it is their Eq. 2, |W'W - I|^2, after Brock et al. 2017,
    https://arxiv.org/abs/1609.07093. Kernels are those before spectral normalization,
    of linear layers and convolutions and of whatever modulates normalizations. What
    is no such kernel, an embedding that layers share, is left out, as in the authors'
    code (whose step is half the gradient of this R).

    Args:
        weight: Factor of the term in the player's objective, the paper's beta.
        diagonal: Whether columns are also pulled to norm 1.

    Returns:
        A function of a list of such matrices that returns a scalar.

    Raises:
        InputError: If the weight is not positive.
    """
    if weight <= 0:
        raise InputError(
            f"regularizers.orthogonal.weight must be positive, not {weight}; for no "
            "regularizer set gans.ModularGAN.generator_regularizer (or "
            "discriminator_regularizer) = None."
        )

    def regularizer(matrices: Sequence[tf.Tensor]) -> tf.Tensor:
        return weight * tf.add_n([_deviation(w, diagonal) for w in matrices])

    return regularizer


def _deviation(w: tf.Tensor, diagonal: bool) -> tf.Tensor:
    rows, columns = w.shape
    squares = tf.reduce_sum(tf.square(w), axis=0)
    if rows < columns:
        # |W'W| = |WW'|, which has fewer elements: the first layer of a wide generator
        # would need gigabytes for W'W. Its diagonal is the lesser part of the sum, so
        # that the difference loses no precision.
        gram = tf.matmul(w, w, transpose_b=True)
        total = tf.reduce_sum(tf.square(gram)) - tf.reduce_sum(tf.square(squares))
    else:
        gram = tf.matmul(w, w, transpose_a=True)
        gram = tf.linalg.set_diag(gram, tf.zeros_like(squares))
        total = tf.reduce_sum(tf.square(gram))
    if diagonal:
        total += tf.reduce_sum(tf.square(squares - 1.0))
    return total
