"""Runs of a study as processes of this machine, a few at a time."""

import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Sequence

from compare_ssgan.studies import stop
from compare_ssgan.studies.executors import base
from compare_ssgan.studies.executors.base import PROGRAM, Ending, Options, Report
from compare_ssgan.studies.request import RunRequest

# As a shell has it: this and the number of the signal.
SIGNALLED = 128
_POLL_SECONDS = 0.1


def check(options: Options, strategy: str) -> None:
    """Refuses what runs of this machine do not have; see `base.Check`."""
    base.refuse("inline", options)
    base.refuse_workers("inline", strategy)


def command(request: RunRequest, program: Sequence[str] = PROGRAM) -> list[str]:
    """Returns the command line of a run, as a user would type it.

    That of a planned run names its file, so that later edits of gin files do not
    matter.
    """
    if request.planned is not None:
        options = [("--planned", str(request.planned))]
    else:
        options = [
            *(("--gin", file) for file in request.gin_files),
            ("--dataset", request.dataset),
            ("--budget", request.budget),
            ("--seed", str(request.seed)),
            *(("--set", setting) for setting in request.settings),
        ]
    options.append(("--out", str(request.directory)))
    if request.threads is not None:
        options.append(("--threads", str(request.threads)))
    if request.strategy != "none":
        options.append(("--strategy", request.strategy))
    if request.data_dir is not None:
        options.append(("--data_dir", request.data_dir))
    return [*program, "run", *(word for option in options for word in option)]


def execute(requests: Sequence[RunRequest], options: Options, report: Report) -> Ending:
    """Does runs on this machine, `options.jobs` (1) at a time.

    On SIGTERM, SIGUSR2 or Ctrl-C no more runs are started, those in progress are
    told to stop, and their checkpoints awaited.

    Args:
        requests: The runs, in order.
        options: `jobs` processes at a time. One writes to the terminal; several write
            to files in logs/.
        report: Told of every run.
    """
    jobs, program = options.jobs or 1, options.program
    waiting = list(requests)
    running: list[tuple[RunRequest, subprocess.Popen[bytes], pathlib.Path | None]] = []
    with stop.listening() as flag:
        forwarded = False
        try:
            while running or (waiting and not flag()):
                while waiting and len(running) < jobs and not flag():
                    request = waiting.pop(0)
                    report.started(request)
                    running.append((request, *_start(request, jobs > 1, program)))
                if flag() and not forwarded:
                    forwarded = True
                    for _, process, _ in running:
                        process.send_signal(signal.SIGTERM)
                for each in [each for each in running if each[1].poll() is not None]:
                    running.remove(each)
                    report.finished(each[0], _exit_code(each[1]), each[2])
                time.sleep(_POLL_SECONDS)
        finally:
            # After an error, or a second Ctrl-C, nothing goes on unattended.
            for _, process, _ in running:
                process.terminate()
                process.wait()
    return Ending.STOPPED if waiting or flag() else Ending.DONE


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    code = process.returncode
    return code if code >= 0 else SIGNALLED - code


def _start(
    request: RunRequest, to_file: bool, program: Sequence[str]
) -> tuple[subprocess.Popen[bytes], pathlib.Path | None]:
    """Starts a run in a process group of its own, so that only we interrupt it."""
    arguments = command(request, program)
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    if not to_file:
        process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, process_group=0
        )
        return process, None
    log = request.directory / "logs" / f"{request.run_id}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    return process, log
