"""Statistics of batch normalization that are averaged over many batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.batch_norm import moving_statistics


class StandingStatistics:
    """Puts statistics of a stated number of batches in the place of moving averages.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image
    Synthesis", 2019, https://arxiv.org/abs/1809.11096, App. B: "standing statistics",
    which make the output of a generator independent of the batch it is drawn in and
    of how the training ended. As in compare_gan
    (https://github.com/google/compare_gan) they are the plain means of the batches'
    means and of their variances.
    """

    def __init__(self, generator: tf.Module, forward: Callable[[], object]) -> None:
        """Prepares the passes.

        Args:
            generator: Whose batch normalizations are meant.
            forward: Draws one batch from it with training=True, and changes nothing
                but the moving averages (and its source of randomness).

        Raises:
            InputError: If the generator has no batch normalization.
        """
        check(generator)
        statistics = moving_statistics(generator)
        self._variables = [v for each in statistics for v in (each.mean, each.variance)]

        @tf.function(autograph=False)
        def moments() -> tf.Tensor:
            for variable in self._variables:
                variable.assign(tf.zeros_like(variable))
            forward()
            # What began at zero is now (1 - decay) times the statistic of the batch.
            return tf.concat(
                [
                    tf.cast(variable / (1.0 - each.decay), tf.float64)
                    for each in statistics
                    for variable in (each.mean, each.variance)
                ],
                axis=0,
            )

        self._moments = moments

    @contextmanager
    def over(self, num_batches: int) -> Iterator[None]:
        """Returns a context in which the moving averages are those of fresh batches.

        Afterwards they are, bit for bit, what they were before.

        Args:
            num_batches: Number of batches.
        """
        assert num_batches > 0
        kept = [variable.numpy() for variable in self._variables]
        try:
            total = self._moments()
            for _ in range(num_batches - 1):
                total += self._moments()
            sizes = [variable.shape[0] for variable in self._variables]
            means = np.split(total.numpy() / num_batches, np.cumsum(sizes)[:-1])
            for variable, mean in zip(self._variables, means, strict=True):
                variable.assign(mean.astype(np.float32))
            yield
        finally:
            for variable, value in zip(self._variables, kept, strict=True):
                variable.assign(value)


def check(generator: tf.Module) -> None:
    """Raises an `InputError` unless the generator has a batch normalization."""
    if not moving_statistics(generator):
        raise InputError(
            "Standing statistics are those of batch normalization, and the generator "
            "has none. Remove evaluate.standing_statistics, or set "
            "gans.ModularGAN.generator_norm = @norms.BatchNorm."
        )
