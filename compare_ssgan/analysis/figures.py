"""Draws metrics over generator steps, from run records.

Figures are drawn without pyplot: no display is needed and no global state changed.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis import figure_files, groups, protocols, records
from compare_ssgan.analysis.groups import FAMILIES, Group
from compare_ssgan.analysis.records import Directories, Run
from compare_ssgan.errors import InputError

_LINE_STYLES: dict[str, Any] = dict(
    zip(
        FAMILIES,
        ["-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))],
        strict=True,
    )
)
# Okabe and Ito's palette, distinguishable by colour-blind readers, without its
# yellow, which is too light for lines on white; then three more dark hues.
_COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#333333",
    "#882255",
    "#7A6A00",
    "#5E4FA2",
)
_WORDS_OF_FAMILY = {"": "family unknown"}
# Between last points of neighbouring methods.
_POINTS = 6.5
_AXIS_INCHES = 5.8
# Curves that fall by more than this are drawn on a logarithmic axis.
_LOG_RANGE = 10.0
_STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "legend.fontsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "svg.fonttype": "none",
    # Equal records give equal files.
    "svg.hashsalt": "compare_ssgan",
}


class Band(NamedTuple):
    """Curves of several seeds at the steps where any was measured.

    Attributes:
        steps: [points] generator steps, ascending.
        median: [points] over the seeds with a finite value.
        low: [points] smallest.
        high: [points] largest.
    """

    steps: npt.NDArray[np.int64]
    median: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def curves(
    directories: Directories, metric: str, out: str | os.PathLike[str]
) -> pathlib.Path:
    """Draws a metric over generator steps for every method, and returns the file.

    A colour is a method, a line style a family; the line is the median over seeds,
    the band their range, each dot the last measurement of a seed, each cross the
    step at which a run diverged. Datasets have panels of their own.

    Args:
        directories: One or several directories of runs or studies.
        metric: A kind such as "fid", or a full name.
        out: File to write, .png, .svg or .pdf.

    Raises:
        InputError: If there are no records, the metric was not measured or stands
            for several protocols, or the suffix is another.
    """
    path = figure_files.checked(out)
    datasets = groups.by_dataset(records.read(directories))
    panels = groups.resolve(datasets, metric)
    import matplotlib
    from matplotlib.figure import Figure

    colors = _colors([group for _, members in panels.values() for group in members])
    with matplotlib.rc_context(_STYLE):
        heights = [_height(members) for _, members in panels.values()]
        width = (
            _AXIS_INCHES + 0.6 + max(_legend_width(*panel) for panel in panels.values())
        )
        figure = Figure(figsize=(width, sum(heights)), layout="constrained")
        axes = figure.subplots(
            len(panels), squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
        for axis, (dataset, (name, members)) in zip(axes, panels.items(), strict=True):
            _draw_panel(axis, name, members, colors)
            axis.set_title(f"{dataset}: {name}", loc="left")
        return figure_files.save(figure, path)


def run_curve(
    run_dir: str | os.PathLike[str], metric: str, out: str | os.PathLike[str]
) -> pathlib.Path:
    """Draws a metric of a single run over generator steps, and returns the file.

    Args:
        run_dir: Directory with run.json and metrics.jsonl.
        metric: A kind such as "fid", or a full name.
        out: File to write, .png, .svg or .pdf.

    Raises:
        InputError: As for `curves`.
    """
    path = figure_files.checked(out)
    (run, *others) = records.read(run_dir)
    if others:
        raise InputError(f"{run_dir} is not the directory of a run, it has several.")
    name = protocols.resolve(metric, run.metrics, f"the run {run.run_id}")
    if name is None:
        raise InputError(
            f"The run {run.run_id} has no measurement of '{metric}'. Measured: "
            f"{', '.join(run.metrics) or 'nothing yet'}."
        )
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axis = figure.subplots()
        curve = run.curve(name)
        axis.plot(curve.steps, curve.values, "o-", color=_COLORS[0], ms=4.5, lw=1.8)
        _draw_divergence(axis, run, name, _COLORS[0])
        finite = curve.values[np.isfinite(curve.values)]
        if len(finite):
            step = curve.steps[np.isfinite(curve.values)][-1]
            axis.annotate(
                f"{finite[-1]:.4g}",
                (step, finite[-1]),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontweight="bold",
            )
        axis.set_title(
            f"{run.method}, seed {run.seed}\n{run.dataset}: {name}", loc="left"
        )
        _finish(axis, name, finite)
        return figure_files.save(figure, path)


def band(runs: Sequence[Run], metric: str) -> Band:
    """Returns median and range of a metric over runs, at each step measured.

    Values that are not finite have no part in them.
    """
    by_step: dict[int, list[float]] = {}
    for run in runs:
        curve = run.curve(metric)
        for step, value in zip(curve.steps, curve.values, strict=True):
            if np.isfinite(value):
                by_step.setdefault(int(step), []).append(float(value))
    steps = sorted(by_step)
    return Band(
        np.array(steps, np.int64),
        np.array([np.median(by_step[step]) for step in steps]),
        np.array([min(by_step[step]) for step in steps]),
        np.array([max(by_step[step]) for step in steps]),
    )


def _draw_panel(
    axis: Any, metric: str, members: Sequence[Group], colors: Mapping[str, str]
) -> None:
    bands = [band(group.runs, metric) for group in members]
    diverged = [run.diverged_step or 0 for group in members for run in group.runs]
    end = max([*diverged, *(int(b.steps[-1]) for b in bands if len(b.steps))])
    for index, (group, shown) in enumerate(zip(members, bands, strict=True)):
        color = colors[group.label]
        style = _LINE_STYLES.get(group.family, "-")
        axis.fill_between(
            shown.steps, shown.low, shown.high, color=color, alpha=0.15, lw=0
        )
        axis.plot(shown.steps, shown.median, color=color, ls=style, lw=2.0)
        for run in group.runs:
            _draw_last_point(axis, run, metric, color, end, index)
            _draw_divergence(axis, run, metric, color)
    if end:
        # A strip for the last points, side by side behind the end of the lines.
        share = _POINTS * (len(members) + 1) / (72 * _AXIS_INCHES)
        right = end / (1 - share)
        axis.set_xlim(-0.02 * end, right)
        axis.axvspan(end, right, color="#F4F4F4", lw=0, zorder=0)
    _finish(axis, metric, np.concatenate([x for b in bands for x in (b.low, b.high)]))
    axis.set_xticks([tick for tick in axis.get_xticks() if 0 <= tick <= end])
    _draw_legend(axis, metric, members, colors)


def _draw_last_point(
    axis: Any, run: Run, metric: str, color: str, end: int, index: int
) -> None:
    """Draws the last measurement; those at the end side by side, none hidden."""
    from matplotlib import transforms

    curve = run.curve(metric)
    finite = np.isfinite(curve.values)
    if run.status == "diverged" or not finite.any():
        return
    step, value = curve.steps[finite][-1], curve.values[finite][-1]
    right = _POINTS * (index + 1) / 72 if step == end else 0.0
    aside = transforms.ScaledTranslation(right, 0, axis.figure.dpi_scale_trans)
    axis.plot(
        step,
        value,
        "o",
        color=color,
        ms=5,
        mec="white",
        mew=0.6,
        zorder=4,
        transform=axis.transData + aside,
    )


def _draw_divergence(axis: Any, run: Run, metric: str, color: str) -> None:
    """Marks the step of divergence, at the height of the last finite value."""
    if run.status != "diverged":
        return
    curve = run.curve(metric)
    finite = np.isfinite(curve.values)
    step = run.diverged_step
    if step is None:
        step = int(curve.steps[-1]) if len(curve.steps) else 0
    if finite.any():
        before, height = curve.steps[finite][-1], curve.values[finite][-1]
        axis.plot([before, step], [height] * 2, color=color, lw=1.0, ls=":", zorder=3)
        transform = axis.transData
    else:
        # Nothing was measured before: at the upper edge.
        height, transform = 0.97, axis.get_xaxis_transform()
    axis.plot(
        step,
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


def _finish(axis: Any, metric: str, values: npt.NDArray[np.float64]) -> None:
    """Labels the axes and chooses the scale of the vertical one."""
    from matplotlib import ticker

    finite = values[np.isfinite(values)]
    positive = len(finite) > 0 and finite.min() > 0
    if positive and finite.max() > _LOG_RANGE * finite.min():
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
        axis.yaxis.set_minor_formatter(ticker.NullFormatter())
    axis.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axis.xaxis.set_major_locator(ticker.MaxNLocator(8, integer=True))
    axis.set_xlabel("generator steps")
    axis.set_ylabel(protocols.label(metric))
    axis.grid(True, which="major", color="#DDDDDD", lw=0.7)


def _draw_legend(
    axis: Any, metric: str, members: Sequence[Group], colors: Mapping[str, str]
) -> None:
    """Lists methods below the names of their families, beside the panel."""
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for family in _families(members):
        title = _WORDS_OF_FAMILY.get(family, family)
        handles.append(Line2D([], [], ls="none", label=title))
        handles += [
            Line2D(
                [],
                [],
                color=colors[group.label],
                lw=2.0,
                ls=_LINE_STYLES.get(family, "-"),
                label=_entry(group, metric),
            )
            for group in members
            if group.family == family
        ]
    black: dict[str, Any] = {"ls": "none", "color": "#555555"}
    handles.append(Line2D([], [], ls="none", label=""))
    handles.append(Line2D([], [], marker="o", ms=5, **black, label="last of a seed"))
    if any(run.status == "diverged" for group in members for run in group.runs):
        handles.append(Line2D([], [], marker="X", ms=8, **black, label="diverged"))
    legend = axis.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        handlelength=2.8,
        borderaxespad=0.0,
        title="median and range over seeds",
        title_fontsize=9.5,
        alignment="left",
    )
    families = {_WORDS_OF_FAMILY.get(f, f) for f in _families(members)}
    for text in legend.get_texts():
        if text.get_text() in families:
            text.set_fontweight("bold")


def _entry(group: Group, metric: str) -> str:
    """Returns '  gan (2/3, 1 diverged)': seeds with a whole curve, and why not all."""
    states = [
        "unmeasured"
        if run.status == "complete" and metric not in run.metrics
        else run.status
        for run in group.runs
    ]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    whole = counts.pop("complete", 0)
    number = f"{whole}/{len(states)}" if counts else f"{whole}"
    others = [f"{count} {state}" for state, count in counts.items()]
    return f"  {group.label} ({', '.join([number, *others])})"


def _height(members: Sequence[Group]) -> float:
    """Returns inches for a panel and the lines of its legend."""
    return max(4.4, 1.3 + 0.21 * (len(members) + len(_families(members)) + 3))


def _legend_width(metric: str, members: Sequence[Group]) -> float:
    return 0.7 + 0.075 * max(len(_entry(group, metric)) for group in members)


def _families(members: Sequence[Group]) -> list[str]:
    """Returns the families that occur, in the order of the groups."""
    return list(dict.fromkeys(group.family for group in members))


def _colors(members: Sequence[Group]) -> dict[str, str]:
    """Returns a colour by label: one a method, in lighter shades for its settings."""
    from matplotlib import colors

    assigned = {}
    for index, method in enumerate(dict.fromkeys(group.method for group in members)):
        base = np.array(colors.to_rgb(_COLORS[index % len(_COLORS)]))
        labels = dict.fromkeys(g.label for g in members if g.method == method)
        for number, label in enumerate(labels):
            white = 0.65 * number / len(labels)
            assigned[label] = colors.to_hex(base * (1 - white) + white)
    return assigned
