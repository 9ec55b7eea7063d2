"""Which checkpoints of a run are meant."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from compare_ssgan.errors import InputError
from compare_ssgan.studies.record import Record
from compare_ssgan.training import checkpoints
from compare_ssgan.training.loop import Schedule

# "last" is the newest checkpoint, "all" are those that were kept.
Steps = Literal["last", "all"] | tuple[int, ...]


class Chosen(NamedTuple):
    """What there is of the steps that were asked for.

    Attributes:
        checkpoints: Generator steps of checkpoints, ascending.
        diverged: The step of the run's divergence, if it was asked for.
        notes: What is to be told about the others.
    """

    checkpoints: list[int]
    diverged: list[int]
    notes: list[str]


def choose(record: Record, steps: Steps) -> Chosen:
    """Returns the checkpoints that are meant.

    A diverged run has none from its divergence on, and need not have any.

    Raises:
        InputError: If there is none, or none of a step that was asked for.
    """
    if not record.exists:
        raise InputError(
            f"{record.directory} is not the directory of a run: it has no run.json."
        )
    found = checkpoints.saved_steps(record.checkpoints)
    end = _divergence(record)
    asked = list(steps) if isinstance(steps, tuple) else found[-1:]
    if steps == "all":
        asked = found
    over = [step for step in asked if step not in found and end <= step]
    missing = [step for step in asked if step not in [*found, *over]]
    if not asked or (missing and not found):
        raise InputError(
            f"{record.directory} has no checkpoint to evaluate (records are kept "
            "without them in version control). Do the run again."
        )
    if missing:
        raise InputError(
            f"{record.directory} has no checkpoint of step {_listed(missing)}, only of "
            f"{_listed(found)}. Change --steps."
        )
    after = [step for step in over if step > end]
    notes = []
    if after:
        notes = [f"It diverged at step {end:,}: there is no step {_listed(after)}."]
    return Chosen(
        sorted(step for step in asked if step in found),
        [step for step in over if step == end],
        notes,
    )


def following(steps: Steps, new: Sequence[int]) -> Sequence[int]:
    """Returns those of new checkpoints, ascending, that are meant."""
    if isinstance(steps, tuple):
        return [step for step in new if step in steps]
    return new if steps == "all" else new[-1:]


def missed(schedule: Schedule, steps: Steps, seen: Collection[int]) -> list[int]:
    """Returns the steps that were meant, but whose checkpoints were never seen.

    Args:
        schedule: Of the run.
        steps: What is meant.
        seen: Steps of checkpoints that were there at some time.
    """
    if isinstance(steps, tuple):
        return [step for step in steps if step not in seen]
    if steps == "last" or not seen:
        return []
    return [
        step
        for step in range(min(seen), max(seen))
        if schedule.due(step, schedule.checkpoint_every) and step not in seen
    ]


def _divergence(record: Record) -> float:
    """Returns the step at which the run diverged, infinity if it has not."""
    run = record.read()
    if run["status"] != "diverged":
        return float("inf")
    return int((run.get("diverged") or {}).get("step", 0))


def _listed(steps: Sequence[int]) -> str:
    return ", ".join(f"{step}" for step in steps)
