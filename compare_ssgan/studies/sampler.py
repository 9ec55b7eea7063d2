"""Generated examples for evaluations and grids."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from compare_ssgan.evaluation import sampling as evaluation_sampling
from compare_ssgan.evaluation import standing_statistics
from compare_ssgan.evaluation.sampling import Draw, Sampling
from compare_ssgan.evaluation.standing_statistics import StandingStatistics
from compare_ssgan.types import ImageGame, Samples

# Any fixed number: standing statistics are those of the same latents every time.
_STANDING_SEED = 18_091_109


class Sampler:
    """Generates with the statistics of evaluation, compiled once per batch size."""

    def __init__(self, game: ImageGame, generator: Any = None) -> None:
        """Prepares sampling.

        Args:
            game: What samples.
            generator: Used in place of the game's own, e.g. its moving average.
        """
        self._game, self._generator = game, generator
        # A generator of the caller's would mean a new trace for each of them.
        self._rng = tf.random.Generator.from_seed(0)
        self._standing: dict[float | None, StandingStatistics] = {}
        self._current: Sampling | None = None

        @tf.function(autograph=False)
        def sample(num: int, truncation: float | None) -> Samples:
            return game.sample(
                num, self._rng, generator=generator, truncation=truncation
            )

        self._sample = sample

    @property
    def game(self) -> ImageGame:
        """The players."""
        return self._game

    @property
    def generator(self) -> Any:
        """What maps latents and labels to images; see `evaluation.model.Model`."""
        return self._generator or self._game.generator

    def __call__(
        self, num: int, rng: tf.random.Generator, truncation: float | None = None
    ) -> Samples:
        """Returns `num` examples and advances `rng`."""
        self._rng.state.assign(rng.state)
        samples = self._sample(num, truncation)
        rng.state.assign(self._rng.state)
        return samples

    def check(self, sampling: Sampling) -> None:
        """Refuses a way of drawing that this game does not have.

        Raises:
            InputError: If its latents cannot be truncated, or standing statistics
                are asked for and there is no batch normalization.
        """
        evaluation_sampling.check_number(sampling.standing_statistics)
        if sampling.truncation is not None:
            # Latents are all that is wanted, so that the network is left out.
            self._game.sample(
                1,
                tf.random.Generator.from_seed(0),
                generator=lambda latents, *_: latents,
                truncation=sampling.truncation,
            )
        if sampling.standing_statistics is not None:
            standing_statistics.check(self.generator)

    @contextmanager
    def drawing(self, sampling: Sampling) -> Iterator[Draw]:
        """Returns a context in which the generator is as `sampling` says.

        Its value draws (number, rng). Afterwards the generator is what it was, bit
        for bit. A context within another for the same sampling costs nothing.

        Args:
            sampling: How to draw. Standing statistics are taken from batches of the
                size that the game is trained with, their latents truncated alike.
        """
        draw = functools.partial(self, truncation=sampling.truncation)
        number = sampling.standing_statistics
        if number is None or self._current is not None:
            assert self._current in (None, sampling), "two ways of drawing at once"
            yield draw
            return
        statistics = self._statistics(sampling.truncation)
        self._rng.reset_from_seed(_STANDING_SEED)
        # The last batch is drawn whole, too.
        with statistics.over(-(-number // self._game.problem.batch_size)):
            self._current = sampling
            try:
                yield draw
            finally:
                self._current = None

    def _statistics(self, truncation: float | None) -> StandingStatistics:
        if truncation not in self._standing:
            self._standing[truncation] = StandingStatistics(
                self.generator,
                lambda: self._game.sample(
                    self._game.problem.batch_size,
                    self._rng,
                    training=True,
                    generator=self._generator,
                    truncation=truncation,
                ),
            )
        return self._standing[truncation]
