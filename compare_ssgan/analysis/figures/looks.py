"""How methods look in all figures: colours, line styles, markers, fonts."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.analysis.comparison.groups import FAMILIES, Group, Key
from compare_ssgan.analysis.records.run_records import Run

LINE_STYLES: dict[str, Any] = dict(
    zip(
        FAMILIES,
        ["-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))],
        strict=True,
    )
)
# Okabe and Ito's palette, distinguishable by colour-blind readers, without its
# yellow, which is too light for lines on white; then five more hues. From the eighth
# on it is the marker that tells methods apart for everybody.
COLORS = (
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
    "#8C564B",
    "#8A8A8A",
)
# The cross is that of what diverged.
MARKERS = ("o", "s", "^", "D", "v", "P", "<", "p", ">", "h", "d", "8")
TEXT = "#222222"
STYLE = {
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
WORDS_OF_FAMILY = {"": "family unknown"}
_PARAMETER = re.compile(r"[^ =]+(?= = )")
_MOST_SEEDS = 8


class Look(NamedTuple):
    """How a group is drawn.

    Attributes:
        color: Of its method, lighter for settings of it.
        marker: Of its method.
        line: Style of lines, of the family.
    """

    color: str
    marker: str
    line: Any

    @property
    def of_medians(self) -> dict[str, Any]:
        """How matplotlib draws the line of medians, but for the size of its marks."""
        edge = {"mec": "white", "mew": 0.5}
        return {
            "color": self.color,
            "ls": self.line,
            "lw": 2.0,
            "marker": self.marker,
        } | edge


def looks(
    members: Sequence[Group], main: Callable[[Group], Any] = lambda group: group.method
) -> dict[Key, Look]:
    """Returns how to draw each group by its key, the same in every panel.

    Args:
        members: All groups of a figure.
        main: What has a colour and a marker of its own; groups in which it is the
            same have shades of it.
    """
    from matplotlib import colors

    assigned = {}
    for index, value in enumerate(dict.fromkeys(main(group) for group in members)):
        own = [group for group in members if main(group) == value]
        for group in own:
            look = _look(index, group.family)
            base = np.array(colors.to_rgb(look.color))
            # Of one method: others have shades of their own.
            keys = [*dict.fromkeys(g.key for g in own if g.method == group.method)]
            white = 0.65 * keys.index(group.key) / len(keys)
            color = colors.to_hex(base * (1 - white) + white)
            assigned[group.key] = look._replace(color=color)
    return assigned


def of_labels(members: Sequence[Group]) -> dict[str, Look]:
    """Returns how to draw each label, where settings are not told apart."""
    families = {group.label: group.family for group in members}
    labels = enumerate(families.items())
    return {label: _look(index, family) for index, (label, family) in labels}


def _look(index: int, family: str) -> Look:
    # Beyond the last colour, colours come again with other markers.
    marker = MARKERS[(index + 5 * (index // len(COLORS))) % len(MARKERS)]
    color = COLORS[index % len(COLORS)]
    return Look(color, marker, LINE_STYLES.get(family, "-"))


def shortened(members: Sequence[Group]) -> list[Group]:
    """Returns groups with labels without parameters' modules, where that stays clear.

    Args:
        members: Groups of one dataset.
    """
    names = {_PARAMETER.match(s) for group in members for s in group.settings}
    full = {match[0] for match in names if match}
    last = [name.rpartition(".")[2] for name in full]
    short = {name: name.rpartition(".")[2] for name in full}
    clear = {name: to for name, to in short.items() if last.count(to) == 1}

    def shorten(label: str) -> str:
        for name, to in clear.items():
            label = label.replace(f"{name} = ", f"{to} = ")
        return label

    return [group._replace(label=shorten(group.label)) for group in members]


def families(members: Sequence[Group]) -> list[str]:
    """Returns the families that occur, in the order of the groups."""
    return list(dict.fromkeys(group.family for group in members))


def draw_legend(
    axis: Any, title: str, members: Sequence[Group], entries: Sequence[Any]
) -> None:
    """Lists methods below the names of their families, beside a panel.

    Args:
        axis: The panel.
        title: What the legend is about.
        members: The groups, in order.
        entries: A handle for each group, then those that explain symbols.
    """
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for family in families(members):
        name = WORDS_OF_FAMILY.get(family, family)
        handles.append(Line2D([], [], ls="none", label=name))
        pairs = zip(members, entries, strict=False)
        handles += [handle for group, handle in pairs if group.family == family]
    symbols = list(entries[len(members) :])
    if symbols:
        handles += [Line2D([], [], ls="none", label=""), *symbols]
    legend = axis.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        handlelength=2.8,
        borderaxespad=0.0,
        title=title,
        title_fontsize=9.5,
        alignment="left",
    )
    names = {WORDS_OF_FAMILY.get(f, f) for f in families(members)}
    for text in legend.get_texts():
        if text.get_text() in names:
            text.set_fontweight("bold")


def seeds(runs: Sequence[Run]) -> str:
    """Returns "training seeds 0, 1, 2" or "100 training seeds from 0 to 99"."""
    found = sorted({run.seed for run in runs})
    if len(found) <= _MOST_SEEDS:
        return f"training seed{'s' * (len(found) > 1)} {', '.join(map(str, found))}"
    return f"{len(found)} training seeds from {found[0]} to {found[-1]}"
