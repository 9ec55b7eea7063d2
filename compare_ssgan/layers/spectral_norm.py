"""Spectral normalization as a reparametrization of a kernel."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# Added to nothing: a lower bound of norms and of sigma, so that a kernel of zeros
# stays one.
_EPSILON = 1e-12
_INITIAL_ITERATIONS = 10


class SpectralNorm(tf.Module):
    """Divides a kernel by an estimate of its largest singular value.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    https://arxiv.org/abs/1802.05957, Algorithm 1. The kernel is reshaped to the matrix
    W [all other dimensions, output channels]; with v = W'u / |W'u|,

        sigma = u'Wv,    normalized kernel = W / sigma.

    u and v are constants for the gradient, sigma is not: the gradient of any function
    of the normalized kernel is orthogonal to the kernel.

    The kernel stays the trainable variable and a call changes no state. u advances
    only in `update`, which the training step calls once per step of the player that
    owns the kernel. (compare_gan advances it in every forward pass, evaluation
    included.) Ten iterations at construction replace the first steps, in which a
    random u would underestimate sigma severalfold.
    """

    def __init__(
        self, kernel: tf.Variable, rng: np.random.Generator, *, out_axis: int = -1
    ) -> None:
        """Finds a first estimate of the left singular vector.

        Args:
            kernel: Variable of rank 2 or more, the kernel to normalize.
            rng: Source of the vector that the power iteration starts from.
            out_axis: Axis of the output channels: -1, or -2 for the kernel
                [height, width, out, in] of a transposed convolution.
        """
        assert out_axis in (-1, -2)
        super().__init__("spectral_norm")
        self.kernel = kernel
        rank = len(kernel.shape)
        self._permutation = None
        if out_axis == -2:
            self._permutation = (*range(rank - 2), rank - 1, rank - 2)
        self._out_size = int(kernel.shape[out_axis])

        matrix = self._matrix().numpy().astype(np.float64)
        u = rng.normal(size=[matrix.shape[0], 1])
        for _ in range(_INITIAL_ITERATIONS):
            v = matrix.T @ u
            u = matrix @ (v / max(float(np.linalg.norm(v)), _EPSILON))
            u /= max(float(np.linalg.norm(u)), _EPSILON)
        self.u = tf.Variable(u.astype(np.float32), trainable=False, name="u")

    def __call__(self) -> tf.Tensor:
        """Returns the normalized kernel, shape of the kernel."""
        return self.kernel / tf.maximum(self.sigma(), _EPSILON)

    def sigma(self) -> tf.Tensor:
        """Returns the estimate of the largest singular value, a scalar."""
        product = self._transposed_product()
        # u'Wv = (W'u)'v: one product with the matrix serves for v and for sigma.
        return tf.reduce_sum(product * tf.stop_gradient(_unit(product)))

    def update(self) -> None:
        """Does one power iteration; changes u and nothing else."""
        v = _unit(self._transposed_product())
        self.u.assign(_unit(tf.matmul(self._matrix(), v)))

    def _transposed_product(self) -> tf.Tensor:
        return tf.matmul(self._matrix(), self.u, transpose_a=True)

    def _matrix(self) -> tf.Tensor:
        kernel = tf.convert_to_tensor(self.kernel)
        if self._permutation is not None:
            kernel = tf.transpose(kernel, self._permutation)
        return tf.reshape(kernel, [-1, self._out_size])


def update_spectral_norms(modules: Sequence[tf.Module]) -> None:
    """Does one power iteration for every spectrally normalized kernel.

    Args:
        modules: The modules of a player; a kernel in several of them advances once.
    """
    found = {
        id(part): part
        for module in modules
        for part in (module, *module.submodules)
        if isinstance(part, SpectralNorm)
    }
    for part in found.values():
        part.update()


def _unit(x: tf.Tensor) -> tf.Tensor:
    # l2_normalize compares its epsilon with the squared norm.
    return tf.math.l2_normalize(x, epsilon=_EPSILON**2)
