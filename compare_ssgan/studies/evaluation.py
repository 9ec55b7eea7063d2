"""Adding measurements to runs: `evaluate_runs`, what the command line calls."""

import contextlib
import gc
import logging
import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import CommandError, InputError, RunHeldError
from compare_ssgan.studies import catalogue, files, lock, spec, stop, threads
from compare_ssgan.studies.measuring import (
    SETTABLE,
    Measuring,
    MissedError,
    Options,
    UnreadError,
    temporaries,
)
from compare_ssgan.studies.progress import say
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.rows import Rows
from compare_ssgan.studies.steps import Steps, choose, following, missed
from compare_ssgan.training.checkpoints import saved_steps

_POLL_SECONDS = 1.0


class Request(NamedTuple):
    """What to evaluate.

    Attributes:
        directory: Of a run, of a study, or of several studies.
        options: How to measure.
        steps: Which checkpoints.
        follow: Whether to go on until the training of the run is over.
        threads: Number of threads, None for all.
    """

    directory: pathlib.Path
    options: Options
    steps: Steps = "last"
    follow: bool = False
    threads: int | None = None


def evaluate_runs(request: Request) -> int:
    """Measures checkpoints of runs, and prints a row for each of them to stdout.

    What is on record is not measured again. Rows go to evaluations.jsonl in the
    directory of the run, those of one checkpoint and evaluation seed at a time.

    Returns:
        The exit code: 0, or that of the runs of a study that failed.

    Raises:
        InputError: If a metric, a setting or a step is wrong, there is no run, or no
            run can have a metric.
        RunHeldError: If another process evaluates the run.
        PreemptedError: If a signal asked to stop.
        CommandError: If a checkpoint cannot be read.
    """
    threads.limit(request.threads)
    tf.get_logger().addFilter(_is_of_use)
    spec.import_roots()
    _check(request.options)
    runs = run_records.read(request.directory)
    with stop.interruptible("The evaluation"):
        if not (request.directory / "run.json").is_file():
            return _Study(request, runs).evaluate()
        _evaluate_run(request, Rows(runs, _several(request)))
        return 0


def _evaluate_run(request: Request, shown: Rows) -> None:
    def refuse(name: str, error: InputError) -> None:
        raise InputError(f"The run cannot have the metric {name}: {error}") from error

    record = Record(request.directory)
    with _working(record):
        if request.follow:
            measuring = Measuring(record, request.options, refuse)
            _follow(record, measuring, request.steps, shown)
            return
        # What is wrong with the steps is told before anything is built.
        choose(record, request.steps)
        _measure(
            record, Measuring(record, request.options, refuse), request.steps, shown
        )


class _Study:
    """The runs of a study, one after the other."""

    def __init__(self, request: Request, runs: Sequence[run_records.Run]) -> None:
        if request.follow:
            raise InputError(
                f"--follow follows one run, but {request.directory} has several. Give "
                "the directory of one, in the folder runs."
            )
        self._request = request
        self._begun = [run for run in runs if run.directory is not None]
        if not self._begun:
            raise InputError(f"No run of {request.directory} has been begun.")
        if len(self._begun) < len(runs):
            number = len(runs) - len(self._begun)
            say(f"{number} of {len(runs)} runs have not been begun.")
        self._shown = Rows(self._begun, _several(request))
        # Why a run cannot have a metric, by its name; and those that some run has.
        self._refused: dict[str, InputError] = {}
        self._possible: set[str] = set()

    def evaluate(self) -> int:
        """Evaluates all of them and returns the exit code."""
        codes = []
        for run in self._begun:
            assert run.directory is not None
            say(run.run_id)
            try:
                self._evaluate(Record(run.directory))
            except UnreadError:
                raise
            except (CommandError, tf.errors.OpError) as error:
                say(f"  failed: {error}")
                # What is wrong with one run only is no wrong command.
                held = isinstance(error, RunHeldError)
                codes.append(RunHeldError.exit_code if held else CommandError.exit_code)
            # The graphs of a run are cycles, and large.
            gc.collect()
        for name, reason in self._refused.items():
            if name not in self._possible:
                raise InputError(f"No run can have the metric {name}: {reason}")
        return min(codes, default=0)

    def _evaluate(self, record: Record) -> None:
        def skip(name: str, error: InputError) -> None:
            self._refused[name] = error
            say(f"  {name} is left out: {error}")

        with _working(record):
            choose(record, self._request.steps)
            measuring = Measuring(record, self._request.options, skip)
            self._possible.update(measuring.components)
            _measure(record, measuring, self._request.steps, self._shown)


@contextlib.contextmanager
def _working(record: Record) -> Iterator[None]:
    """Returns a context in which no other process evaluates the run."""
    work = "It evaluates the same run"
    try:
        with lock.hold(record.directory, lock.EVALUATION, work), temporaries(record):
            yield
    except OSError as error:
        if files.is_disk_full(error):
            raise files.disk_full(record.directory) from error
        raise CommandError(f"Cannot work in {record.directory}: {error}.") from error


def _measure(record: Record, measuring: Measuring, steps: Steps, shown: Rows) -> None:
    """Measures checkpoints that there are."""
    chosen, known, total = choose(record, steps), 0, 0
    found = [(step, measuring.measure) for step in chosen.checkpoints]
    for step, measure in [*found, *((s, measuring.diverged) for s in chosen.diverged)]:
        try:
            for values in measure(step):
                shown.show(record.read(), *values[:3])
                known, total = known + values.num_known, total + len(values.values)
        except MissedError as error:
            say(f"  {error}")
    for note in chosen.notes:
        say(f"  {note}")
    if known:
        say(f"  {known} of {total} measurements were there already.")


def _follow(record: Record, measuring: Measuring, steps: Steps, shown: Rows) -> None:
    """Measures checkpoints as they appear, until the run is over."""
    seen: set[int] = set()
    idle = over = False
    while not over:
        # In this order: the last checkpoint is saved before the run is over.
        over = record.done
        new = [step for step in saved_steps(record.checkpoints) if step not in seen]
        for step in following(steps, new):
            try:
                for values in measuring.measure(step):
                    shown.show(record.read(), *values[:3])
            except CommandError as error:
                say(f"  {error}")
        seen.update(new)
        if not new and not over:
            waits = lock.holder(record.directory) is None
            if waits and not idle:
                say("Nothing trains the run now. Waiting until it goes on.")
            idle = waits
            time.sleep(_POLL_SECONDS)
    gone = missed(measuring.schedule, steps, seen)
    if gone:
        listed = ", ".join(str(step) for step in gone)
        say(f"There was no checkpoint of step {listed} to be read.")


def _is_of_use(record: logging.LogRecord) -> bool:
    # Each run has a sampler of its own, compiled once.
    return "triggered tf.function retracing" not in record.getMessage()


def _several(request: Request) -> bool:
    return len(request.options.seeds or ()) > 1


def _check(options: Options) -> None:
    """Refuses what is wrong for any run."""
    known = [
        name.removeprefix("metrics.")
        for name in config.registered()
        if name.startswith("metrics.")
    ]
    metrics, seeds = options.metrics or (), options.seeds or ()
    for name in metrics:
        if name not in known:
            raise InputError(
                f"--metrics: there is no metric '{name}'."
                f"{catalogue.metric_hint(name, known)} There are: {', '.join(known)}."
            )
    if len(set(metrics)) < len(metrics):
        raise InputError(f"--metrics names one twice: {', '.join(metrics)}.")
    for seed in seeds:
        if not spec.is_seed(seed):
            raise InputError(f"--seeds must be below {2**31}, not {seed}.")
    config.load([], options.settings, SETTABLE)
    config.check_values()
