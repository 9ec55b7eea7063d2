"""Doing what is missing of a study."""

import contextlib
import pathlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan.errors import (
    CommandError,
    PreemptedError,
    RunHeldError,
)
from compare_ssgan.studies import files, lock, progress
from compare_ssgan.studies.executors import base, inline
from compare_ssgan.studies.plan import Overrides, Plan, plan
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.spec import RunRequest

DONE = ("complete", "diverged")


class Summary(NamedTuple):
    """The state of a study.

    Attributes:
        study: Its name.
        directory: Where its runs are.
        states: State of every planned run by id: complete, diverged, failed,
            running (in another process), begun, or missing.
        exit_code: What the command returns.
    """

    study: str
    directory: pathlib.Path
    states: dict[str, str]
    exit_code: int

    def __str__(self) -> str:
        return f"{self.study}: {_count(self.states)}"


def sweep(
    study_file: str,
    out: pathlib.Path | None = None,
    *,
    executor: str = "inline",
    options: base.Options | None = None,
    dry_run: bool = False,
    overrides: Overrides | None = None,
) -> Summary:
    """Does the runs of a study that are not done, and tells how it goes on stderr.

    They are processes of their own; this one will use no GPU.

    Args:
        study_file: Path of the study's gin file.
        out: Directory of the study; None for results/<study>.
        executor: What does the runs, one of `executors.base.EXECUTORS`.
        options: Where and how it does them.
        dry_run: Only list the runs and their states.
        overrides: Changes of the command line to all runs.

    Returns:
        The states afterwards. The exit code is 1 if a run failed or stopped early, 3
        if otherwise one is in the hands of another process, else 0.

    Raises:
        InputError: If the study or any run's configuration is wrong; then no run
            is started.
        PreemptedError: If it was asked to stop.
    """
    options = options or base.Options()
    _leave_gpus_alone()
    planned = plan(study_file, out, overrides)
    if dry_run:
        states = _states(planned)
        for request in planned.requests:
            print(f"{request.run_id}  {states[request.run_id]}")
        print(f"{len(states)} runs: {_count(states)}")
        return Summary(planned.study, planned.directory, states, 0)
    files.make_directory(planned.directory, "--out")
    try:
        _write_plan(planned)
        codes = _do_missing(planned, executor, options)
    except OSError as error:
        if files.is_disk_full(error):
            raise files.disk_full(planned.directory) from error
        raise
    states = _states(planned)
    return Summary(planned.study, planned.directory, states, _exit_code(codes.values()))


def state(request: RunRequest) -> str:
    """Returns the state of a run; see `Summary`."""
    record = Record(request.run_directory)
    if not record.exists:
        return "missing"
    status = str(record.read()["status"])
    if record.done:
        return status
    if lock.holder(record.directory) is not None:
        return "running"
    return "failed" if status == "failed" else "begun"


def _leave_gpus_alone() -> None:
    """Keeps TensorFlow from taking the memory of GPUs, which is the runs'."""
    # It is too late if this process has computed something already.
    with contextlib.suppress(RuntimeError):
        tf.config.set_visible_devices([], "GPU")


class _Report:
    """Tells on stderr how a sweep goes, and keeps the exit codes."""

    def __init__(self, missing: Sequence[RunRequest]) -> None:
        self._missing = missing
        self.codes: dict[str, int | None] = {}

    def started(self, request: RunRequest) -> None:
        number = self._missing.index(request) + 1
        progress.say(f"[{number}/{len(self._missing)}] {request.run_id}")

    def finished(
        self, request: RunRequest, code: int | None, log: pathlib.Path | None
    ) -> None:
        self.codes[request.run_id] = code
        place = f" (see {log})" if log and code else ""
        progress.say(f"{request.run_id}: {_outcome(request, code)}{place}")


def _do_missing(
    planned: Plan, executor: str, options: base.Options
) -> dict[str, int | None]:
    """Returns the exit codes of the runs that were not done yet."""
    states = _states(planned)
    missing = [each for each in planned.requests if states[each.run_id] not in DONE]
    progress.say(f"{planned.study}: {len(states)} runs, {len(missing)} to do")
    report = _Report(missing)
    ending = base.load(executor)(missing, options, report)
    if ending is base.Ending.STOPPED:
        raise PreemptedError(
            f"The sweep was stopped: {_count(_states(planned))}. Run the same command "
            "again to go on."
        )
    return report.codes


def _outcome(request: RunRequest, code: int | None) -> str:
    if not code:
        return state(request)
    if code == RunHeldError.exit_code:
        return "in progress in another process"
    if code == PreemptedError.exit_code:
        return "stopped after a checkpoint"
    if code > inline.SIGNALLED:
        return f"killed by signal {code - inline.SIGNALLED}"
    return f"failed with exit code {code}"


def _exit_code(codes: Iterable[int | None]) -> int:
    # None: nobody knows, so it did not end well.
    wrong = {code for code in codes if code != 0}
    if wrong == {RunHeldError.exit_code}:
        return RunHeldError.exit_code
    return CommandError.exit_code if wrong else 0


def _states(planned: Plan) -> dict[str, str]:
    return {request.run_id: state(request) for request in planned.requests}


def _count(states: dict[str, str]) -> str:
    counts = Counter(states.values())
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))


def _write_plan(planned: Plan) -> None:
    rows = [
        {
            "run_id": request.run_id,
            "dataset": request.dataset,
            "method": request.method,
            "budget": request.budget,
            "seed": request.seed,
            "settings": list(request.settings),
        }
        for request in planned.requests
    ]
    content = {"study": planned.study, "planned": rows}
    files.write_json(planned.directory / "study.json", content)
