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
        lost: Of each seed that came to none (`cells.Cell.is_lost`), why, as in tables.
        unfinished: Of each other seed, why it has no number, as in tables.
        lower_is_better: Of the metric.
    """

    values: tuple[float, ...]
    lost: tuple[str, ...]
    unfinished: tuple[str, ...]
    lower_is_better: bool

    @property
    def median(self) -> float | None:
        """Over seeds, a lost one being worse than any number.

        None if it is not finite: as many seeds are lost as are not, or nothing has
        finished.
        """
        if len(self.lost) >= len(self.values):
            return None
        worst = np.inf if self.lower_is_better else -np.inf
        return float(np.median([*self.values, *[worst] * len(self.lost)]))

    @property
    def has_failed(self) -> bool:
        """Whether there is no median because seeds are lost."""
        return bool(self.lost) and len(self.lost) >= len(self.values)


class Ranking(NamedTuple):
    """The settings of a method in one dataset, with one budget.

    Attributes:
        group: One of them, labelled with the method, and with the budget where the
            dataset has several.
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
        words = [word for setting in self.settings for word in setting.lost]
        words += [word for setting in self.settings for word in setting.unfinished]
        number = sum(len(s.values) for s in self.settings) + len(words)
        settings = len(self.settings)
        said = [f"{settings} setting{'s' * (settings != 1)}"] * self.has_grid
        said.append(f"{number} run{'s' * (number != 1)}")
        said += [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
        return f"  {self.group.label}: {', '.join(said)}"


def robustness(
    directories: Directories,
    metric: str,
    out: str | os.PathLike[str],
    *,
    select: str = "last",
) -> pathlib.Path:
    """Draws the settings of every method from the best to the worst.

    The line goes through the medians over seeds, one that diverged or whose number is
    not finite being worse than any number; small points are seeds. Above the panel are
    the settings without a median: crosses where that is so of at least half of the
    seeds, squares where no seed has a number. Without a grid, runs take the place of
    settings. A method with several budgets has a line for each.

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
    seen = looks.of_labels([each.group for _, own in panels.values() for each in own])
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
    """Returns the settings of each method and budget in order.

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

    # What was trained longer is no other setting.
    by_budget: dict[tuple[str, str], list[Group]] = {}
    for group in members:
        by_budget.setdefault((group.method, group.budget), []).append(group)
    has_grid = len(by_budget) < len(members)
    has_budgets = groups.shared(members).budget is None
    rankings = []
    for (method, budget), own in by_budget.items():
        label = f"{method} (budget {budget})" if has_budgets and budget else method
        runs = [run for group in own for run in group.runs]
        parts = [group.runs for group in own] if has_grid else [[run] for run in runs]
        settings = sorted((_setting(part, rule, lower) for part in parts), key=order)
        rankings.append(Ranking(own[0]._replace(label=label), settings, has_grid))
    return rankings


def _setting(runs: Sequence[Run], rule: Rule, lower_is_better: bool) -> Setting:
    found = [cells.cell(run, rule) for run in runs]
    return Setting(
        tuple(cell.value for cell in found if not cell.problem),
        tuple(cell.word for cell in found if cell.is_lost),
        tuple(cell.word for cell in found if cell.problem and not cell.is_lost),
        lower_is_better,
    )


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
        look = seen[ranking.group.label]
        good = ranking.measured
        panel.plot(
            np.arange(1, len(good) + 1),
            [setting.median for setting in good],
            **look.of_medians,
            ms=6,
            zorder=3,
            gid=f"medians of {ranking.group.label}",
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
        color, marker, line = seen[ranking.group.label]
        style = {"color": color, "marker": marker, "ls": line, "lw": 2.0}
        handles.append(
            Line2D([], [], mec="white", mew=0.5, label=ranking.entry, **style)
        )
    every = [setting for ranking in rankings for setting in ranking.settings]
    symbols: dict[str, Any] = {"ls": "none", "ms": 7}
    lost = dict.fromkeys(w for s in every if s.has_failed for w in s.lost)
    if lost:
        half = " (half of the seeds or more)" * rankings[0].has_grid
        label = f"{' or '.join(lost)}{half}"
        symbols |= {"color": "#555555", "mec": "black", "label": label}
        handles.append(Line2D([], [], marker="X", **symbols))
    without = [s for s in every if s.median is None and not s.has_failed]
    if without:
        words = dict.fromkeys(word for each in without for word in each.unfinished)
        label = f"without a number: {', '.join(words)}"
        symbols |= {"color": "white", "mec": "#555555", "label": label}
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
            f"Lines: medians over {looks.seeds(runs)}, a seed that diverged or whose "
            "number is not finite being worse than any number; small points: seeds. "
            "Above the panel: settings without a median."
        )
    else:
        said.append(
            f"There is no grid: each point is a run, of "
            f"{looks.seeds(runs)}. Above the panel: runs without a value."
        )
    return said
