"""What Slurm says about its queue, through its own commands."""

import os
import re
import subprocess
from collections.abc import Collection
from typing import NamedTuple

from compare_ssgan.errors import CommandError, InputError

_TIMEOUT_SECONDS = 60.0
_UNKNOWN_JOB = "Invalid job id specified"
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
CANCELLED = "CANCELLED"


class SlurmError(CommandError):
    """A command of Slurm failed; it may well work a moment later."""


class Job(NamedTuple):
    """What squeue says of a job.

    Attributes:
        state: As squeue prints it, e.g. "PENDING".
        reason: Why it waits, e.g. "Resources".
    """

    state: str
    reason: str

    @property
    def over(self) -> bool:
        """Whether the job has left the queue for good."""
        return self.state in _OVER


def find(jobs: Collection[str]) -> dict[str, Job]:
    """Returns the jobs that Slurm knows; it soon forgets those that are over.

    Args:
        jobs: Names as squeue prints them: "123", or "123_4" for a task of an array.

    Raises:
        SlurmError: If Slurm does not answer.
    """
    if not jobs:
        return {}
    numbers = sorted({job.split("_")[0] for job in jobs}, key=int)
    command = ["squeue", "--noheader", "--array", "--states=all"]
    command += ["--format=%i|%T|%r", f"--jobs={','.join(numbers)}"]
    try:
        text = call(command)
    except SlurmError as error:
        if _UNKNOWN_JOB in str(error):
            return {}
        raise
    found = {}
    for line in text.splitlines():
        name, state, reason = (*line.strip().split("|", 2), "", "")[:3]
        if name in jobs:
            found[name] = Job(state, reason)
    return found


def array_limit() -> int:
    """Returns how many tasks an array may have.

    Raises:
        InputError: If there is no Slurm within reach.
    """
    try:
        text = call(["scontrol", "show", "config"])
    except SlurmError as error:
        raise InputError(
            f"Slurm cannot be reached from here: {error} Run the sweep on a machine "
            "from which sbatch works, or choose another --executor."
        ) from error
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", text, re.MULTILINE)
    # 0 and 1 mean that there are no arrays: then a job is submitted by itself.
    return max(1, int(found[1]) - 1) if found else 1


def requeue(job: str) -> None:
    """Puts a job back into the queue, and ends it where it runs.

    Raises:
        SlurmError: If Slurm refuses or does not answer.
    """
    call(["scontrol", "requeue", job])


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
    except OSError as error:
        raise SlurmError(f"{command[0]}: {error.strerror}.") from error
    if done.returncode:
        raise SlurmError(message(done.stderr) or f"{command[0]} failed.")
    return done.stdout


def message(text: str) -> str:
    """Returns what a command of Slurm printed as an error, as one sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{'; '.join(lines).rstrip('.')}." if lines else ""
