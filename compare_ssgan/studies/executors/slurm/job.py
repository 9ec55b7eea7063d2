"""What a job of Slurm does, on the node where it runs."""

import os
import pathlib
import signal
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import PreemptedError
from compare_ssgan.studies import files, progress, stop
from compare_ssgan.studies.executors import inline, process
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.slurm import controller
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.request import RunRequest

# The controller may be restarting. Who is pre-empted has no more time than this.
_TRIES, _PAUSE_SECONDS = 5, 2.0


class Work(NamedTuple):
    """What is handed over to a job.

    Attributes:
        requests: Runs to do side by side.
        program: The command in front of "run".
    """

    requests: Sequence[RunRequest]
    program: Sequence[str]


class _Codes:
    """Keeps the exit codes of runs."""

    def __init__(self) -> None:
        self.codes: dict[str, int | None] = {}

    def started(self, request: RunRequest) -> None:
        progress.say(f"{request.run_id} begins")

    def finished(
        self, request: RunRequest, code: int | None, log: pathlib.Path | None
    ) -> None:
        progress.say(f"{request.run_id} ended with exit code {code}; see {log}")
        self.codes[request.run_id] = code


def folder(directory: pathlib.Path) -> pathlib.Path:
    """Returns where the jobs of a study leave what is theirs."""
    return directory / "logs" / "slurm"


def work(handed: Work) -> None:
    """Does those of a job's runs that are not done.

    Asked to stop by SIGTERM (pre-emption) or SIGUSR2 (the time limit is near), it
    passes that on, waits for the checkpoints, and puts the job back into the queue.
    A job that its user cancelled stays cancelled.

    Of a run on several nodes, each does a worker of it, and the first one all else.
    If another worker is lost, the job is over: the sweep decides how often to try.
    """
    left = [each for each in handed.requests if not Record(each.run_directory).done]
    report = _Codes()
    if os.environ.get("SLURM_PROCID", "0") != "0":
        # Its output is that of its task, and its end no reason to end the job.
        inline.execute(left, Options(program=handed.program), report)
        return
    # The signal may come before or after the one that `inline` waits for.
    with stop.listening() as flag:
        options = Options(jobs=max(1, len(left)), program=handed.program)
        todo = [] if flag() else left
        ending = inline.execute(todo, options, report, to_files=True)
        path = codes_path(handed.requests[0].directory, _name())
        files.write_json(path, report.codes)
        stopped = flag() or ending is Ending.STOPPED
        lost_worker = not stopped and _num_tasks() > 1
        goes_on = (_goes_on(report.codes.get(each.run_id), stopped) for each in left)
        if any(goes_on) and not lost_worker:
            _requeue()
            sys.exit(PreemptedError.exit_code)


def codes_path(directory: pathlib.Path, job: str) -> pathlib.Path:
    """Returns the file in which a job leaves the exit codes of its runs, by id."""
    return folder(directory) / f"{job}.json"


def _goes_on(code: int | None, stopped: bool) -> bool:
    """Whether a run has more to do, when its job was asked to stop or not."""
    if code is None or code == PreemptedError.exit_code:
        return True
    # The signal, which Slurm gives to all processes or we pass on, ended one that was
    # about to begin, and did not listen yet.
    ends = [process.SIGNALLED + each for each in (signal.SIGTERM, signal.SIGUSR2)]
    return stopped and code in ends


def _num_tasks() -> int:
    """Returns the number of nodes that do this job's run."""
    return int(os.environ.get("SLURM_NTASKS", "1"))


def _name() -> str:
    """Returns what squeue calls this job."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    if array:
        return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ["SLURM_JOB_ID"]


def _requeue() -> None:
    """Puts this job back into the queue, unless Slurm has ended it already."""
    name = _name()
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            # A job that is pre-empted, or near its limit, is still running: Slurm
            # would let it end. One that was cancelled is not, and comes to life
            # again if it is put back.
            found = queue.find([name]).get(name)
            if found is not None and found.state == "RUNNING":
                controller.requeue(name)
                progress.say(f"Job {name} is in the queue again.")
            else:
                progress.say(f"Job {name} was ended by Slurm: {found}.")
            return
        except queue.SlurmError as error:
            progress.say(f"Job {name} cannot be put back into the queue: {error}")
