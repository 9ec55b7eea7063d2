"""The attempts at a run, and the time they have taken together."""

import datetime
import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import jsonl, run_records, timings
from compare_ssgan.analysis.records.run_records import Run

# Files that grow while a run is trained.
_GROWING = ("timing.jsonl", "train.jsonl", "metrics.jsonl")


class Attempt(NamedTuple):
    """One process's work on a run.

    Attributes:
        started: When it began to train.
        ended: When it ended; None if it has not, or was killed.
        from_step: Generator step it began after.
        to_step: Generator step it reached, if it ended.
        status: "running" (also of one that was killed and has no successor),
            "killed", "stopped" (by a signal, after a checkpoint), "failed",
            "complete" or "diverged".
    """

    started: datetime.datetime
    ended: datetime.datetime | None
    from_step: int
    to_step: int
    status: str


def read(directory: pathlib.Path) -> list[Attempt]:
    """Returns the attempts at the run of a directory, in order.

    Raises:
        InputError: If one cannot be read.
    """
    path = directory / "attempts.jsonl"
    return jsonl.read(path, _attempt) if path.is_file() else []


def spent_seconds(run: Run, attempts: Sequence[Attempt]) -> float:
    """Returns wall-clock seconds of all attempts together; NaN if nothing is known.

    Of an attempt that was killed only what later ones could build on is known.
    """
    bounds = [run.wall_seconds]
    if attempts:
        bounds.append(_of_attempts(run, attempts))
    if run.status not in run_records.FINISHED:
        # run.json knows this up to the last checkpoint only.
        timed = math.fsum(row.seconds for row in timings.rows(run.directory))
        bounds.append(timed or math.nan)
    # Each of them leaves something out.
    return max((bound for bound in bounds if math.isfinite(bound)), default=math.nan)


def _of_attempts(run: Run, attempts: Sequence[Attempt]) -> float:
    known = math.fsum(
        (each.ended - each.started).total_seconds() for each in attempts if each.ended
    )
    killed = [i for i, each in enumerate(attempts) if each.ended is None]
    return known + (_of_killed(run, attempts, killed) if killed else 0.0)


def _of_killed(run: Run, attempts: Sequence[Attempt], killed: Sequence[int]) -> float:
    seconds = 0.0
    last = len(attempts) - 1
    if last in killed:
        started = attempts[last].started
        seconds += max(0.0, (_end(run, started) - started).total_seconds())
    if killed[0] == last:
        return seconds
    rows = timings.rows(run.directory)
    for index in killed:
        if index < last:
            begin, end = attempts[index].from_step, attempts[index + 1].from_step
            seconds += math.fsum(r.seconds for r in rows if begin < r.step <= end)
    return seconds


def _end(run: Run, started: datetime.datetime) -> datetime.datetime:
    """Returns when the attempt without end was last seen at work."""
    assert run.directory is not None
    if run.status == "running":
        return datetime.datetime.now().astimezone()
    times = [
        (run.directory / name).stat().st_mtime
        for name in _GROWING
        if (run.directory / name).is_file()
    ]
    latest = max(times, default=started.timestamp())
    return datetime.datetime.fromtimestamp(latest).astimezone()


def _attempt(row: Any) -> Attempt:
    ended = row.get("ended")
    return Attempt(
        _time(row["started"]),
        None if ended is None else _time(ended),
        int(row.get("from_step", 0)),
        int(row.get("to_step", 0)),
        str(row["status"]),
    )


def _time(text: Any) -> datetime.datetime:
    time = datetime.datetime.fromisoformat(text)
    # Without an offset it is local time.
    return time if time.tzinfo else time.astimezone()
