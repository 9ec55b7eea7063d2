"""Runs that were handed over to Slurm, and what it says of them.

jobs.jsonl of a study says where to ask for a run, not how it goes: that is in its
directory.
"""

import os
import pathlib
import re
import subprocess
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import jsonl
from compare_ssgan.errors import CommandError

FILE = "jobs.jsonl"
CANCELLED = "CANCELLED"
# Of the states that squeue prints, those in which a job does nothing more.
_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
_ASK = ["squeue", "--noheader", "--array", "--states=all", "--format=%i|%T|%r|%N"]
_UNKNOWN_JOB = "Invalid job id specified"
_TIMEOUT_SECONDS = 60.0


class SlurmError(CommandError):
    """A command of Slurm failed; it may well work a moment later."""


class Job(NamedTuple):
    """A row of a study's jobs.jsonl: a run that was handed over.

    Attributes:
        run_id: The run.
        job: As squeue prints it; "123_4" is a task of an array. Runs that share a job
            have the same.
        submitted: Local time, ISO 8601.
        cluster: Where; "" in rows of earlier versions.
    """

    run_id: str
    job: str
    submitted: str
    cluster: str = ""


class State(NamedTuple):
    """What Slurm says of a job.

    Attributes:
        state: As squeue prints it, e.g. "PENDING".
        reason: Why it waits, e.g. "Resources"; "None" if it does not.
        nodes: Where it runs; "" if nowhere.
    """

    state: str
    reason: str = ""
    nodes: str = ""

    @property
    def over(self) -> bool:
        """Whether the job has left the queue for good."""
        return self.state in _OVER


class Queue(NamedTuple):
    """What was found out about jobs.

    Attributes:
        states: By name of the job.
        problem: Why they are not known; "" if they are.
        cluster: Name of the one that was asked; "" if that did not matter.
    """

    states: Mapping[str, State]
    problem: str = ""
    cluster: str = ""


def jobs(study: pathlib.Path, cluster: str = "") -> dict[str, Job]:
    """Returns the last job of each run of a study that was ever handed over.

    Args:
        study: The study's directory.
        cluster: Only jobs of the cluster of this name; "" for all.

    Raises:
        InputError: If its jobs.jsonl cannot be read.
    """
    path = study / FILE
    if not path.is_file():
        return {}
    rows = jsonl.read(path, _job)
    return {job.run_id: job for job in rows if _of(job, cluster) or not cluster}


def find(jobs: Collection[str]) -> dict[str, State]:
    """Returns the jobs that Slurm knows; it soon forgets those that are over.

    Args:
        jobs: Names as squeue prints them: "123", or "123_4" for a task of an array.

    Raises:
        SlurmError: If Slurm does not answer.
    """
    if not jobs:
        return {}
    numbers = sorted({job.split("_")[0] for job in jobs})
    try:
        text = call([*_ASK, f"--jobs={','.join(numbers)}"])
    except SlurmError as error:
        if _UNKNOWN_JOB in str(error):
            return {}
        raise
    rows = [line.strip().split("|") for line in text.splitlines()]
    return {name: State(*rest) for name, *rest in rows if name in jobs and rest}


def ask(wanted: Iterable[Job]) -> Queue:
    """Returns what Slurm says of jobs, asked once; nothing if there are none."""
    wanted = list(wanted)
    try:
        # Numbers of jobs mean nothing on another cluster.
        named = any(job.cluster for job in wanted)
        cluster = settings().get("ClusterName", "") if named else ""
        states = find({job.job for job in wanted if _of(job, cluster)})
    except SlurmError as error:
        return Queue({}, str(error))
    return Queue(states, cluster=cluster)


def is_over(job: Job, queue: Queue) -> bool:
    """Whether a job is known to do nothing more."""
    if queue.problem or not _of(job, queue.cluster):
        return False
    state = queue.states.get(job.job)
    return state is None or state.over


def explain(job: Job, queue: Queue) -> str:
    """Returns what a run that was handed over waits for."""
    if queue.problem:
        return f"Slurm job {job.job} cannot be asked for: {queue.problem}"
    if not _of(job, queue.cluster):
        return f"Slurm job {job.job} of the cluster {job.cluster}: ask there"
    if is_over(job, queue):
        return f"Slurm job {job.job} is over: run the same sweep again"
    state = queue.states[job.job]
    where = f" on {state.nodes}" if state.nodes else ""
    reason = f" ({state.reason})" if state.reason not in ("", "None") else ""
    return f"Slurm job {job.job} is {state.state}{where}{reason}"


def settings() -> dict[str, str]:
    """Returns the settings of the cluster, as its controller has them.

    Raises:
        SlurmError: If Slurm does not answer.
    """
    text = call(["scontrol", "show", "config"])
    return dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", text, re.MULTILINE))


def call(command: list[str]) -> str:
    """Returns what a command of Slurm prints.

    Raises:
        SlurmError: If it fails, with its message.
    """
    # A user's defaults for reading the queue would hide jobs from us.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SQUEUE_")}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            # Ctrl-C is for us.
            process_group=0,
        )
    except subprocess.TimeoutExpired as error:
        raise SlurmError(
            f"{command[0]} did not answer within {_TIMEOUT_SECONDS:.0f} seconds."
        ) from error
    except FileNotFoundError as error:
        raise SlurmError(f"There is no {command[0]} here.") from error
    except OSError as error:
        raise SlurmError(f"{command[0]}: {error.strerror}.") from error
    if done.returncode:
        raise SlurmError(message(done.stderr) or f"{command[0]} failed.")
    return done.stdout


def message(text: str) -> str:
    """Returns what a command of Slurm printed as an error, as one sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{'; '.join(lines).rstrip('.')}." if lines else ""


def _of(job: Job, cluster: str) -> bool:
    """Whether a job is of a cluster, as far as its row says."""
    return job.cluster in ("", cluster)


def _job(row: Any) -> Job:
    return Job(
        str(row["run_id"]),
        str(row["job"]),
        str(row["submitted"]),
        str(row.get("cluster", "")),
    )
