"""Doing what is missing of a study."""

import contextlib
import pathlib
from collections.abc import Sequence

import tensorflow as tf

from compare_ssgan.errors import PreemptedError
from compare_ssgan.studies import files, forecast, planned, progress, study_record
from compare_ssgan.studies.executors import base
from compare_ssgan.studies.plan import Overrides, Plan, plan
from compare_ssgan.studies.request import RunRequest
from compare_ssgan.studies.sweep_report import (
    DONE,
    Reporter,
    Summary,
    count,
    exit_code,
    states,
)


def sweep(
    study_file: str,
    out: pathlib.Path | None = None,
    *,
    executor: str = "inline",
    options: base.Options | None = None,
    dry_run: bool = False,
    forget: bool = False,
    overrides: Overrides | None = None,
) -> Summary:
    """Does the runs of a study that are not done, and tells how it goes on stderr.

    They are processes of their own, and do what was planned even if gin files are
    edited meanwhile; this one will use no GPU.

    Args:
        study_file: Path of the study's gin file.
        out: Directory of the study; None for results/<study>.
        executor: What does the runs, one of `executors.base.EXECUTORS`.
        options: Where and how it does them.
        dry_run: Only list the runs, their states, and how long they will take.
        forget: Whether runs that earlier sweeps planned, this one does not, and nobody
            has begun, are planned no more.
        overrides: Changes of the command line to all runs.

    Returns:
        The states afterwards. The exit code is 1 if a run failed or stopped early, 3
        if otherwise one is in the hands of another process, else 0.

    Raises:
        InputError: If the study, any run's configuration or an option is wrong; then
            nothing is written.
        PreemptedError: If it was asked to stop.
    """
    options, overrides = options or base.Options(), overrides or Overrides()
    engine = base.load(executor)
    engine.check(options, overrides.strategy)
    _leave_gpus_alone()
    made = plan(study_file, out, overrides, options.nodes or 1)
    if dry_run:
        found = states(made.requests)
        print(forecast.render(made, found))
        if forget:
            added = study_record.add(made, forget=True, dry_run=True)
            print(f"--forget would drop: {', '.join(added.forgotten) or 'nothing'}")
            _tell_queued(added)
        return Summary(made.study, made.directory, found, 0)
    files.make_directory(made.directory, "--out")
    try:
        _tell(made, study_record.add(made, forget=forget))
        return _do_missing(made, engine.execute, options)
    except OSError as error:
        if files.is_disk_full(error):
            raise files.disk_full(made.directory) from error
        raise


def _leave_gpus_alone() -> None:
    """Keeps TensorFlow from taking the memory of GPUs, which is the runs'."""
    # It is too late if this process has computed something already.
    with contextlib.suppress(RuntimeError):
        tf.config.set_visible_devices([], "GPU")


def _do_missing(made: Plan, do: base.Execute, options: base.Options) -> Summary:
    """Does what is not done; a failed run is tried again, a begun one goes on."""
    before = states(made.requests)
    missing = _missing(made, before)
    runs = f"{len(before)} run{'s' * (len(before) != 1)}"
    progress.say(f"{made.study}: {runs}, {len(missing)} to do ({count(before)})")
    reporter = Reporter(missing)
    ending = do(missing, options, reporter)
    if ending is base.Ending.DONE:
        # Whoever held a run may have been killed meanwhile.
        left = [each for each in missing if reporter.is_held(each)]
        found = states(left)
        freed = [each for each in left if found[each.run_id] not in (*DONE, "running")]
        if freed:
            ending = do(freed, options, reporter)
    found = states(made.requests)
    if ending is base.Ending.STOPPED:
        raise PreemptedError(
            f"The sweep was stopped: {count(found)}. Run the same command again to go "
            "on."
        )
    if ending is base.Ending.SUBMITTED:
        submitted = len(reporter.begun - set(reporter.codes))
        return Summary(made.study, made.directory, found, 0, submitted=submitted)
    problems = {
        each.run_id: reporter.problem(each, found[each.run_id])
        for each in missing
        if found[each.run_id] not in DONE
    }
    code = exit_code(missing, found, reporter)
    return Summary(made.study, made.directory, found, code, problems)


def _missing(made: Plan, before: dict[str, str]) -> Sequence[RunRequest]:
    """Returns the runs to do, written down as they were planned.

    What another process is at comes last, when it may be done.
    """
    missing = [
        planned.write(unit.request, unit.frozen)
        for unit in made.units
        if before[unit.request.run_id] not in DONE
    ]
    return sorted(missing, key=lambda each: before[each.run_id] == "running")


def _tell(made: Plan, added: study_record.Added) -> None:
    """Says what else is planned in the directory."""
    if added.study != made.study:
        progress.say(
            f"{made.directory} is the directory of the study {added.study}, which the "
            f"runs of {made.study} join."
        )
    if added.others:
        progress.say(
            f"{len(added.others)} more runs were planned by earlier sweeps. They stay "
            "in study.json (--forget drops those that were never begun)."
        )
    if added.forgotten:
        progress.say(f"Planned no more: {', '.join(added.forgotten)}")
    _tell_queued(added)


def _tell_queued(added: study_record.Added) -> None:
    """Says what is not forgotten, and what to do about it."""
    for run_id, why in added.queued.items():
        progress.say(f"{run_id} stays planned: {why}")
