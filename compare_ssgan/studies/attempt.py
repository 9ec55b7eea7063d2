"""One process's work on a run: restoring, training, recording."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from compare_ssgan import config
from compare_ssgan.datasets.base import Worker
from compare_ssgan.errors import PreemptedError
from compare_ssgan.evaluation import sampling
from compare_ssgan.evaluation.sampling import Draw
from compare_ssgan.studies import experiment as experiments
from compare_ssgan.studies import grids, operations
from compare_ssgan.studies.board import Board
from compare_ssgan.studies.experiment import Experiment, refuse_unread
from compare_ssgan.studies.progress import Progress
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training import loop
from compare_ssgan.training.checkpoints import Checkpoints
from compare_ssgan.training.distribute import ALONE, Team
from compare_ssgan.types import Samples

GRID_IMAGES = 64
# Any fixed number: the same latents at every evaluation and in every run.
_GRID_SEED = 20_181_127

Measure = Callable[[Sampler, Any, bool], Sequence[Any]]


class Attempt:
    """Trains a run from its newest checkpoint to its end; the loop's observer."""

    def __init__(
        self,
        built: Experiment,
        record: Record,
        measure: Measure,
        team: Team = ALONE,
    ) -> None:
        """Restores the newest checkpoint and drops what was recorded after it.

        Args:
            built: What to train.
            record: Where to write.
            measure: Maps (sampler, dataset, diverged) to measurements with the
                attributes metric, value and eval_seed; diverged ones are NaN.
            team: What the training step is spread over; this is its chief.

        Raises:
            CommandError: If there are checkpoints but none can be used.
        """
        self._experiment, self._record, self._measure = built, record, measure
        self._team = team
        self._began = time.monotonic()
        self._spent = record.read()["wall_seconds"]
        self._checkpoints = Checkpoints(
            record.checkpoints, built.parts, built.keep_checkpoints
        )
        restored = self._checkpoints.restore()
        record.forget_after(-1 if restored is None else restored)
        team.from_chief(-1 if restored is None else restored)
        self.resumed = restored is not None
        self.step = self._logged = restored or 0
        self._sampler = Sampler(built.game, built.averaged_generator)
        self._sampling = sampling.configured()
        # A process that has taken a step has noted them before it saved one.
        self._noted = self.step > 0
        self._counted = record.read().get("operations_per_step") is not None

    def train(self, threads: int, stop: Callable[[], bool]) -> loop.Ending:
        """Trains to the end, or to where it is asked to stop.

        Args:
            threads: Number of threads, for the record.
            stop: Asked after every step.
        """
        built, start, team = self._experiment, self.step, self._team
        self._warn_of_threads(threads)
        self._warn_of_commits()
        self._warn_of_strategy()
        self._record.begin_attempt(threads, start, team.name, team.num_replicas)
        self._board = Board(self._record.directory)
        self._progress = Progress(built.schedule.steps, start)
        self._since = time.monotonic()
        status = "failed"
        evaluated = any(row["step"] == start for row in self._record.measurements())
        try:
            with team.together():
                ending = loop.train(
                    built.train_step,
                    batches(built, start, team),
                    built.schedule,
                    self,
                    discriminator_steps=built.discriminator_steps,
                    start=start,
                    evaluated=bool(team.from_chief(evaluated)),
                    stop=lambda: team.any(stop()),
                )
            if ending.step > start:
                self._note_operations()
            if ending.status == "diverged":
                self._add_nan(ending.step)
            if ending.status != "stopped":
                self._note_settings()
            status = ending.status
        except (PreemptedError, KeyboardInterrupt):
            # Another worker is gone, or a second Ctrl-C came: no fault of the run.
            status = "killed"
            raise
        finally:
            self._progress.close()
            self._board.close()
            # Last: it may fail on a full disk.
            self._record.end_attempt(self.step, status)
        return ending

    @property
    def seconds(self) -> float:
        """Seconds spent on the run by all attempts, as far as they were recorded."""
        return round(self._spent + time.monotonic() - self._began, 3)

    def stepped(self, step: int, terms: loop.Terms) -> None:
        """Shows the step; after the first one, notes settings and operations.

        Raises:
            InputError: If a setting was not read.
        """
        self.step = step
        self._note_settings()
        self._note_operations()
        self._progress.stepped(step, terms)

    def log(self, step: int, terms: loop.Terms) -> None:
        """Keeps the terms of the step."""
        self.step = self._logged = step
        self._record.add_terms(step, terms)
        self._board.scalars(step, terms)
        self._add_timing(step, "train")

    def evaluate(self, step: int) -> None:
        """Measures the generator, and shows a grid of its samples."""
        self._end_training(step)
        # The grid shows what was measured.
        with self._sampler.drawing(self._sampling) as draw:
            measured = self._measure(self._sampler, self._experiment.dataset, False)
            image = self._draw_grid(draw)
        values = {each.metric: float(each.value) for each in measured}
        path = self._record.samples / f"step_{step:06d}.png"
        grids.write_png(path, image)
        self._record.add_measurements(
            self._row(step, each.metric, float(each.value), each.eval_seed)
            for each in measured
        )
        self._board.scalars(step, values)
        self._board.image(step, "samples", image)
        self._progress.measured(values)
        self._add_timing(step, "evaluate")

    def checkpoint(self, step: int) -> None:
        """Saves what the next step depends on."""
        self._end_training(step)
        self._board.flush()
        self._checkpoints.save(step)
        self._record.update(wall_seconds=self.seconds)
        self._add_timing(step, "checkpoint")

    def _row(self, step: int, metric: str, value: float, seed: int) -> dict[str, Any]:
        per_step = self._experiment.batch_size
        per_step *= self._experiment.discriminator_steps
        return {
            "step": step,
            "metric": metric,
            "value": value,
            "images_seen": step * per_step,
            "eval_seed": seed,
        }

    def _add_nan(self, step: int) -> None:
        """Records at the step of the divergence that there is nothing to measure."""
        self._record.add_measurements(
            self._row(step, each.metric, math.nan, each.eval_seed)
            for each in self._measure(self._sampler, self._experiment.dataset, True)
        )

    def _end_training(self, step: int) -> None:
        """Records the time of the steps since the last logged one as training."""
        if step > self._logged:
            self._logged = step
            self._add_timing(step, "train")

    def _add_timing(self, step: int, event: str) -> None:
        """Records the time since the last event."""
        now = time.monotonic()
        self._record.add_timing(step, event, now - self._since)
        self._since = now

    def _draw_grid(self, draw: Draw) -> Any:
        rng = tf.random.Generator.from_seed(_GRID_SEED)
        return grids.grid(draw(GRID_IMAGES, rng).images.numpy())

    def _note_settings(self) -> None:
        """Once per run, refuses settings without effect and records all others."""
        if self._noted:
            return
        self._noted = True
        refuse_unread()
        self._record.add_operative_config(config.operative())

    def _note_operations(self) -> None:
        """Once per run, records what an iteration computes."""
        if self._counted:
            return
        self._counted = True
        # The first step was traced: here is nothing left but to look at it.
        processes = self._team.place.num_workers
        graph = experiments.trace(self._experiment, processes)
        number = processes * operations.of_iteration(graph)
        self._record.update(operations_per_step=number)

    def _warn_of_strategy(self) -> None:
        team = self._team
        now = (team.name, team.num_replicas)
        rows = self._record.attempts()
        # Attempts of earlier versions had one replica.
        before = {(r.get("strategy", "none"), r.get("replicas", 1)) for r in rows}
        if self.resumed and before - {now}:
            listed = ", ".join(f"{n} ({name})" for name, n in sorted(before))
            logging.warning(
                f"The run was begun with replicas (--strategy): {listed}, and goes on "
                f"with {now[1]} ({now[0]}): its numbers may differ in the last digits "
                "from those of a run with one strategy."
            )

    def _warn_of_threads(self, threads: int) -> None:
        before = {row["threads"] for row in self._record.attempts()} - {threads}
        if self.resumed and before:
            listed = ", ".join(str(number) for number in sorted(before))
            logging.warning(
                f"The run was begun with {listed} threads and goes on with {threads}: "
                "its numbers may differ in the last digits from those of a run with "
                "one number of threads (--threads)."
            )

    def _warn_of_commits(self) -> None:
        commit = self._record.read().get("git_commit")
        # Attempts of older versions have none.
        known = [row.get("git_commit") for row in self._record.attempts()]
        before = {each for each in known if each} - {commit}
        if self.resumed and commit and before:
            listed = ", ".join(sorted(before))
            logging.warning(
                f"The run was begun with the package at commit {listed} and goes on at "
                f"{commit}: if what it computes has changed, so have its numbers. "
                "attempts.jsonl says which steps were taken with which."
            )


def batches(built: Experiment, start: int, team: Team) -> Iterator[Samples]:
    """Returns this process's share of the batches from a generator step on."""
    return built.dataset.train.training_batches(
        built.batch_size,
        built.seed,
        start=start * built.discriminator_steps,
        worker=Worker(*team.place),
    )
