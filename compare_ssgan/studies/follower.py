"""The workers of a run on several hosts that keep no record."""

from compare_ssgan.errors import PreemptedError
from compare_ssgan.studies import attempt, experiment, stop
from compare_ssgan.studies.record import Record
from compare_ssgan.training import loop
from compare_ssgan.training.checkpoints import Checkpoints
from compare_ssgan.training.distribute import Team


def follow(record: Record, team: Team) -> None:
    """Does the steps of a run whose chief is another process, to their end.

    It reads the chief's checkpoint and writes nothing; while the chief evaluates or
    saves, it waits.

    Args:
        record: Of the run, in a directory that all workers see.
        team: What the training step is spread over.

    Raises:
        InputError: If a setting is wrong.
        PreemptedError: If any worker was asked to stop, or is gone.
    """
    with stop.listening() as flag, team.together():
        built = experiment.build(team)
        start = team.from_chief()
        if start >= 0:
            Checkpoints(record.checkpoints, built.parts).read(start)
        evaluated = bool(team.from_chief())
        ending = loop.train(
            built.train_step,
            attempt.batches(built, max(start, 0), team),
            built.schedule,
            _Silent(checked=start > 0),
            discriminator_steps=built.discriminator_steps,
            start=max(start, 0),
            evaluated=evaluated,
            stop=lambda: team.any(flag()),
        )
        # It would not be done without its workers.
        team.from_chief()
    if ending.status == "stopped":
        raise PreemptedError(
            f"Worker {team.place.worker} stopped after step {ending.step}, which is "
            "saved. Start all workers again to go on."
        )


class _Silent:
    """Observes a training whose chief does what is due."""

    def __init__(self, checked: bool) -> None:
        self._checked = checked

    def stepped(self, step: int, terms: loop.Terms) -> None:
        """After the first step, checks that all settings were read."""
        del step, terms
        if not self._checked:
            self._checked = True
            experiment.refuse_unread()

    def log(self, step: int, terms: loop.Terms) -> None:
        """The chief does it."""
        del step, terms

    def evaluate(self, step: int) -> None:
        """The chief does it."""
        del step

    def checkpoint(self, step: int) -> None:
        """The chief does it."""
        del step
