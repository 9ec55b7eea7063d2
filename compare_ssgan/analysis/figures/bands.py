"""Curves of runs that differ in their seed: median, range, and what diverged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.comparison.groups import Group, Key
from compare_ssgan.analysis.figures.axes import Axis
from compare_ssgan.analysis.figures.looks import Look
from compare_ssgan.analysis.records import protocols
from compare_ssgan.analysis.records.run_records import Run

# Between last points of neighbouring methods, in points.
_POINTS = 6.5
AXIS_INCHES = 5.8
# Curves that fall by more than this are drawn on a logarithmic axis.
_LOG_RANGE = 10.0
# Markers on a line.
_MARKS = 6


class Band(NamedTuple):
    """Curves of several seeds at the steps where any was measured.

    Attributes:
        steps: [points] generator steps, ascending.
        median: [points] over the seeds with a finite value.
        low: [points] smallest.
        high: [points] largest.
        positions: [points] where on the axis, median over these seeds.
    """

    steps: npt.NDArray[np.int64]
    median: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    positions: npt.NDArray[np.float64]


def band(
    runs: Sequence[Run],
    metric: str,
    positions: Callable[[Run, npt.ArrayLike], Any] = lambda run, steps: steps,
) -> Band:
    """Returns median and range of a metric over runs, at each step measured.

    Values that are not finite have no part in them.

    Args:
        runs: Of one group.
        metric: Full name.
        positions: As that of `axes.Axis`.
    """
    by_step: dict[int, list[tuple[float, float]]] = {}
    for run in runs:
        curve = run.curve(metric)
        finite = np.isfinite(curve.values)
        steps = curve.steps[finite]
        rows = zip(steps, curve.values[finite], positions(run, steps), strict=True)
        for step, value, position in rows:
            by_step.setdefault(int(step), []).append((float(value), float(position)))
    ordered = sorted(by_step)
    values = [[value for value, _ in by_step[step]] for step in ordered]
    return Band(
        np.array(ordered, np.int64),
        np.array([np.median(each) for each in values]),
        np.array([min(each) for each in values]),
        np.array([max(each) for each in values]),
        np.array([np.median([at for _, at in by_step[step]]) for step in ordered]),
    )


def draw(
    panel: Any,
    metric: str,
    members: Sequence[Group],
    seen: Mapping[Key, Look],
    axis: Axis,
) -> list[Band]:
    """Draws the groups of a panel, and returns their bands."""
    bands = [band(group.runs, metric, axis.positions) for group in members]
    runs = [run for group in members for run in group.runs]
    # Of every seed: one may be further than the median place of all.
    lasts = [(run, _last(run, metric)) for run in runs]
    ends = [float(axis.positions(run, last[0])) for run, last in lasts if last]
    ends += [divergence(run, metric, axis)[0] for run in runs if _has_diverged(run)]
    end = max([0.0, *ends])
    for index, (group, shown) in enumerate(zip(members, bands, strict=True)):
        look = seen[group.key]
        panel.fill_between(
            shown.positions, shown.low, shown.high, color=look.color, alpha=0.15, lw=0
        )
        every = max(1, len(shown.steps) // _MARKS)
        panel.plot(
            shown.positions,
            shown.median,
            **look.of_medians,
            ms=5.5,
            # The last point belongs to the seeds.
            markevery=slice(index * every // len(members), -1, every),
        )
        for run in group.runs:
            _draw_last_point(panel, run, metric, look, axis, end, index)
            draw_divergence(panel, run, metric, look.color, axis)
    if end:
        _draw_strip(panel, len(members), axis, end)
    return bands


def _draw_strip(panel: Any, number: int, axis: Axis, end: float) -> None:
    """Makes room for the last points, side by side behind the end of the lines."""
    if not axis.aligned:
        panel.set_xlim(-0.02 * end, 1.03 * end)
        return
    share = _POINTS * (number + 1.5) / (72 * 0.9 * AXIS_INCHES)
    right = end / (1 - share)
    panel.set_xlim(-0.02 * end, right)
    panel.axvspan(end, right, color="#F4F4F4", lw=0, zorder=0)


def _draw_last_point(
    panel: Any, run: Run, metric: str, look: Look, axis: Axis, end: float, index: int
) -> None:
    """Draws the last measurement; those at the end side by side, none hidden."""
    from matplotlib import transforms

    last = _last(run, metric)
    if run.status == "diverged" or last is None:
        return
    step, value = last
    position = float(axis.positions(run, step))
    at_end = axis.aligned and np.isclose(position, end)
    right = _POINTS * (index + 1) / 72 if at_end else 0.0
    aside = transforms.ScaledTranslation(right, 0, panel.figure.dpi_scale_trans)
    panel.plot(
        position,
        value,
        look.marker,
        color=look.color,
        ms=5.5,
        mec="white",
        mew=0.5,
        zorder=4,
        gid="last",
        clip_on=False,
        transform=panel.transData + aside,
    )


def _last(run: Run, metric: str) -> tuple[int, float] | None:
    """Returns step and value of the last finite measurement; None without any."""
    curve = run.curve(metric)
    (finite,) = np.nonzero(np.isfinite(curve.values))
    if not len(finite):
        return None
    return int(curve.steps[finite[-1]]), float(curve.values[finite[-1]])


def divergence(run: Run, metric: str, axis: Axis) -> tuple[float, float]:
    """Returns where a run diverged and where its last finite value is, on the axis.

    NaN if no value was finite, or the records do not say.
    """
    curve = run.curve(metric)
    step = run.diverged_step
    if step is None:
        step = int(curve.steps[-1]) if len(curve.steps) else 0
    finite = curve.steps[np.isfinite(curve.values)]
    before = float(axis.positions(run, finite[-1])) if len(finite) else float("nan")
    at = float(axis.positions(run, step))
    return (at if np.isfinite(at) else np.nan_to_num(before)), before


def draw_divergence(panel: Any, run: Run, metric: str, color: str, axis: Axis) -> None:
    """Marks where a run diverged, at the height of the last finite value."""
    if not _has_diverged(run):
        return
    at, before = divergence(run, metric, axis)
    curve = run.curve(metric)
    finite = np.isfinite(curve.values)
    if finite.any():
        height = curve.values[finite][-1]
        panel.plot([before, at], [height] * 2, color=color, lw=1.0, ls=":", zorder=3)
        transform = panel.transData
    else:
        # Nothing was measured before: at the upper edge.
        height, transform = 0.97, panel.get_xaxis_transform()
    panel.plot(
        at,
        height,
        "X",
        color=color,
        ms=10,
        mec="black",
        mew=0.8,
        zorder=5,
        transform=transform,
        clip_on=False,
    )


def finish(
    panel: Any, metric: str, values: npt.NDArray[np.float64], label: str
) -> None:
    """Labels the axes and chooses the scale of the vertical one.

    Args:
        panel: What was drawn in.
        metric: Full name.
        values: All of those that the panel is to be compared by.
        label: Of the horizontal axis.
    """
    from matplotlib import ticker

    set_scale(panel, values)
    panel.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,g}"))
    panel.xaxis.set_major_locator(ticker.MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    panel.set_xlabel(label)
    panel.set_ylabel(protocols.label(metric))


def set_scale(panel: Any, values: npt.NDArray[np.float64]) -> None:
    """Makes the vertical axis logarithmic where values differ by much."""
    from matplotlib import ticker

    finite = values[np.isfinite(values)]
    positive = len(finite) > 0 and finite.min() > 0
    if positive and finite.max() > _LOG_RANGE * finite.min():
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
        panel.yaxis.set_minor_formatter(ticker.NullFormatter())
    panel.grid(True, which="major", color="#DDDDDD", lw=0.7)


def entries(
    metric: str, members: Sequence[Group], seen: Mapping[Key, Look]
) -> list[Any]:
    """Returns the lines of a legend, one a group, then those of symbols."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=seen[group.key].color,
            lw=2.0,
            ls=seen[group.key].line,
            marker=seen[group.key].marker,
            ms=5.5,
            mec="white",
            mew=0.5,
            label=entry(group, metric),
        )
        for group in members
    ]
    black: dict[str, Any] = {"ls": "none", "color": "#555555"}
    handles.append(Line2D([], [], marker="o", ms=5, **black, label="last of a seed"))
    if any(_has_diverged(run) for group in members for run in group.runs):
        handles.append(Line2D([], [], marker="X", ms=8, **black, label="diverged"))
    return handles


def entry(group: Group, metric: str) -> str:
    """Returns '  gan (2/3, 1 diverged)': seeds with a whole curve, and why not all."""
    states = [
        "unmeasured"
        if run.status == "done" and metric not in run.metrics
        else run.status
        for run in group.runs
    ]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    whole = counts.pop("done", 0)
    number = f"{whole}/{len(states)}" if counts else f"{whole}"
    others = [f"{count} {state}" for state, count in counts.items()]
    return f"  {group.label} ({', '.join([number, *others])})"


def _has_diverged(run: Run) -> bool:
    return run.status == "diverged"
