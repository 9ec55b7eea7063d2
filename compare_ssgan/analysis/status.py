"""Says how far the runs of a study are."""

import json
import math
import os
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis import jsonl, protocols, records
from compare_ssgan.analysis.records import STATUSES, Run

# A line of train.jsonl holds a dozen numbers; the last one lies well within this.
_TAIL_BYTES = 16_384


class Progress(NamedTuple):
    """How far one run is.

    Attributes:
        run_id: Of the run.
        state: One of `records.STATUSES`.
        step: Generator steps taken, as far as files say.
        steps: Generator steps to take; 0 if unknown.
        metric: Full name of the metric of `value`; FID if there is one. None if
            nothing was measured.
        value: Last measurement; NaN if there is none.
        seconds: Wall-clock over all attempts; NaN if unknown.
        problem: Last line of the error of a failed run; term and step of a diverged
            one; else "".
    """

    run_id: str
    state: str
    step: int
    steps: int
    metric: str | None
    value: float
    seconds: float
    problem: str


def summary(directory: str | os.PathLike[str]) -> list[Progress]:
    """Returns the progress of each run, planned ones included.

    Args:
        directory: Of a run, of a study, or of several studies.

    Raises:
        InputError: If there are no records, or one cannot be read.
    """
    return [_progress(run) for run in records.read(directory)]


def totals(rows: Sequence[Progress]) -> dict[str, int]:
    """Returns the number of runs in each state that occurs, and of all."""
    states = [row.state for row in rows]
    counts = {state: states.count(state) for state in STATUSES if state in states}
    return {**counts, "all": len(rows)}


def render(directory: str | os.PathLike[str], as_json: bool = False) -> str:
    """Returns a table of the progress of all runs, with totals, or the same as JSON.

    Args:
        directory: As for `summary`.
        as_json: Whether to return {"runs": [...], "totals": {...}} instead.
    """
    rows = summary(directory)
    if as_json:
        runs = [
            {
                **row._asdict(),
                "value": row.value if math.isfinite(row.value) else None,
                "seconds": row.seconds if math.isfinite(row.seconds) else None,
            }
            for row in rows
        ]
        content = {"runs": runs, "totals": totals(rows)}
        return json.dumps(content, indent=2, allow_nan=False)
    names = {row.metric for row in rows if row.metric}
    # The name of the metric is in the header if all rows share it.
    header = names.pop() if len(names) == 1 else "last value"
    lines = [["run", "state", "step", header, "time", ""]]
    lines += [_line(row, named=header != row.metric) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    text = [
        "  ".join(
            [
                *(
                    cell.ljust(width)
                    for cell, width in zip(line[:2], widths, strict=False)
                ),
                *(cell.rjust(w) for cell, w in zip(line[2:5], widths[2:], strict=True)),
                line[5],
            ]
        ).rstrip()
        for line in lines
    ]
    counts = totals(rows)
    number = counts.pop("all")
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    return "\n".join([*text, "", f"{number} run{'s' * (number != 1)}: {parts}"])


def _progress(run: Run) -> Progress:
    metric, value = _last_value(run)
    return Progress(
        run.run_id,
        run.status,
        _step(run),
        run.steps,
        metric,
        value,
        _seconds(run),
        _problem(run),
    )


def _last_value(run: Run) -> tuple[str | None, float]:
    # In the order of measurement: that of the training comes first.
    names = dict.fromkeys(each.metric for each in run.measurements)
    metric = protocols.main_metric([*names])
    if metric is None:
        return None, float("nan")
    return metric, float(run.curve(metric).values[-1])


def _step(run: Run) -> int:
    if run.status == "complete":
        return run.steps
    if run.diverged_step is not None:
        return run.diverged_step
    measured = max((m.step for m in run.measurements), default=0)
    return max(measured, _trained(run))


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


def _seconds(run: Run) -> float:
    if run.status in records.FINISHED and math.isfinite(run.wall_seconds):
        return run.wall_seconds
    # run.json knows only the attempts that have ended.
    timing = run.directory / "timing.jsonl" if run.directory else None
    if timing is None or not timing.is_file():
        return run.wall_seconds
    spent = sum(jsonl.read(timing, lambda line: float(line["seconds"])))
    return max(spent, run.wall_seconds) if math.isfinite(run.wall_seconds) else spent


def _problem(run: Run) -> str:
    if run.status == "diverged":
        return f"{run.diverged_term or 'a term'} was not finite"
    if run.status == "failed" and run.error:
        return run.error.strip().splitlines()[-1] if run.error.strip() else ""
    return ""


def _line(row: Progress, *, named: bool) -> list[str]:
    value = f"{row.value:.4g}" if row.metric else "-"
    if row.metric and named:
        value = f"{row.metric} {value}"
    step = f"{row.step:,}/{row.steps:,}" if row.steps else f"{row.step:,}"
    missing = row.state == "missing"
    return [
        row.run_id,
        row.state,
        "-" if missing else step,
        value,
        _duration(row.seconds),
        row.problem,
    ]


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
