"""Doing one run: `execute`, what the command line calls."""

import contextlib
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

import compare_ssgan
from compare_ssgan import config
from compare_ssgan.analysis.records import protocols
from compare_ssgan.errors import CommandError, InputError, PreemptedError
from compare_ssgan.evaluation.evaluate import evaluate
from compare_ssgan.studies import (
    experiment,
    files,
    follower,
    lock,
    progress,
    provenance,
    spec,
    stop,
    threads,
)
from compare_ssgan.studies.attempt import Attempt
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training import distribute, loop
from compare_ssgan.training.checkpoints import saved_steps
from compare_ssgan.training.distribute import Team


class RunOutcome(NamedTuple):
    """What became of a run.

    Attributes:
        run_dir: The run's directory.
        status: "complete" or "diverged".
        row: Its last measurements, as a line of names and a line of values.
        curve: Path of the curve of its main metric, or None.
        grid: Path of the last grid of samples, or None.
    """

    run_dir: pathlib.Path
    status: str
    row: str
    curve: pathlib.Path | None
    grid: pathlib.Path | None


def execute(request: spec.RunRequest) -> RunOutcome:
    """Does a run, or what is left of it, and prints its result to stdout.

    Args:
        request: As returned by `spec.load`, whose configuration is the current one.

    Raises:
        InputError: If a setting is wrong. A run that had not begun leaves nothing.
        RunHeldError: If another process does this run.
        PreemptedError: If a signal asked to stop, after a checkpoint.
        CommandError: If the disk is full, or no checkpoint can be read.
    """
    record = Record(request.run_directory)
    if not record.done:
        num_threads = threads.limit(request.threads)
        team = distribute.make(request.strategy)
        if not team.is_chief:
            follower.follow(record, team)
            return _outcome(record)
        _lead(request, record, num_threads, team)
    outcome = _outcome(record)
    _print(outcome)
    return outcome


def _lead(
    request: spec.RunRequest, record: Record, num_threads: int, team: Team
) -> None:
    """Does a run in the process that keeps its record, the only one as a rule."""
    created = files.make_directory(record.directory, "--out")
    try:
        with lock.hold(record.directory), stop.listening() as flag:
            # Another process may have finished it in the meantime.
            if not record.done:
                _work(request, record, num_threads, flag, team)
                _draw_curve(record)
    except (OSError, tf.errors.OpError) as error:
        if files.is_disk_full(error):
            raise files.disk_full(record.directory) from error
        raise
    finally:
        _remove_empty(created)


def _work(
    request: spec.RunRequest,
    record: Record,
    num_threads: int,
    flag: stop.StopFlag,
    team: Team,
) -> None:
    """Builds and trains, keeping the status on record true."""
    lines = config.canonical()
    record.check_config(lines)
    fresh, begun = not record.exists, False
    try:
        built = experiment.build(team)
        description = _describe(request, built, lines, num_threads)
        record.check_data(description["data"])
        record.begin(description, lines)
        begun = True
        with team.together():
            attempt = Attempt(built, record, _measure, team)
            _announce(record, attempt)
            ending = attempt.train(num_threads, flag)
            if ending.status != "stopped":
                _finish(record, attempt, ending)
            # Its workers wait until it is done.
            team.from_chief()
    except PreemptedError:
        raise
    # Whatever it is: it is noted and raised again.
    except Exception as error:
        mistake = isinstance(error, InputError)
        if fresh and mistake and not _has_trained(record):
            shutil.rmtree(record.directory)
        elif begun or not mistake:
            # A begun run that the user's mistake kept from going on has not failed.
            _note_failure(request, record, lines, error)
        raise
    if ending.status == "stopped":
        raise PreemptedError(
            f"Stopped by {flag.received or 'a signal to another worker'} after step "
            f"{ending.step}, which is saved. Run the same command again to go on."
        )


def _measure(sampler: Sampler, dataset: Any, diverged: bool) -> Sequence[Any]:
    try:
        return evaluate(sampler, dataset, diverged=diverged)
    except InputError:
        # Takes away what gin adds to the message.
        with config.construction():
            raise


def _describe(
    request: spec.RunRequest,
    built: experiment.Experiment,
    lines: Sequence[str],
    num_threads: int,
) -> dict[str, Any]:
    """Returns the contents of run.json at the beginning of an attempt."""
    return {
        **_identify(request, lines),
        # Not the name of the file in gin_configs: what it found may be less.
        "dataset": built.dataset.name,
        "data": {
            name: built.dataset.split(name).content_hash for name in ("train", "test")
        },
        "device": provenance.device(num_threads),
        "image_shape": list(built.problem.image_shape),
        "num_classes": built.problem.num_classes,
        "networks": provenance.networks(built.game),
        "steps": built.schedule.steps,
        "batch_size": built.batch_size,
        "discriminator_steps": built.discriminator_steps,
    }


def _identify(request: spec.RunRequest, lines: Sequence[str]) -> dict[str, Any]:
    """Returns what run.json says of a run before it is built."""
    return {
        "run_id": request.run_id,
        "study": spec.study_name(request),
        "dataset": request.dataset,
        "data": {},
        "method": request.method,
        "family": request.family,
        "budget": request.budget,
        "seed": request.seed,
        "settings": list(request.settings),
        "config_digest": config.digest(lines),
        "status": "running",
        "error": None,
        "diverged": None,
        "package_version": compare_ssgan.__version__,
        "git_commit": provenance.git_commit(),
        "versions": provenance.versions(),
        # Unknown yet.
        "image_shape": [],
        "num_classes": 0,
        "batch_size": 0,
    }


def _announce(record: Record, attempt: Attempt) -> None:
    progress.say(progress.header(record.read(), str(record.directory)))
    if attempt.resumed:
        progress.say(f"  going on after step {attempt.step}")


def _finish(record: Record, attempt: Attempt, ending: loop.Ending) -> None:
    diverged = None
    if ending.status == "diverged":
        diverged = {"step": ending.step, "term": ending.term}
        progress.say(
            f"Diverged: {ending.term} is not finite at step {ending.step}. The run is "
            "over and is shown as diverged in tables."
        )
    record.finish(status=ending.status, diverged=diverged, wall_seconds=attempt.seconds)


def _draw_curve(record: Record) -> None:
    """Draws a finished run, which stays one if that fails: it can be drawn later."""
    metric = protocols.main_metric([row["metric"] for row in record.measurements()])
    if metric is None:
        return
    try:
        # It brings in matplotlib, which nothing else of a run needs.
        from compare_ssgan.analysis.figures import curves

        curves.run_curve(record.directory, metric, _curve_path(record, metric))
    except (CommandError, ImportError, OSError, RuntimeError, ValueError) as error:
        progress.say(
            f"The run is done, but its curve was not drawn: {type(error).__name__}: "
            f"{error} ('compare_ssgan plot {record.directory}' tries it again)"
        )


def _curve_path(record: Record, metric: str) -> pathlib.Path:
    return record.figures / f"{metric}.png"


def _outcome(record: Record) -> RunOutcome:
    run, rows = record.read(), record.measurements()
    metric = protocols.main_metric([row["metric"] for row in rows])
    curve = _curve_path(record, metric) if metric else None
    grids = sorted(record.samples.glob("*.png"))
    return RunOutcome(
        record.directory,
        run["status"],
        progress.result_row(run, rows),
        curve if curve and curve.exists() else None,
        grids[-1] if grids else None,
    )


def _print(outcome: RunOutcome) -> None:
    print(outcome.row)
    for name, path in (("curve", outcome.curve), ("samples", outcome.grid)):
        if path is not None:
            print(f"{name}: {path}")


def _has_trained(record: Record) -> bool:
    return any(step > 0 for step in saved_steps(record.checkpoints))


def _note_failure(
    request: spec.RunRequest, record: Record, lines: Sequence[str], error: Exception
) -> None:
    # On a full disk the record stays at "running", and the run can go on later.
    with contextlib.suppress(OSError):
        if not record.exists:
            record.begin(_identify(request, lines), lines)
        text = f"{type(error).__name__}: {error}".split("\n  In call to")[0]
        if files.is_disk_full(error):
            # There was room for this, though not for what it was about.
            text = str(files.disk_full(record.directory))
        record.update(status="failed", error=text)


def _remove_empty(directories: Sequence[pathlib.Path]) -> None:
    """Removes directories that were created for a run that did not come about."""
    for directory in directories:
        try:
            directory.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            # It is not empty.
            return
