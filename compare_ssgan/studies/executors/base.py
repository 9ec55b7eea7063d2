"""What an executor is: something that does runs, on this machine or elsewhere.

The directory of a run holds the truth about it, never the executor: whatever an
executor loses, the same sweep does again.
"""

import enum
import importlib
import pathlib
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from compare_ssgan.studies.request import RunRequest

EXECUTORS = ("inline", "ray", "slurm")
PROGRAM = (sys.executable, "-m", "compare_ssgan")


class Options(NamedTuple):
    """What the command line says of where and how runs are done.

    An executor refuses what it cannot honour: nothing is silently ignored.

    Attributes:
        jobs: Runs at a time (inline, ray); None for what the executor prefers.
        program: The command in front of "run".
        partition: Slurm's --partition.
        gres: Slurm's --gres, e.g. "gpu:1".
        constraint: Slurm's --constraint.
        minutes: Time limit of a job.
        max_jobs: Jobs in the queue at a time.
        runs_per_job: Runs that share a job, side by side.
        nodes: Nodes of a run, for the strategy "multiworker".
        detach: Whether to submit and leave.
        address: Of a Ray cluster; None for this machine.
        cpus: Processors that Ray sets aside for a run.
        gpus: GPUs that Ray sets aside for a run; may be a fraction.
    """

    jobs: int | None = None
    program: Sequence[str] = PROGRAM
    partition: str | None = None
    gres: str | None = None
    constraint: str | None = None
    minutes: int | None = None
    max_jobs: int | None = None
    runs_per_job: int | None = None
    nodes: int | None = None
    detach: bool = False
    address: str | None = None
    cpus: float | None = None
    gpus: float | None = None


class Ending(enum.Enum):
    """How the work of an executor ended.

    DONE: every run was begun and is over, whatever became of it. STOPPED: a signal
    asked to stop. SUBMITTED: the runs go on without this process.
    """

    DONE = "done"
    STOPPED = "stopped"
    SUBMITTED = "submitted"


class Report(Protocol):
    """What an executor tells as it goes along."""

    def started(self, request: RunRequest) -> None:
        """A run has begun, or was handed over."""
        ...

    def finished(
        self, request: RunRequest, code: int | None, log: pathlib.Path | None
    ) -> None:
        """A run is over.

        Args:
            request: The run.
            code: Exit code; 128 + n if signal n killed it, None if nobody knows.
            log: Where its output is, if it is in a file.
        """
        ...


class Executor(Protocol):
    """A module of this package has one, called `execute`."""

    def __call__(
        self, requests: Sequence[RunRequest], options: Options, report: Report
    ) -> Ending:
        """Does runs, each in a process of its own. A failure stops no other run.

        Args:
            requests: The runs, in order; loaded.
            options: Of the command line.
            report: Told of every run.

        Raises:
            InputError: If an option is not one of this executor's, or the engine is
                not installed or not within reach; before anything is started.
        """
        ...


def load(name: str) -> Executor:
    """Returns the executor of a name in `EXECUTORS`."""
    module = importlib.import_module(f"compare_ssgan.studies.executors.{name}")
    found: Executor = module.execute
    return found
