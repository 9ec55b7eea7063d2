"""Figures of curves: of a metric, over what training had cost."""

import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.figures import axes, bands, figure_files, looks
from compare_ssgan.analysis.figures.panels import save_panels
from compare_ssgan.analysis.records import protocols, run_records
from compare_ssgan.analysis.records.run_records import Directories, Run
from compare_ssgan.errors import InputError

# More lines than this cannot be told apart: each method has a panel then.
_MOST_LINES = 14


class _Panel(NamedTuple):
    dataset: str
    metric: str
    title: str
    members: Sequence[Group]


def curves(
    directories: Directories,
    metric: str,
    out: str | os.PathLike[str],
    *,
    over: str = "steps",
) -> pathlib.Path:
    """Draws the curves of a metric for every method, and returns the file.

    A colour and a marker are a method, a line style is a family; the line is the
    median over seeds, the band their range, each point at the end the last measurement
    of a seed, each cross where a run diverged. Datasets have panels of their own; so do
    the methods of a dataset with many settings, whose colours are settings then.

    Args:
        directories: One or several directories of runs or studies.
        metric: A kind such as "fid", or a full name.
        out: File to write, .png, .svg or .pdf.
        over: One of `axes.AXES`. Where seeds are at different places after equal
            steps, the median and the range of these steps are at the median place.

    Raises:
        InputError: If there are no records, the metric was not measured or stands
            for several protocols, the suffix is another, or the records do not say
            where runs are on that axis.
    """
    path = figure_files.checked(out)
    found = groups.resolve(groups.by_dataset(run_records.read(directories)), metric)
    found = {name: (own[0], looks.shortened(own[1])) for name, own in found.items()}
    members = [group for _, own in found.values() for group in own]
    axis = axes.choose(over, members)
    split = max(len(own) for _, own in found.values()) > _MOST_LINES
    panels = _panels(found, split)
    seen = looks.looks(members, _settings) if split else looks.looks(members)
    labels = [bands.entry(g, panel.metric) for panel in panels for g in panel.members]
    width = bands.AXIS_INCHES + 1.3 + 0.075 * max(map(len, labels))
    return save_panels(
        path,
        lambda subplots: _draw(subplots, panels, seen, axis),
        width=width,
        heights=[_height(panel.members) for panel in panels],
        caption=_caption(panels, axis),
    )


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
    (run, *others) = run_records.read(run_dir)
    if others:
        raise InputError(f"{run_dir} is not the directory of a run, it has several.")
    name = protocols.resolve(metric, run.metrics, f"the run {run.run_id}")
    if name is None:
        raise InputError(
            f"The run {run.run_id} has no measurement of '{metric}'. Measured: "
            f"{', '.join(run.metrics) or 'nothing yet'}."
        )
    return save_panels(
        path,
        lambda subplots: _draw_run(subplots[0], run, name),
        width=7.0,
        heights=[4.2],
    )


def _draw_run(panel: Any, run: Run, metric: str) -> None:
    """Draws the curve of one run, and its last value as a number."""
    curve, color = run.curve(metric), looks.COLORS[0]
    axis = axes.choose("steps", ())
    panel.plot(curve.steps, curve.values, "o-", color=color, ms=4.5, lw=1.8)
    bands.draw_divergence(panel, run, metric, color, axis)
    finite = curve.values[np.isfinite(curve.values)]
    if len(finite):
        step = curve.steps[np.isfinite(curve.values)][-1]
        panel.annotate(
            f"{finite[-1]:.4g}",
            (step, finite[-1]),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            fontweight="bold",
        )
    panel.set_title(
        f"{run.method}, seed {run.seed}\n{run.dataset}: {metric}", loc="left"
    )
    bands.finish(panel, metric, finite, axis.label)


def _panels(found: dict[str, tuple[str, list[Group]]], split: bool) -> list[_Panel]:
    """Returns a panel a dataset, or one a method of a dataset."""
    panels = []
    for dataset, (metric, members) in found.items():
        title = f"{dataset}: {metric}"
        if not split:
            panels.append(_Panel(dataset, metric, title, members))
            continue
        for method in dict.fromkeys(group.method for group in members):
            own = [
                group._replace(label=_without(method, group.label))
                for group in members
                if group.method == method
            ]
            panels.append(_Panel(dataset, metric, f"{title}: {method}", own))
    return panels


def _draw(
    subplots: Iterable[Any],
    panels: Sequence[_Panel],
    seen: dict[groups.Key, looks.Look],
    axis: axes.Axis,
) -> None:
    """Draws all panels, those of one dataset on equal scales."""
    drawn: dict[str, list[tuple[Any, _Panel]]] = {}
    values: dict[str, list[Any]] = {}
    for subplot, panel in zip(subplots, panels, strict=True):
        shown = bands.draw(subplot, panel.metric, panel.members, seen, axis)
        drawn.setdefault(panel.dataset, []).append((subplot, panel))
        values.setdefault(panel.dataset, []).extend(
            side for band in shown for side in (band.low, band.high)
        )
    for dataset, pairs in drawn.items():
        every = np.concatenate(values[dataset])
        for subplot, panel in pairs:
            bands.finish(subplot, panel.metric, every, axis.label)
        limits = [limit for subplot, _ in pairs for limit in subplot.get_ylim()]
        right = max(subplot.get_xlim()[1] for subplot, _ in pairs)
        for subplot, panel in pairs:
            subplot.set_ylim(min(limits), max(limits))
            subplot.set_xlim(right=right)
            subplot.set_title(panel.title, loc="left")
            looks.draw_legend(
                subplot,
                "median and range over seeds",
                panel.members,
                bands.entries(panel.metric, panel.members, seen),
            )


def _caption(panels: Sequence[_Panel], axis: axes.Axis) -> list[str]:
    """Returns what has to be known to read the figure."""
    runs = [run for panel in panels for group in panel.members for run in group.runs]
    metrics = dict.fromkeys(panel.metric for panel in panels)
    sentences = [f"{protocols.describe(metric)}." for metric in metrics]
    seeds = looks.seeds(runs)
    sentences.append(
        f"Lines: median over {seeds}, bands: their range; values "
        "that are not finite have no part in them."
    )
    return sentences + [axis.note] * bool(axis.note)


def _without(method: str, label: str) -> str:
    """Returns the settings of a label, which the title leaves to say."""
    return label.removeprefix(f"{method} (").removesuffix(")")


def _settings(group: Group) -> tuple[str, tuple[str, ...]]:
    return group.budget, group.settings


def _height(members: Sequence[Group]) -> float:
    """Returns inches for a panel and the lines of its legend."""
    return max(4.4, 1.3 + 0.21 * (len(members) + len(looks.families(members)) + 3))
