"""Robustness: every setting of a grid, from a method's best to its worst.

After Chen et al., Self-Supervised GANs via Auxiliary Rotation Loss, 2019
(https://arxiv.org/abs/1811.11212), who ask over how many settings a method works
rather than how well it can.
"""

import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.analysis.comparison import cells, groups
from compare_ssgan.analysis.comparison.cells import Rule
from compare_ssgan.analysis.comparison.comparing import rule_for
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.comparison.selection import Selection, parse_selection
from compare_ssgan.analysis.figures import bands, figure_files, looks
from compare_ssgan.analysis.figures.panels import save_panels
from compare_ssgan.analysis.records import protocols, run_records
from compare_ssgan.analysis.records.run_records import Directories, Run
from compare_ssgan.errors import InputError

_INCHES = 6.4
# Of a row of marks above the panel, for what has no value.
_ROW_INCHES = 0.17


class Setting(NamedTuple):
    """What is one place on the horizontal axis: a setting, or one run of it.

    Attributes:
        values: One a seed that has finished with a finite value.
        num_diverged: Seeds without, since they diverged.
        unfinished: Of each other seed, why it has no number, as in tables.
    """

    values: tuple[float, ...]
    num_diverged: int
    unfinished: tuple[str, ...]

    @property
    def median(self) -> float | None:
        """Over seeds, a diverged one being worse than any number.

        None if it is not finite: as many seeds have diverged as have not, or nothing
        has finished.
        """
        if self.num_diverged >= len(self.values):
            return None
        # The sign of what is worst does not matter here: it is beyond the middle.
        worse = sorted(self.values) + [np.inf] * self.num_diverged
        return float(np.median(worse))

    @property
    def has_failed(self) -> bool:
        """Whether there is no median because seeds diverged."""
        return self.num_diverged > 0 and self.num_diverged >= len(self.values)


class Ranking(NamedTuple):
    """The settings of a method in one dataset.

    Attributes:
        group: One of the method.
        settings: From best to worst; those without a median come last, the unfinished
            ones behind the failed ones.
        has_grid: Whether they are settings; without a grid they are runs.
    """

    group: Group
    settings: Sequence[Setting]
    has_grid: bool

    @property
    def measured(self) -> list[Setting]:
        """The settings with a median, which come first."""
        return [setting for setting in self.settings if setting.median is not None]

    @property
    def entry(self) -> str:
        """What the legend says: '  gan: 12 settings, 36 runs, 3 diverged'."""
        states = [state for setting in self.settings for state in setting.unfinished]
        counts = {"diverged": sum(setting.num_diverged for setting in self.settings)}
        counts |= {state: states.count(state) for state in dict.fromkeys(states)}
        number = sum(len(s.values) for s in self.settings) + sum(counts.values())
        said = [f"{len(self.settings)} settings"] * self.has_grid
        said.append(f"{number} run{'s' * (number != 1)}")
        said += [f"{count} {state}" for state, count in counts.items() if count]
        return f"  {self.group.method}: {', '.join(said)}"


def robustness(
    directories: Directories,
    metric: str,
    out: str | os.PathLike[str],
    *,
    select: str = "last",
) -> pathlib.Path:
    """Draws the settings of every method from the best to the worst.

    The line goes through the medians over seeds, a diverged seed being worse than any
    number; small points are seeds. Above the panel are the settings without a median:
    crosses where at least half of the seeds diverged, squares where nothing has
    finished. Without a grid, runs take the place of settings.

    Args:
        directories: One or several directories of runs or studies.
        metric: A kind such as "fid", or a full name.
        out: File to write, .png, .svg or .pdf.
        select: Rule that chooses a number from each run, as for tables.

    Raises:
        InputError: If there are no records, the metric was not measured, stands for
            several protocols or has no direction, the rule is unknown or does not
            fit, or the suffix is another.
    """
    path = figure_files.checked(out)
    selection = parse_selection(select)
    found = groups.resolve(groups.by_dataset(run_records.read(directories)), metric)
    members = [group for _, own in found.values() for group in own]
    panels = {
        dataset: (name, ranked(own, rule_for(dataset, name, own, selection)))
        for dataset, (name, own) in found.items()
    }
    seen = looks.of_methods(members)
    widest = max(len(each.entry) for _, own in panels.values() for each in own)
    return save_panels(
        path,
        lambda subplots: _draw_all(subplots, panels, seen),
        width=_INCHES + 0.9 + 0.078 * widest,
        heights=[
            max(4.8, 1.6 + 0.21 * (2 * len(own) + 6)) for _, own in panels.values()
        ],
        caption=_caption(panels, members, selection),
    )


def ranked(members: Sequence[Group], rule: Rule) -> list[Ranking]:
    """Returns the settings of each method in order.

    Args:
        members: Groups of one dataset.
        rule: Chooses a number from each run.

    Raises:
        InputError: If neither low nor high values of the metric are better.
    """
    lower = protocols.lower_is_better(rule.metric)
    if lower is None:
        raise InputError(
            f"Settings cannot be sorted by {rule.metric}: neither low nor high values "
            "are better. Choose another --metric."
        )

    def order(setting: Setting) -> tuple[int, float]:
        median = setting.median
        if median is None:
            return (1 if setting.has_failed else 2, 0.0)
        return (0, median if lower else -median)

    by_method: dict[str, list[Group]] = {}
    for group in members:
        by_method.setdefault(group.method, []).append(group)
    has_grid = len(by_method) < len(members)
    rankings = []
    for own in by_method.values():
        runs = [run for group in own for run in group.runs]
        parts = [group.runs for group in own] if has_grid else [[run] for run in runs]
        settings = [_setting(part, rule) for part in parts]
        rankings.append(Ranking(own[0], sorted(settings, key=order), has_grid))
    return rankings


def _setting(runs: Sequence[Run], rule: Rule) -> Setting:
    values, num_diverged, unfinished = [], 0, []
    for found in (cells.cell(run, rule) for run in runs):
        if not found.problem:
            values.append(found.value)
        elif found.status == "diverged":
            num_diverged += 1
        else:
            unfinished.append(found.word)
    return Setting(tuple(values), num_diverged, tuple(unfinished))


def _draw_all(
    subplots: Iterable[Any],
    panels: Mapping[str, tuple[str, Sequence[Ranking]]],
    seen: Mapping[str, looks.Look],
) -> None:
    for subplot, (dataset, shown) in zip(subplots, panels.items(), strict=True):
        name, rankings = shown
        _draw(subplot, name, rankings, seen)
        rows = sum(len(each.measured) < len(each.settings) for each in rankings)
        pad = 8 + 72 * _ROW_INCHES * rows
        subplot.set_title(f"{dataset}: {name}", loc="left", pad=pad)
        _draw_legend(subplot, rankings, seen)


def _draw(
    panel: Any,
    metric: str,
    rankings: Sequence[Ranking],
    seen: Mapping[str, looks.Look],
) -> None:
    from matplotlib import ticker

    row = 0
    for index, ranking in enumerate(rankings):
        look = seen[ranking.group.method]
        good = ranking.measured
        panel.plot(
            np.arange(1, len(good) + 1),
            [setting.median for setting in good],
            **look.of_medians,
            ms=6,
            zorder=3,
            gid=f"medians of {ranking.group.method}",
        )
        if ranking.has_grid:
            # Methods beside each other, so that no seed hides another.
            aside = 0.5 * (index + 1) / (len(rankings) + 1) - 0.25
            points = [(at, v) for at, s in enumerate(good, 1) for v in s.values]
            panel.plot(
                [at + aside for at, _ in points],
                [value for _, value in points],
                ".",
                color=look.color,
                ms=5,
                alpha=0.7,
                mew=0,
            )
        if len(good) < len(ranking.settings):
            row += 1
            _draw_row(panel, ranking.settings[len(good) :], len(good), look, row)
    most = max(len(ranking.settings) for ranking in rankings)
    panel.set_xlim(0.4, most + 0.6)
    every = [v for ranking in rankings for s in ranking.settings for v in s.values]
    kind = "settings" if rankings[0].has_grid else "runs"
    label = f"{kind} of a method, from best to worst"
    bands.finish(panel, metric, np.array(every), label)
    panel.xaxis.set_major_locator(ticker.MaxNLocator(12, integer=True, min_n_ticks=1))


def _draw_row(
    panel: Any, settings: Sequence[Setting], before: int, look: looks.Look, row: int
) -> None:
    """Marks settings without a median in a row of their method above the panel."""
    from matplotlib import transforms

    up = transforms.ScaledTranslation(
        0, _ROW_INCHES * (row - 0.4), panel.figure.dpi_scale_trans
    )
    transform = panel.get_xaxis_transform() + up
    places = before + 1 + np.arange(len(settings))
    panel.plot(
        [places[0] - 0.35, places[-1] + 0.35],
        [1.0, 1.0],
        color=look.color,
        ls=look.line,
        lw=1.0,
        transform=transform,
        clip_on=False,
    )
    for at, setting in zip(places, settings, strict=True):
        failed = setting.has_failed
        panel.plot(
            at,
            1.0,
            "X" if failed else "s",
            color=look.color if failed else "white",
            ms=8 if failed else 6,
            mec="black" if failed else look.color,
            mew=0.7 if failed else 1.4,
            transform=transform,
            clip_on=False,
            gid="failed" if failed else "unfinished",
            zorder=5,
        )


def _draw_legend(
    panel: Any, rankings: Sequence[Ranking], seen: Mapping[str, looks.Look]
) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for ranking in rankings:
        color, marker, line = seen[ranking.group.method]
        style = {"color": color, "marker": marker, "ls": line, "lw": 2.0}
        handles.append(
            Line2D([], [], mec="white", mew=0.5, label=ranking.entry, **style)
        )
    every = [setting for ranking in rankings for setting in ranking.settings]
    symbols: dict[str, Any] = {"ls": "none", "ms": 7}
    if any(setting.has_failed for setting in every):
        half = " (half of the seeds or more)" * rankings[0].has_grid
        symbols |= {"color": "#555555", "mec": "black", "label": f"diverged{half}"}
        handles.append(Line2D([], [], marker="X", **symbols))
    if any(s.median is None and not s.has_failed for s in every):
        symbols |= {"color": "white", "mec": "#555555", "label": "no number yet"}
        handles.append(Line2D([], [], marker="s", **symbols))
    members = [ranking.group for ranking in rankings]
    looks.draw_legend(panel, "from best to worst", members, handles)


def _caption(
    panels: Mapping[str, tuple[str, Sequence[Ranking]]],
    members: Iterable[Group],
    selection: Selection,
) -> list[str]:
    runs = [run for group in members for run in group.runs]
    metrics = dict.fromkeys(metric for metric, _ in panels.values())
    said = [f"{protocols.describe(metric)}." for metric in metrics]
    said.append(f"Selection '{selection.name}': {selection.title}.")
    if any(ranking.has_grid for _, own in panels.values() for ranking in own):
        said.append(
            f"Lines: medians over {looks.seeds(runs)}, a diverged seed "
            "being worse than any number; small points: seeds. Above the panel: "
            "settings without a median."
        )
    else:
        said.append(
            f"There is no grid: each point is a run, of "
            f"{looks.seeds(runs)}. Above the panel: runs without a value."
        )
    return said
