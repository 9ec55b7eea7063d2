"""A trained game as evaluations see it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

import tensorflow as tf

from compare_ssgan.evaluation.sampling import Draw, Sampling
from compare_ssgan.types import ImageGame, Samples


@runtime_checkable
class Model(Protocol):
    """What draws, and the players behind it.

    Within `drawing` the players are as that says; metrics that look into them are
    computed there.
    """

    @property
    def game(self) -> ImageGame:
        """The players."""
        ...

    @property
    def generator(self) -> Callable[..., tf.Tensor]:
        """Maps (latents, labels or None, training) to images in [0, 1].

        The moving average of the game's generator where one is kept.
        """
        ...

    def __call__(self, num: int, rng: tf.random.Generator) -> Samples:
        """Draws `num` examples, with the statistics of evaluation."""
        ...

    def drawing(self, sampling: Sampling) -> AbstractContextManager[Draw]:
        """Returns a context in which the generator is as `sampling` says.

        Its value draws (number, rng); afterwards the generator is what it was.
        """
        ...


def drawing(sampler: Draw | Model, sampling: Sampling) -> AbstractContextManager[Draw]:
    """Returns a context with what draws from `sampler` as `sampling` says.

    Args:
        sampler: (number, rng) to examples; a `Model` where latents are truncated or
            statistics standing.
        sampling: How to draw.
    """
    if not isinstance(sampler, Model):
        assert sampling[:2] == (None, None), sampler
        return nullcontext(sampler)
    return sampler.drawing(sampling)
