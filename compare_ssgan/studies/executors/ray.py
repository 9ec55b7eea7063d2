"""Runs of a study as tasks of Ray, on this machine or on a cluster.

Ray finds a place for every run and tells when a place died. All else is the run's own:
a task does nothing but look after the process of one run.
"""

import contextlib
import math
import os
import pathlib
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import compare_ssgan
from compare_ssgan.errors import InputError, PreemptedError
from compare_ssgan.studies import lock, progress, stop
from compare_ssgan.studies.executors import base, inline, process, ray_cluster
from compare_ssgan.studies.executors.base import Ending, Options, Report
from compare_ssgan.studies.spec import RunRequest

# Of a run whose process, worker or node died. Pre-emptions are not counted: a run
# gets on between two of them.
RETRIES = 5
_DIED = process.SIGNALLED + signal.SIGKILL
_POLL_SECONDS, _LOOK_AROUND_SECONDS = 0.5, 10.0
# A run may be in the middle of a step when it is told to stop, and must save.
_RELEASE_SECONDS = 120.0
# A node that cannot start runs keeps one for so long: else it would have all of them
# in no time, and a disk that is away would not be back.
_PROBLEM_SECONDS = 30.0
# Of the environment here, what means the same on every machine.
_CARRIED = ("PYTHONPATH", "XLA_FLAGS")
_CARRIED_PREFIXES = ("COMPARE_SSGAN_", "TF_", "TFDS_", "TFHUB_")


class _Task(NamedTuple):
    request: RunRequest
    # Whether it was handed over before, and how often its place died.
    again: bool = False
    deaths: int = 0

    @property
    def log(self) -> pathlib.Path:
        return self.request.directory / "logs" / f"{self.request.run_id}.log"


def check(options: Options, strategy: str) -> None:
    """Refuses what Ray cannot give; see `base.Check`."""
    base.refuse("ray", options)
    base.refuse_workers("ray", strategy)
    ray_cluster.check(_needs(options), options.jobs)


def execute(requests: Sequence[RunRequest], options: Options, report: Report) -> Ending:
    """Does runs as tasks of Ray, each in a process of its own.

    A run whose process, worker or node dies is done again, at most `RETRIES` times; so
    is one that was pre-empted, as often as that happens. On SIGTERM, SIGUSR2, SIGHUP or
    Ctrl-C no more are started, those in progress are told to stop, and their
    checkpoints awaited. What they print is in logs/.

    Args:
        requests: The runs, in order.
        options: `jobs` runs at a time (as many as there is room for), each with `cpus`
            processors (1) and `gpus` GPUs (0), on the cluster at `address` or on this
            machine.
        report: Told of every run.

    Raises:
        InputError: If Ray is not installed, the cluster cannot be reached, no node is
            large enough, or the first run to come back could not be started where it
            came to.
        CommandError: If Ray cannot be started on this machine.
    """
    if not requests:
        return Ending.DONE
    needs = _needs(options)
    logs = requests[0].directory / "logs"
    logs.mkdir(exist_ok=True)
    # Ray prints what it has to say to stdout, which is for results.
    with (
        (logs / "ray.log").open("a") as file,
        contextlib.redirect_stdout(file),
        ray_cluster.connected(options.address, needs, options.jobs) as ray,
    ):
        return _Queue(ray, requests, options, needs, report).work()


class _Queue:
    """Hands runs over to Ray while there is room for them, and collects them."""

    def __init__(
        self,
        ray: Any,
        requests: Sequence[RunRequest],
        options: Options,
        needs: ray_cluster.Needs,
        report: Report,
    ) -> None:
        self._ray, self._needs, self._report = ray, needs, report
        self._jobs, self._program = options.jobs, options.program
        self._waiting = [_Task(request) for request in requests]
        self._running: dict[Any, _Task] = {}
        self._room, self._next_look = 0, -math.inf
        # Whether a node has shown that runs can be started.
        self._proven = False
        # A new process for every task: those of Ray would be used again.
        self._look_after = ray.remote(
            num_cpus=needs.cpus, num_gpus=needs.gpus, max_calls=1, max_retries=0
        )(_look_after())

    def work(self) -> Ending:
        """Does all runs, or those that are begun when a signal asks to stop."""
        with stop.listening() as flag:
            told = False
            while self._running or (self._waiting and not flag()):
                if flag() and not told:
                    told = True
                    for reference in self._running:
                        # Raises KeyboardInterrupt in the task, or never starts it.
                        self._ray.cancel(reference, force=False)
                self._look_around()
                limit = self._jobs or self._room
                while self._waiting and not flag() and len(self._running) < limit:
                    self._submit(self._waiting.pop(0))
                self._collect(flag)
            return Ending.STOPPED if self._waiting or flag() else Ending.DONE

    def _look_around(self) -> None:
        """Sees what room there is: nodes come and go."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_AROUND_SECONDS
        before, self._room = self._room, ray_cluster.rooms(self._ray, self._needs)
        if before and not self._room:
            progress.say(
                f"No node is left that has room for a run with {self._needs}: waiting "
                "for one. Ctrl-C stops the sweep."
            )

    def _submit(self, task: _Task) -> None:
        if not task.again:
            self._report.started(task.request)
        call = {
            "directory": os.getcwd(),
            "package": str(pathlib.Path(compare_ssgan.__file__).parents[1]),
            "command": inline.command(task.request, self._program),
            "environment": _environment(self._needs),
            "log": str(task.log),
            "lock": str(task.request.run_directory / lock.TRAINING),
            "wait": _RELEASE_SECONDS if task.again else 0.0,
            "pause": _PROBLEM_SECONDS if self._proven else 0.0,
        }
        reference = self._look_after.options(name=task.request.run_id).remote(call)
        self._running[reference] = task

    def _collect(self, flag: stop.StopFlag) -> None:
        """Waits a little for runs to end, and sees what became of them."""
        if not self._running:
            time.sleep(_POLL_SECONDS)
            return
        ready, _ = self._ray.wait(list(self._running), timeout=_POLL_SECONDS)
        for reference in ready:
            task = self._running.pop(reference)
            code, problem = self._came_to(reference)
            if not flag() and self._repeat(task, code, problem):
                continue
            self._report.finished(task.request, code, task.log)

    def _came_to(self, reference: Any) -> tuple[int | None, str]:
        """Returns a run's exit code, if it has one, and what took it from its node.

        Raises:
            InputError: If it could not be started, and no other one was before it.
        """
        exceptions = self._ray.exceptions
        try:
            code, problem = self._ray.get(reference)
        except exceptions.TaskCancelledError:
            return None, ""
        except exceptions.RayTaskError:
            # A mistake of ours.
            raise
        except exceptions.RayError:
            return _DIED, "its process or node died"
        if problem is None:
            self._proven = True
            died = code > process.SIGNALLED
            return int(code), "its process or node died" if died else ""
        if self._proven:
            return None, f"it cannot be started on {problem}"
        raise InputError(
            f"A run cannot be started on {problem}. Every node needs this directory "
            "and this Python with compare_ssgan, at the same path."
        )

    def _repeat(self, task: _Task, code: int | None, problem: str) -> bool:
        """Says whether a run goes back into the queue, and puts it there."""
        deaths = task.deaths
        if code == PreemptedError.exit_code:
            text = "stopped after a checkpoint; it will go on"
        elif problem and deaths < RETRIES:
            deaths += 1
            text = f"{problem}; retry {deaths} of {RETRIES}"
        else:
            if problem:
                progress.say(f"{task.request.run_id}: {problem}")
            return False
        progress.say(f"{task.request.run_id}: {text}")
        self._waiting.insert(0, _Task(task.request, again=True, deaths=deaths))
        return True


def _needs(options: Options) -> ray_cluster.Needs:
    cpus = 1.0 if options.cpus is None else options.cpus
    return ray_cluster.Needs(cpus, options.gpus or 0.0)


def _environment(needs: ray_cluster.Needs) -> dict[str, str | None]:
    """Returns what is to be changed in the environment of a run; None: remove."""
    carried: dict[str, str | None] = {
        name: value
        for name, value in os.environ.items()
        if name in _CARRIED or name.startswith(_CARRIED_PREFIXES)
    }
    # Ray limits it to the processors set aside, which would make sums, and so results,
    # differ from those of other executors. --threads is for that.
    carried["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS")
    if not needs.gpus:
        carried["CUDA_VISIBLE_DEVICES"] = ""
    elif needs.gpus < 1:
        # TensorFlow would take all memory of the GPU that others are to share.
        carried.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return carried


def _look_after() -> Callable[[dict[str, Any]], tuple[int | None, str | None]]:
    """Returns the function that a task calls.

    It is defined in here so that it travels as a whole, and can tell what is wrong
    with a node that has no such package.
    """

    def look_after(call: dict[str, Any]) -> tuple[int | None, str | None]:
        import os
        import pathlib
        import shutil
        import socket
        import sys
        import time

        try:
            os.chdir(call["directory"])
            if call["package"] not in sys.path:
                sys.path.insert(0, call["package"])
            from compare_ssgan.errors import PreemptedError
            from compare_ssgan.studies.executors import tethered

            if shutil.which(call["command"][0]) is None:
                raise FileNotFoundError(f"there is no program {call['command'][0]}")
            if tethered.await_release(pathlib.Path(call["lock"]), call["wait"]):
                return PreemptedError.exit_code, None
            log = pathlib.Path(call["log"])
            return tethered.run(call["command"], log, call["environment"]), None
        except (ImportError, OSError) as error:
            time.sleep(call["pause"])
            return None, f"{socket.gethostname()}: {error}"

    return look_after
