"""Generated examples for evaluations and grids."""

from typing import Any

import tensorflow as tf

from compare_ssgan.types import ImageGame, Samples


class Sampler:
    """Generates with the statistics of evaluation, compiled once per batch size."""

    def __init__(self, game: ImageGame, generator: Any = None) -> None:
        """Prepares sampling.

        Args:
            game: What samples.
            generator: Used in place of the game's own, e.g. its moving average.
        """
        # A generator of the caller's would mean a new trace for each of them.
        self._rng = tf.random.Generator.from_seed(0)

        @tf.function(autograph=False)
        def sample(num: int) -> Samples:
            return game.sample(num, self._rng, generator=generator)

        self._sample = sample

    def __call__(self, num: int, rng: tf.random.Generator) -> Samples:
        """Returns `num` examples and advances `rng`."""
        self._rng.state.assign(rng.state)
        samples = self._sample(num)
        rng.state.assign(self._rng.state)
        return samples
