"""How far the runs of a study are, and what each of them waits for."""

import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compare_ssgan.analysis.records import (
    attempts,
    commits,
    locks,
    protocols,
    run_records,
)
from compare_ssgan.analysis.records.attempts import Attempt
from compare_ssgan.analysis.records.run_records import STATUSES, Run
from compare_ssgan.analysis.status import estimates, queue
from compare_ssgan.analysis.status.queue import Job, Queue

# A line of train.jsonl holds a dozen numbers; the last one lies well within this.
_TAIL_BYTES = 16_384


class Progress(NamedTuple):
    """How far one run is.

    Attributes:
        run_id: Of the run.
        state: One of `run_records.STATUSES`.
        step: Generator steps taken, as far as files say.
        steps: Generator steps to take; 0 if unknown.
        metric: Full name of the metric of `value`; FID if there is one. None if
            nothing was measured.
        value: Last measurement; NaN if there is none.
        seconds: Wall-clock over all attempts; NaN if unknown.
        problem: Last line of the error of a failed run; term of a diverged one; else
            "".
        remaining_seconds: Wall-clock until it is complete; NaN if unknown.
        basis: What this rests on, see `estimates.Estimate`.
        speed: Seconds per generator step of this run; NaN if unknown.
        host: Machine of a running one; "" otherwise.
        pid: Process of a running one, None otherwise.
        since: When the running process began, ISO 8601; "" otherwise.
        job: The engine's name of the job it was last handed over in; "" if none.
        waits_for: What has to happen for it to go on; "" if it is over or running.
    """

    run_id: str
    state: str
    step: int
    steps: int
    metric: str | None
    value: float
    seconds: float
    problem: str
    remaining_seconds: float
    basis: str | None
    speed: float
    host: str
    pid: int | str | None
    since: str
    job: str
    waits_for: str


class Compute(NamedTuple):
    """Time of all runs together, as if one followed the other.

    Attributes:
        spent_seconds: By all attempts, as far as is known.
        remaining_seconds: Of the runs for which it can be estimated.
        num_unknown: Number of the others that are not over.
    """

    spent_seconds: float
    remaining_seconds: float
    num_unknown: int


class Standing(NamedTuple):
    """How far a study is.

    Attributes:
        rows: One a run, planned ones included.
        compute: Of all of them.
        remarks: What a reader of the results should know.
    """

    rows: Sequence[Progress]
    compute: Compute
    remarks: Sequence[str]


def read(directory: str | os.PathLike[str]) -> Standing:
    """Returns how far the runs of a directory are; asks Slurm's queue if need be.

    Args:
        directory: Of a run, of a study, or of several studies.

    Raises:
        InputError: If there are no records, or one cannot be read.
    """
    runs = run_records.read(directory)
    found = list(zip(runs, _jobs(runs), strict=True))
    waiting = [
        job for run, job in found if job and run.status not in run_records.FINISHED
    ]
    asked = queue.ask(waiting)
    past = estimates.learn(runs)
    at_work = {run.study for run in runs if run.status == "running"}
    rows = [
        _progress(run, job, past, asked, run.study in at_work) for run, job in found
    ]
    return Standing(rows, _compute(rows), _remarks(runs))


def totals(rows: Sequence[Progress]) -> dict[str, int]:
    """Returns the number of runs in each state that occurs, and of all."""
    counts = Counter(row.state for row in rows)
    known = {status: counts[status] for status in STATUSES if status in counts}
    return {**known, "all": len(rows)}


def _jobs(runs: Sequence[Run]) -> list[Job | None]:
    """Returns the last job of each run, None of one that was never handed over."""
    homes = {run.home for run in runs if run.home}
    by_home = {home: queue.jobs(home) for home in homes}
    return [by_home[run.home].get(run.run_id) if run.home else None for run in runs]


def _progress(
    run: Run, job: Job | None, past: estimates.Past, asked: Queue, at_work: bool
) -> Progress:
    tried = attempts.read(run.directory) if run.directory else []
    metric, value = _last_value(run)
    left = past.remaining(estimates.of_run(run))
    holder = locks.described(run.directory / "lock") if run.directory else None
    running = holder if run.status == "running" else None
    _, speed = past.own.get(run.run_id, (0, math.nan))
    waits = ""
    if run.status not in (*run_records.FINISHED, "running"):
        waits = _waits_for(run, job, asked, tried, holder, at_work)
    return Progress(
        run.run_id,
        run.status,
        _step(run),
        run.steps,
        metric,
        value,
        attempts.spent_seconds(run, tried),
        _problem(run),
        math.nan if left.seconds is None else left.seconds,
        left.basis,
        speed,
        running.host if running else "",
        running.pid if running else None,
        running.started if running else "",
        job.job if job else "",
        waits,
    )


def _waits_for(
    run: Run,
    job: Job | None,
    asked: Queue,
    tried: Sequence[Attempt],
    holder: locks.Holder | None,
    at_work: bool,
) -> str:
    """Returns what has to happen for a run that is not over to go on."""
    if job:
        return queue.explain(job, asked)
    again = "run the same sweep again"
    if run.status == "failed":
        return f"to try once more, {again}"
    if holder is not None:
        return f"process {holder.pid} on {holder.host} was killed: {again}"
    if run.status == "partial":
        stopped = tried and tried[-1].status == "stopped"
        return f"{'stopped by a signal' if stopped else 'interrupted'}: {again}"
    if at_work:
        return "its turn, if a sweep is at work; else run the sweep"
    return "not handed over: run the sweep"


def _compute(rows: Sequence[Progress]) -> Compute:
    left = [row.remaining_seconds for row in rows]
    known = [seconds for seconds in left if math.isfinite(seconds)]
    spent = [row.seconds for row in rows if math.isfinite(row.seconds)]
    return Compute(math.fsum(spent), math.fsum(known), len(left) - len(known))


def _last_value(run: Run) -> tuple[str | None, float]:
    # In the order of measurement: that of the training comes first.
    names = dict.fromkeys(each.metric for each in run.measurements)
    metric = protocols.main_metric([*names])
    if metric is None:
        return None, math.nan
    return metric, float(run.curve(metric).values[-1])


def _step(run: Run) -> int:
    has_ended = run.status == "done" or run.diverged_step is not None
    return run.steps_taken if has_ended else max(run.steps_taken, _trained(run))


def _trained(run: Run) -> int:
    """Returns the step of the last complete line of train.jsonl."""
    path = run.directory / "train.jsonl" if run.directory else None
    if path is None or not path.is_file():
        return 0
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        lines = file.read().splitlines()
    for line in reversed(lines):
        try:
            return int(json.loads(line)["step"])
        except (ValueError, TypeError, KeyError):
            # Being written, or cut by the start of the tail.
            continue
    return 0


def _problem(run: Run) -> str:
    if run.status == "diverged":
        return f"{run.diverged_term or 'a term'} was not finite"
    if run.status == "failed" and run.error:
        return run.error.strip().splitlines()[-1] if run.error.strip() else ""
    return ""


def _remarks(runs: Sequence[Run]) -> list[str]:
    """Returns a remark for each method whose runs are of several versions."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        if run.git_commit:
            counts = found.setdefault((run.dataset, run.method), Counter())
            counts[commits.short(run.git_commit)] += 1
    return [
        f"{method} on {dataset} was trained by several versions of this program: "
        f"{_listed(counts)}."
        for (dataset, method), counts in found.items()
        if len(counts) > 1
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{commit} ({number} run{'s' * (number != 1)})"
        for commit, number in counts.items()
    )
