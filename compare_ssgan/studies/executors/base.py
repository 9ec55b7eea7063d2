"""What an executor is: something that does runs, on this machine or elsewhere.

The directory of a run holds the truth about it, never the executor: whatever an
executor loses, the same sweep does again.
"""

import enum
import importlib
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from compare_ssgan.errors import InputError
from compare_ssgan.studies.request import RunRequest

# The options of `Options` that each of them takes.
_TAKES = {
    "inline": ("program", "jobs"),
    "ray": ("program", "jobs", "address", "cpus", "gpus"),
    "slurm": (
        *("program", "partition", "gres", "constraint", "minutes"),
        *("max_jobs", "runs_per_job", "nodes", "detach"),
    ),
}
EXECUTORS = tuple(_TAKES)
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


class Check(Protocol):
    """Says what an executor cannot do, before anybody plans or writes anything."""

    def __call__(self, options: Options, strategy: str) -> None:
        """Refuses options that it cannot honour; asks no engine.

        Args:
            options: Of the command line.
            strategy: How each run is spread over accelerators.

        Raises:
            InputError: If an option is not one of this executor's, or does not fit
                the others.
        """
        ...


class Execute(Protocol):
    """Does runs."""

    def __call__(
        self, requests: Sequence[RunRequest], options: Options, report: Report
    ) -> Ending:
        """Does runs, each in a process of its own. A failure stops no other run.

        Args:
            requests: The runs, in order; loaded.
            options: Of the command line, checked.
            report: Told of every run.

        Raises:
            InputError: If the engine is not installed or not within reach; before
                anything is started.
        """
        ...


class Executor(NamedTuple):
    """What a module of this package has by these names."""

    check: Check
    execute: Execute


def load(name: str) -> Executor:
    """Returns the executor of a name in `EXECUTORS`."""
    module = importlib.import_module(f"compare_ssgan.studies.executors.{name}")
    return Executor(module.check, module.execute)


def refuse(executor: str, options: Options, instead: Mapping[str, str] = {}) -> None:
    """Refuses options of other executors.

    Args:
        executor: One of `EXECUTORS`.
        options: Of the command line.
        instead: What to give in the place of some of them, as sentences.

    Raises:
        InputError: Naming the first one.
    """
    for name, value in options._asdict().items():
        if value != Options._field_defaults[name] and name not in _TAKES[executor]:
            takers = " or ".join(each for each in EXECUTORS if name in _TAKES[each])
            raise InputError(
                f"--{name} is for --executor {takers}, not {executor}. "
                f"{instead.get(name, 'Remove it, or choose another executor.')}"
            )


def refuse_workers(executor: str, strategy: str) -> None:
    """Refuses runs on several hosts, for who cannot start their workers.

    Raises:
        InputError: If runs are to be spread over hosts.
    """
    if strategy == "multiworker":
        raise InputError(
            f"--strategy multiworker is not possible with --executor {executor}: who "
            "starts the workers of a run on several hosts is Slurm (--executor slurm "
            "--nodes N), or you, one run at a time ('compare_ssgan run')."
        )
