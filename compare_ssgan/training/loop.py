"""The training loop: when to step, evaluate, save and stop. It knows no image."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
import tensorflow as tf

Batch = TypeVar("Batch")
Terms = Mapping[str, float]


class Schedule(NamedTuple):
    """When things are due, in generator steps.

    Attributes:
        steps: Length of the training.
        eval_every: Steps between evaluations.
        checkpoint_every: Steps between checkpoints.
        log_every: Steps between logged terms.
    """

    steps: int
    eval_every: int
    checkpoint_every: int
    log_every: int

    def due(self, step: int, every: int) -> bool:
        """Whether something that happens `every` so many steps happens now.

        Also at the start and at the end.
        """
        return step % every == 0 or step == self.steps


class Ending(NamedTuple):
    """How a training ended.

    Attributes:
        status: "complete", "diverged", or "stopped" after a checkpoint.
        step: The last generator step done.
        term: The first non-finite term of a diverged training.
    """

    status: Literal["complete", "diverged", "stopped"]
    step: int
    term: str | None = None


class Observer(Protocol):
    """What the loop calls, always with the number of generator steps done."""

    def stepped(self, step: int, terms: Terms) -> None:
        """After every step."""
        ...

    def log(self, step: int, terms: Terms) -> None:
        """Keeps the terms of a step."""
        ...

    def evaluate(self, step: int) -> None:
        """Measures and records the generator."""
        ...

    def checkpoint(self, step: int) -> None:
        """Saves everything the next step depends on."""
        ...


def train(
    train_step: Callable[[Sequence[Batch]], Mapping[str, Any]],
    batches: Iterator[Batch],
    schedule: Schedule,
    observer: Observer,
    *,
    discriminator_steps: int,
    start: int,
    evaluated: bool,
    stop: Callable[[], bool],
) -> Ending:
    """Trains from step `start` to the end of the schedule.

    At a due step the order is: evaluate, checkpoint. A process killed at any moment
    and restored from its last checkpoint thus evaluates again what came after it,
    and nothing before it. If asked to stop it saves first and leaves an evaluation
    that is due to the next process.

    Args:
        train_step: Takes `discriminator_steps` batches, returns scalars by name.
        batches: Real data from the position that belongs to `start` on.
        schedule: When things are due.
        observer: Does what is due.
        discriminator_steps: Batches per step.
        start: Steps done before, by the checkpoint that was restored.
        evaluated: Whether the evaluation at `start` is on record.
        stop: Asked at every boundary between steps.
    """
    advance = _compiled(train_step)
    step = start
    if not evaluated and schedule.due(step, schedule.eval_every) and not stop():
        observer.evaluate(step)
        observer.checkpoint(step)
    elif start == 0:
        observer.checkpoint(step)
    if stop():
        return Ending("stopped", step)
    while step < schedule.steps:
        terms = advance([next(batches) for _ in range(discriminator_steps)])
        step += 1
        wrong = next((name for name in terms if not np.isfinite(terms[name])), None)
        if wrong is not None or schedule.due(step, schedule.log_every):
            observer.log(step, terms)
        if wrong is not None:
            return Ending("diverged", step, wrong)
        observer.stepped(step, terms)
        # Asked once per boundary: what is returned must agree with what was saved.
        stopping, finished = stop(), False
        if not stopping and schedule.due(step, schedule.eval_every):
            observer.evaluate(step)
            stopping, finished = stop(), step == schedule.steps
        if stopping or schedule.due(step, schedule.checkpoint_every):
            observer.checkpoint(step)
        if stopping and not finished:
            return Ending("stopped", step)
    return Ending("complete", step)


def _compiled(
    train_step: Callable[[Sequence[Batch]], Mapping[str, Any]],
) -> Callable[[Sequence[Batch]], dict[str, float]]:
    """Returns the step with its scalars fetched as one tensor."""
    names: list[str] = []

    @tf.function(autograph=False)
    def stacked(batches: Sequence[Batch]) -> tf.Tensor:
        terms = train_step(batches)
        names[:] = terms
        return tf.stack([tf.cast(term, tf.float32) for term in terms.values()])

    def advance(batches: Sequence[Batch]) -> dict[str, float]:
        values = stacked(batches).numpy().tolist()
        return dict(zip(names, values, strict=True))

    return advance
