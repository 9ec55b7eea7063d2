"""Runs of a study as processes of this machine, a few at a time."""

import pathlib
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.studies import stop
from compare_ssgan.studies.executors import base, gpus, process
from compare_ssgan.studies.executors.base import PROGRAM, Ending, Options, Report
from compare_ssgan.studies.request import RunRequest

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


class _Running(NamedTuple):
    request: RunRequest
    process: subprocess.Popen[bytes]
    log: pathlib.Path | None
    # What it has of the GPUs.
    share: dict[str, str]


def execute(
    requests: Sequence[RunRequest],
    options: Options,
    report: Report,
    *,
    to_files: bool = False,
) -> Ending:
    """Does runs on this machine, `options.jobs` (1) at a time.

    Several at a time have a GPU each, or share those there are. On SIGTERM, SIGUSR2,
    SIGHUP or Ctrl-C no more runs are started, those in progress are told to stop, and
    their checkpoints awaited.

    Args:
        requests: The runs, in order.
        options: `jobs` processes at a time. One writes to the terminal; several write
            to files in logs/.
        report: Told of every run.
        to_files: Whether one by itself writes to a file, too.
    """
    jobs = options.jobs or 1
    to_files = to_files or jobs > 1
    waiting, running = list(requests), list[_Running]()
    shares = gpus.shares(max(1, min(jobs, len(waiting))))
    with stop.listening() as flag:
        forwarded = False
        try:
            while running or (waiting and not flag()):
                while waiting and shares and not flag():
                    request = waiting.pop(0)
                    report.started(request)
                    running.append(
                        _start(request, shares.pop(0), to_files, options.program)
                    )
                if flag() and not forwarded:
                    forwarded = True
                    for each in running:
                        each.process.send_signal(signal.SIGTERM)
                for each in [e for e in running if e.process.poll() is not None]:
                    running.remove(each)
                    shares.append(each.share)
                    code = process.exit_code(each.process)
                    report.finished(each.request, code, each.log)
                time.sleep(_POLL_SECONDS)
        finally:
            # After an error, or a second Ctrl-C, nothing goes on unattended.
            for each in running:
                each.process.terminate()
                each.process.wait()
    return Ending.STOPPED if waiting or flag() else Ending.DONE


def _start(
    request: RunRequest, share: dict[str, str], to_file: bool, program: Sequence[str]
) -> _Running:
    log = request.directory / "logs" / f"{request.run_id}.log" if to_file else None
    if log is not None:
        log.parent.mkdir(exist_ok=True)
    started = process.start(command(request, program), log, share)
    return _Running(request, started, log, share)
