"""Runs that were handed over to a queueing engine, and what it says of them."""

import pathlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import jsonl

SLURM = "slurm"
_ASK = ["squeue", "--noheader", "--array", "--format=%i|%T|%r|%N"]
_TIMEOUT_SECONDS = 20


class Job(NamedTuple):
    """A row of a study's jobs.jsonl: a run that was handed over.

    Attributes:
        run_id: The run.
        executor: Name of the engine.
        job: Its name for the job, of Slurm as squeue prints it: "123_4".
        submitted: Local time, ISO 8601.
    """

    run_id: str
    executor: str
    job: str
    submitted: str


class State(NamedTuple):
    """What Slurm says of a job.

    Attributes:
        state: "PENDING", "RUNNING" and others.
        reason: Why it is pending; "None" if it is not.
        nodes: Where it runs; "" if nowhere.
    """

    state: str
    reason: str
    nodes: str


class Queue(NamedTuple):
    """The jobs that Slurm has not done with.

    Attributes:
        states: By name of the job.
        problem: Why they are not known; "" if they are.
    """

    states: Mapping[str, State]
    problem: str = ""


def jobs(study: pathlib.Path) -> dict[str, Job]:
    """Returns the last job of each run of a study that was ever handed over.

    Args:
        study: The study's directory.

    Raises:
        InputError: If its jobs.jsonl cannot be read.
    """
    path = study / "jobs.jsonl"
    if not path.is_file():
        return {}
    return {job.run_id: job for job in jsonl.read(path, _job)}


def ask(wanted: Iterable[Job]) -> Queue:
    """Returns what Slurm's queue holds, asked once; nothing if no job is Slurm's."""
    if not any(job.executor == SLURM for job in wanted):
        return Queue({})
    if shutil.which(_ASK[0]) is None:
        return Queue({}, "there is no squeue here")
    try:
        done = subprocess.run(
            _ASK, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        return Queue({}, f"squeue did not answer within {_TIMEOUT_SECONDS} s")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        return Queue({}, f"squeue failed: {lines[-1]}")
    except OSError as error:
        return Queue({}, f"squeue failed: {error.strerror}")
    rows = [line.strip().split("|") for line in done.stdout.splitlines()]
    return Queue({row[0]: State(*row[1:]) for row in rows if len(row) == 4})


def explain(job: Job, queue: Queue) -> str:
    """Returns what a run that was handed over waits for."""
    if job.executor != SLURM:
        return (
            f"handed over to {job.executor} ({job.job}) at {job.submitted}; if that "
            "is over, run the same sweep again"
        )
    if queue.problem:
        return f"Slurm job {job.job} cannot be asked for: {queue.problem}"
    state = queue.states.get(job.job)
    if state is None:
        return f"Slurm job {job.job} is over: run the same sweep again"
    where = f" on {state.nodes}" if state.nodes else ""
    reason = f" ({state.reason})" if state.reason not in ("", "None") else ""
    return f"Slurm job {job.job} is {state.state}{where}{reason}"


def _job(row: Any) -> Job:
    return Job(*(str(row[name]) for name in Job._fields))
