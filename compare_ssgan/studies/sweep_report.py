"""What a sweep tells of its runs: while it goes on, and at its end."""

import pathlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compare_ssgan.analysis.records import states as run_states
from compare_ssgan.errors import CommandError, PreemptedError, RunHeldError
from compare_ssgan.studies import progress
from compare_ssgan.studies.executors.process import SIGNALLED
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.request import RunRequest

DONE = ("done", "diverged")
# Where the last line of a log lies.
_TAIL_BYTES = 4096


class Summary(NamedTuple):
    """The state of a study.

    Attributes:
        study: Its name.
        directory: Where its runs are.
        states: State of every planned run by id: done, diverged, failed, running (in
            another process), partial, or missing.
        exit_code: What the command returns.
        problems: Why a run is not done, by id.
        submitted: Number of runs that go on without this process.
    """

    study: str
    directory: pathlib.Path
    states: dict[str, str]
    exit_code: int
    problems: Mapping[str, str] = {}
    submitted: int = 0

    def __str__(self) -> str:
        lines = [f"{self.study}: {count(self.states)}"]
        lines += [f"  {name}: {text}" for name, text in self.problems.items()]
        if self.submitted:
            lines += [
                f"submitted {self.submitted}; they go on without this process.",
                f"compare_ssgan status {self.directory}    # how far they are",
            ]
        return "\n".join(lines)


class Reporter:
    """Tells on stderr how a sweep goes, and keeps how its runs ended.

    Attributes:
        codes: Exit code of every run that is over, None if nobody knows it.
        logs: Where its output is, None for the terminal.
        begun: Ids of runs that were begun or handed over.
    """

    def __init__(self, missing: Sequence[RunRequest]) -> None:
        """Begins to count.

        Args:
            missing: The runs to do.
        """
        self._numbers = {
            each.run_id: number for number, each in enumerate(missing, start=1)
        }
        self.codes: dict[str, int | None] = {}
        self.logs: dict[str, pathlib.Path | None] = {}
        self.begun: set[str] = set()

    def started(self, request: RunRequest) -> None:
        """A run has begun, or was handed over."""
        self.begun.add(request.run_id)
        number = self._numbers[request.run_id]
        progress.say(f"[{number}/{len(self._numbers)}] {request.run_id}")

    def finished(
        self, request: RunRequest, code: int | None, log: pathlib.Path | None
    ) -> None:
        """A run is over."""
        self.codes[request.run_id], self.logs[request.run_id] = code, log
        ended = state(request)
        outcome = ended if ended in DONE else self._outcome(request, ended)
        place = f" (see {log})" if log and ended not in DONE else ""
        progress.say(f"{request.run_id}: {outcome}{place}")

    def is_held(self, request: RunRequest) -> bool:
        """Whether a run was in another process's hands when its turn came."""
        return self.codes.get(request.run_id) == RunHeldError.exit_code

    def problem(self, request: RunRequest, state: str) -> str:
        """Returns why a run that is not done is not, and where to read more."""
        log = self.logs.get(request.run_id)
        error = _recorded_error(request) if state == "failed" else _last_line(log)
        if self._ended_itself(request) and error:
            text = f"{state}: {error}" if state == "failed" else error
        else:
            text = self._outcome(request, state)
        return f"{text} (log: {log})" if log else text

    def _ended_itself(self, request: RunRequest) -> bool:
        code = self.codes.get(request.run_id)
        others = (RunHeldError.exit_code, PreemptedError.exit_code)
        return code not in others and not (code and code > SIGNALLED)

    def _outcome(self, request: RunRequest, state: str) -> str:
        code = self.codes.get(request.run_id)
        if state == "running" or code == RunHeldError.exit_code:
            return "in progress in another process"
        if code == PreemptedError.exit_code:
            return "stopped after a checkpoint"
        if not code:
            # Lost by the executor, or a failure that only the record knows.
            return f"{state}, and nobody knows how it ended" if code is None else state
        if code > SIGNALLED:
            return f"killed by signal {code - SIGNALLED}"
        return f"failed with exit code {code}"


def state(request: RunRequest) -> str:
    """Returns the state of a run; see `Summary`."""
    record = Record(request.run_directory)
    content = record.read() if record.exists else None
    return run_states.status(record.directory, content)


def states(requests: Sequence[RunRequest]) -> dict[str, str]:
    """Returns the state of every run by its id."""
    return {request.run_id: state(request) for request in requests}


def count(found: Mapping[str, str]) -> str:
    """Returns how many runs are in which state, as text."""
    counts = Counter(found.values())
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))


def exit_code(
    requests: Sequence[RunRequest], found: Mapping[str, str], reporter: Reporter
) -> int:
    """Returns what the sweep returns: 0, 1 or 3; see `sweep.sweep`.

    Args:
        requests: The runs that were to be done.
        found: States afterwards. They count, not the exit codes: a run that another
            process has finished is done.
        reporter: Knows which runs another process held.
    """
    left = [each for each in requests if found[each.run_id] not in DONE]
    if not left:
        return 0
    held = all(
        found[each.run_id] == "running"
        or (found[each.run_id] != "failed" and reporter.is_held(each))
        for each in left
    )
    return RunHeldError.exit_code if held else CommandError.exit_code


def _recorded_error(request: RunRequest) -> str:
    """Returns the last line of the error in run.json."""
    error = str(Record(request.run_directory).read().get("error") or "").strip()
    return error.splitlines()[-1] if error else ""


def _last_line(log: pathlib.Path | None) -> str:
    """Returns the last line of a file that says something, or ""."""
    if log is None or not log.is_file():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        text = file.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
