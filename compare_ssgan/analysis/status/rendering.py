"""Says how far the runs of a study are."""

import json
import math
import os
from collections.abc import Sequence
from typing import Any

from compare_ssgan.analysis.status import standing
from compare_ssgan.analysis.status.standing import Compute, Progress, Standing

_DAY_HOURS = 24


def render(directory: str | os.PathLike[str], as_json: bool = False) -> str:
    """Returns a table of the progress of all runs, with totals, or the same as JSON.

    Args:
        directory: Of a run, of a study, or of several studies.
        as_json: Whether to return {"runs": [...], "totals": {...}, "compute": {...},
            "remarks": [...]} instead.

    Raises:
        InputError: If there are no records, or one cannot be read.
    """
    found = standing.read(directory)
    return _json(found) if as_json else _text(found)


def _json(found: Standing) -> str:
    content = {
        "runs": [
            {name: _finite(value) for name, value in row._asdict().items()}
            for row in found.rows
        ],
        "totals": standing.totals(found.rows),
        "compute": found.compute._asdict(),
        "remarks": found.remarks,
    }
    return json.dumps(content, indent=2, allow_nan=False)


def _text(found: Standing) -> str:
    rows = found.rows
    names = {row.metric for row in rows if row.metric}
    # The name of the metric is in the header if all rows share it.
    header = names.pop() if len(names) == 1 else "last value"
    lines = [["run", "state", "step", header, "time", "left", ""]]
    lines += [_line(row, named=header != row.metric) for row in rows]
    counts = standing.totals(rows)
    number = counts.pop("all")
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    text = [
        *_aligned(lines),
        "",
        f"{number} run{'s' * (number != 1)}: {parts}",
        _of_compute(found.compute),
        *(f"Remark: {remark}" for remark in found.remarks),
    ]
    return "\n".join(text)


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Pads all columns but the last; the first two are text, the others numbers."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]) - 1)]
    text = []
    for line in lines:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=False))
        ]
        text.append("  ".join([*cells, line[-1]]).rstrip())
    return text


def _line(row: Progress, *, named: bool) -> list[str]:
    value = f"{row.value:.4g}" if row.metric else "-"
    if row.metric and named:
        value = f"{row.metric} {value}"
    step = f"{row.step:,}/{row.steps:,}" if row.steps else f"{row.step:,}"
    missing = row.state == "missing"
    left = "" if row.basis == "done" else _duration(row.remaining_seconds)
    return [
        row.run_id,
        row.state,
        "-" if missing else step,
        value,
        _duration(row.seconds),
        left,
        "; ".join(part for part in (_running(row), row.problem, row.waits_for) if part),
    ]


def _running(row: Progress) -> str:
    """Returns where and how fast a running run is trained."""
    if row.state != "running":
        return ""
    since = row.since[: len("2026-01-01T00:00")].replace("T", " ")
    speed = f", {row.speed:.3g} s a step" if math.isfinite(row.speed) else ""
    job = f", job {row.job}" if row.job else ""
    return f"process {row.pid} on {row.host}{job} since {since}{speed}"


def _of_compute(compute: Compute) -> str:
    text = f"Time of all runs together: {_duration(compute.spent_seconds)} spent"
    if compute.remaining_seconds:
        text += f", about {_duration(compute.remaining_seconds)} left"
    if compute.num_unknown:
        runs = f"{compute.num_unknown} run{'s' * (compute.num_unknown != 1)}"
        text += f", nothing known of {runs} to come"
    return f"{text}."


def _duration(seconds: float) -> str:
    """Returns hours, minutes and seconds, from two days on with days; "-" for NaN."""
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, _DAY_HOURS)
    if days > 1:
        return f"{days} days {hours}:{minutes:02}:{rest:02}"
    hours += days * _DAY_HOURS
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
