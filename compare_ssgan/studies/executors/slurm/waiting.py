"""Submits runs to Slurm and waits for them, by asking squeue.

What a run came to is read from its directory; what became of a job only decides
whether its runs are worth another one.
"""

import pathlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import CommandError, PreemptedError, RunHeldError
from compare_ssgan.studies import files, lock, progress, stop
from compare_ssgan.studies.executors import process
from compare_ssgan.studies.executors.base import Ending, Options, Report
from compare_ssgan.studies.executors.slurm import controller, job, submission
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.request import RunRequest

# Between two looks at the queue: longer and longer while nothing changes.
_SHORTEST_SECONDS, _LONGEST_SECONDS, _GROWTH = 1.0, 20.0, 1.3
_TICK_SECONDS = 0.1
# A controller that is being updated may be away for a while.
_PATIENCE_SECONDS = 1800.0
# How often a sweep submits a run whose job was killed or lost without getting on.
_SUBMISSIONS = 2
_LOCK = "submitting.lock"

Stopped = Callable[[], bool]
Item = TypeVar("Item")


def execute(requests: Sequence[RunRequest], options: Options, report: Report) -> Ending:
    """Does runs as jobs of Slurm.

    Runs that are in the queue already, by this sweep or another one of the same
    directory, are not submitted again but waited for. A run whose job was killed is
    submitted once more; one that was stopped after a new checkpoint as often as that
    happens. SIGTERM, SIGUSR2, SIGHUP or Ctrl-C end the waiting, not the jobs.

    Args:
        requests: The runs, in order.
        options: `partition`, `gres`, `constraint` and `minutes` of every job;
            `runs_per_job` (1) runs share one; with `max_jobs` that many are in the
            queue at a time; with `detach` nobody waits for them.
        report: Told of every run.

    Raises:
        InputError: If there is no Slurm, or it does not take the jobs.
        CommandError: If Slurm has not answered for half an hour.
    """
    if not requests:
        return Ending.DONE
    submission.check_machine()
    sweep = _Sweep(requests, options, report, controller.settings())
    with stop.listening() as flag:
        if options.detach:
            try:
                sweep.advance(flag)
            except submission.SubmissionError:
                if sweep.queued:
                    sweep.say_farewell()
                raise
            sweep.say_farewell()
            return Ending.STOPPED if flag() else Ending.SUBMITTED
        sweep.wait(flag)
        if sweep.left and flag():
            sweep.say_farewell()
            return Ending.STOPPED
    return Ending.DONE


class _Sweep:
    """Runs on their way through the queue.

    Attributes:
        left: Runs whose end was not seen yet, by id.
        queued: The jobs in the queue of those that are there, by run.
    """

    def __init__(
        self,
        requests: Sequence[RunRequest],
        options: Options,
        report: Report,
        settings: dict[str, str],
    ) -> None:
        self.left = {request.run_id: request for request in requests}
        self.queued: dict[str, str] = {}
        self._options, self._report = options, report
        self._array_limit = controller.array_limit(settings)
        self._cluster = settings.get("ClusterName", "")
        self._directory = requests[0].directory
        self._submissions: Counter[str] = Counter()
        # The checkpoints that runs had when they were announced.
        self._announced: dict[str, set[str]] = {}
        self._states: list[queue.State] = []
        self._shown = self._complaint = ""
        self._answered = time.monotonic()

    def wait(self, stopped: Stopped) -> None:
        """Submits and waits until nothing is left, or it is asked to stop."""
        pause = _SHORTEST_SECONDS
        while self.left and not stopped():
            before = set(self.left), dict(self.queued)
            try:
                self.advance(stopped)
                self._answered, self._complaint = time.monotonic(), ""
            except queue.SlurmError as error:
                self._bear(error)
            except submission.SubmissionError as error:
                # The first one tells of a mistake; later ones, and those beside
                # earlier jobs, of limits or of a controller that is away.
                if not self._submissions and not self.queued:
                    raise
                self._bear(error)
            changed = before != (set(self.left), self.queued)
            longer = min(_LONGEST_SECONDS, _GROWTH * pause)
            pause = _SHORTEST_SECONDS if changed else longer
            end = time.monotonic() + pause
            while self.left and time.monotonic() < end and not stopped():
                time.sleep(_TICK_SECONDS)

    def advance(self, stopped: Stopped) -> None:
        """Looks at the queue once, and submits what is not in it.

        Raises:
            SlurmError: If squeue fails.
            SubmissionError: If sbatch does.
        """
        self._look()
        folder = job.folder(self._directory)
        while self._to_submit() and not stopped():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                # Two sweeps at once must not submit the same runs.
                with lock.hold(folder, _LOCK, "It submits runs of the same study"):
                    self._look()
                    for groups in self._arrays():
                        if not stopped():
                            self._submit(groups)
                break
            except RunHeldError:
                time.sleep(_TICK_SECONDS)
        self._show()

    def say_farewell(self) -> None:
        """Tells what goes on without this process, and what does not."""
        numbers = sorted({name.split("_")[0] for name in self.queued.values()}, key=int)
        if numbers:
            progress.say(
                f"{len(self.queued)} runs are in Slurm's queue and go on by "
                f"themselves. 'compare_ssgan status {self._directory}' tells how they "
                f"are; 'scancel {' '.join(numbers)}' stops them."
            )
        waiting = len(self.left) - len(self.queued)
        if waiting:
            progress.say(
                f"{waiting} runs are not submitted yet: give the same command again "
                "when there is room in the queue."
            )

    def _look(self) -> None:
        """Finds out which runs are in the queue, and settles those that were."""
        names = {
            run_id: handed.job
            for run_id, handed in queue.jobs(self._directory, self._cluster).items()
            if run_id in self.left
        }
        found = queue.find(set(names.values()))
        self.queued = {
            run_id: name
            for run_id, name in names.items()
            if name in found and not found[name].over
        }
        self._states = [found[name] for name in set(self.queued.values())]
        for request in [*self.left.values()]:
            run_id = request.run_id
            if run_id in self.queued:
                self._announce(request)
            elif run_id in self._announced:
                name = names.get(run_id, "")
                self._settle(request, name, found.get(name))
            elif Record(request.run_directory).done:
                self._end(request, 0)

    def _settle(self, request: RunRequest, name: str, last: queue.State | None) -> None:
        """Decides what a run came to that is in the queue no more."""
        if Record(request.run_directory).done:
            self._end(request, 0)
            return
        code = _code(self._directory, name, request.run_id)
        cancelled = last is not None and last.state == queue.CANCELLED
        stopped = code == PreemptedError.exit_code
        lost = stopped or code is None or code > process.SIGNALLED
        before = self._announced[request.run_id]
        if stopped and _checkpoints(request) - before:
            # It gets on, however often that happens.
            self._submissions[request.run_id] = 0
        if lost and not cancelled and self._submissions[request.run_id] < _SUBMISSIONS:
            state = f" ({last.state})" if last else ""
            progress.say(f"{request.run_id}: job {name} was lost{state}; once more")
            del self._announced[request.run_id]
        else:
            if cancelled:
                progress.say(f"{request.run_id}: job {name} was cancelled")
            self._end(request, code)

    def _end(self, request: RunRequest, code: int | None) -> None:
        del self.left[request.run_id]
        log = self._directory / "logs" / f"{request.run_id}.log"
        self._report.finished(request, code, log if log.exists() else None)

    def _announce(self, request: RunRequest) -> None:
        if request.run_id not in self._announced:
            self._announced[request.run_id] = _checkpoints(request)
            self._report.started(request)

    def _to_submit(self) -> list[RunRequest]:
        """Returns the runs that are not in the queue, if there is room for any."""
        if len(set(self.queued.values())) >= (self._options.max_jobs or float("inf")):
            return []
        return [r for run_id, r in self.left.items() if run_id not in self.queued]

    def _arrays(self) -> list[list[list[RunRequest]]]:
        """Returns arrays to submit: for each of their tasks, its runs."""
        groups = _batches(self._to_submit(), self._options.runs_per_job or 1)
        if self._options.max_jobs:
            groups = groups[: self._options.max_jobs - len(set(self.queued.values()))]
        return _batches(groups, self._array_limit)

    def _submit(self, groups: Sequence[Sequence[RunRequest]]) -> None:
        names = submission.submit(groups, self._options, self._directory, self._cluster)
        for name, group in zip(names, groups, strict=True):
            for request in group:
                self.queued[request.run_id] = name
                self._submissions[request.run_id] += 1
                self._announce(request)
        more = f" to {names[-1]}" if len(names) > 1 else ""
        progress.say(f"Slurm has them as {names[0]}{more}")
        self._states = [*self._states, *(queue.State("PENDING") for _ in names)]

    def _show(self) -> None:
        """Tells how many jobs run, and why others wait, when that has changed."""
        counts = Counter(
            f"{each.state.lower()}"
            + (f" ({each.reason})" if each.reason not in ("", "None") else "")
            for each in self._states
        )
        text = ", ".join(f"{number} {state}" for state, number in counts.items())
        if text and text != self._shown and not self._options.detach:
            progress.say(f"Slurm: {text}")
        self._shown = text

    def _bear(self, error: CommandError) -> None:
        """Tells once that Slurm fails, and does not try for ever.

        Raises:
            CommandError: If it has failed for too long.
        """
        if isinstance(error, submission.SubmissionError) and self.queued:
            # It answers, and there are jobs to wait for: a limit of the cluster.
            self._answered = time.monotonic()
        if time.monotonic() - self._answered > _PATIENCE_SECONDS:
            self.say_farewell()
            raise error
        if str(error) != self._complaint:
            self._complaint = str(error)
            progress.say(f"Slurm: {error} Trying again.")


def _batches(items: Sequence[Item], size: int) -> list[list[Item]]:
    return [[*items[at : at + size]] for at in range(0, len(items), size)]


def _checkpoints(request: RunRequest) -> set[str]:
    """Returns the names of a run's checkpoints, which have their steps in them."""
    folder = Record(request.run_directory).checkpoints
    return {path.name for path in folder.glob("ckpt-*.index")}


def _code(directory: pathlib.Path, name: str, run_id: str) -> int | None:
    """Returns the exit code that a job left for a run, if it did."""
    path = job.codes_path(directory, name)
    code = files.read_json(path).get(run_id) if path.exists() else None
    return code if isinstance(code, int) else None
