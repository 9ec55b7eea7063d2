"""What stands where in a table, whatever it is written as."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis.comparison import ranking
from compare_ssgan.analysis.comparison.across import Across
from compare_ssgan.analysis.comparison.cells import Cell
from compare_ssgan.analysis.comparison.comparing import Comparison
from compare_ssgan.analysis.comparison.rows import BASELINE, Row, Table
from compare_ssgan.analysis.tables import captions
from compare_ssgan.protocols import KINDS


class Style(NamedTuple):
    """How to write tables.

    Attributes:
        runs: Whether to show the number of every run.
        width: Columns of the terminal.
        color: Whether the terminal shows colours.
    """

    runs: bool = False
    width: int = 80
    color: bool = False


class Entry(NamedTuple):
    """A cell of a grid.

    Attributes:
        text: What it shows.
        marked: Whether it is that of a best method.
    """

    text: str
    marked: bool = False


class Grid(NamedTuple):
    """Rows and columns of text.

    Attributes:
        header: Names of the columns.
        left: Which of them are text, the others being numbers.
        blocks: Name of each block, "" for none, and its rows.
        title: Sentence above it; may be empty.
        prose: Whether its texts are long and need to wrap.
    """

    header: Sequence[str]
    left: Sequence[bool]
    blocks: Sequence[tuple[str, Sequence[Sequence[Entry]]]]
    title: str = ""
    prose: bool = False


class Section(NamedTuple):
    """What is shown of one dataset.

    Attributes:
        title: Its heading.
        sentences: What is said above.
        grids: The table, then what belongs to it.
        notes: What is said below the table.
    """

    title: str
    sentences: Sequence[str]
    grids: Sequence[Grid]
    notes: Sequence[str]


def sections(comparison: Comparison, style: Style, mark: str = "Bold") -> list[Section]:
    """Returns all that is to be written, in order.

    Args:
        comparison: The tables.
        style: How to write them.
        mark: How the best methods are marked, in words.
    """
    found = []
    by_dataset = itertools.groupby(comparison.tables, lambda table: table.dataset)
    for dataset, group in by_dataset:
        tables = list(group)
        grids = [_grid(tables[0])] if len(tables) == 1 else [_joint(tables)]
        said_below = captions.notes if len(tables) == 1 else captions.joint_notes
        said = (
            captions.sentences(tables[0], mark)
            if len(tables) == 1
            else captions.joint_sentences(tables, mark)
        )
        if style.runs:
            grids += [_runs(table, len(tables) > 1) for table in tables]
        grids += _published(tables)
        metrics = ", ".join(table.metric for table in tables)
        notes = dict.fromkeys(
            note if len(tables) == 1 else f"{table.metric}: {note}"
            for table in tables
            for note in said_below(table)
        )
        found.append(Section(f"{dataset}: {metrics}", said, grids, list(notes)))
    return found + [_across(across) for across in comparison.across if across.rows]


def printable(text: str) -> str:
    """Returns text in which no record can steer a terminal, or begin a line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def remarks(comparison: Comparison) -> list[str]:
    """Returns a sentence for each dataset without a metric, and on what is not there.

    That is a comparison over datasets that have no method in common.
    """
    return [
        f"{dataset}: none of {count} runs has been measured by this metric."
        for dataset, count in comparison.unmeasured.items()
    ] + [
        f"Across datasets: {found.metric}: no method is compared with {found.against} "
        f"on more than one of {', '.join(found.datasets)}."
        for found in comparison.across
        if not found.rows
    ]


def verdict(row: Row, table: Table) -> str:
    """Returns "tied", "better", "worse" or, without a direction, "differs"."""
    assert row.difference is not None
    if row.difference.tied:
        return "tied"
    if table.lower_is_better is None:
        return "differs"
    lower = row.difference.difference < 0
    return "better" if lower == table.lower_is_better else "worse"


def _grid(table: Table) -> Grid:
    header = ["method", "n", "median", "mean", "min to max", "std"]
    if table.has_estimate:
        header += ["95 % interval"] if table.statistic == "mean" else ["IQM [95 %]"]
    if table.has_eval_deviation:
        header.append("eval std")
    header.append("diverged")
    if table.has_steps:
        header.append("at step")
    if table.has_baseline:
        difference = f"difference to {table.against}"
        header += [difference, "p (smallest)", "Holm p (smallest)"]
    if table.has_gap:
        header.append("gap closed")
    left = [name == "method" or name.startswith("diff") for name in header]
    return Grid(
        header, left, _families(table.rows, [_line(r, table) for r in table.rows])
    )


def _line(row: Row, table: Table) -> list[Entry]:
    digits = _digits(table)
    summary = row.summary
    count, num_runs = summary.num_values, summary.num_runs
    spread = _range(summary.minimum, summary.maximum, digits, " to ")
    cells = [
        Entry(row.group.label),
        Entry(str(count) if count == num_runs else f"{count}/{num_runs}"),
        Entry(_fixed(summary.median, digits)),
        Entry(_fixed(summary.mean, digits), bool(row.rank)),
        Entry(spread if count else "-"),
        Entry(_fixed(summary.standard_deviation, digits)),
    ]
    if table.has_estimate:
        cells.append(Entry(_estimate(row, table, digits)))
    if table.has_eval_deviation:
        cells.append(Entry(_fixed(row.eval_deviation, digits)))
    cells.append(Entry(_diverged(row)))
    if table.has_steps:
        cells.append(Entry(captions.span(row.steps)))
    if table.has_baseline:
        cells += map(Entry, _difference(row, table, digits))
    if table.has_gap:
        cells.append(Entry(_gap(row) if row.gap_applies else ""))
    return cells


def _estimate(row: Row, table: Table, digits: int) -> str:
    summary = row.summary
    if not math.isfinite(summary.estimate):
        return "-"
    interval = f"[{_range(summary.low, summary.high, digits, ', ')}]"
    if table.statistic == "mean":
        return interval
    return f"{_fixed(summary.estimate, digits)} {interval}"


def _difference(row: Row, table: Table, digits: int) -> list[str]:
    found = row.difference
    if found is None:
        default = "(baseline)" if table.against == BASELINE else "(reference)"
        return [
            default if ranking.is_reference(row.group, table.against) else "-",
            "",
            "",
        ]
    if found.num_pairs == 0:
        return ["no pairs", "", ""]
    text = f"{verdict(row, table)} {found.difference:+.{digits}f}"
    if found.num_pairs == 1:
        text += " (1 pair, no interval)"
    else:
        text += f" [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
        if found.num_pairs < row.summary.num_runs:
            text += f" ({found.num_pairs} pairs)"
    p_values = (found.p_value, found.smallest_p_value)
    corrected = (row.corrected_p, row.smallest_corrected_p)
    return [text, *(_p(value, smallest) for value, smallest in (p_values, corrected))]


def _p(value: float, smallest: float) -> str:
    # Tests of more than 40 pairs are not enumerated.
    return f"{value:.3g} ({smallest:.3g})" if math.isfinite(value) else "-"


def _gap(row: Row) -> str:
    if not row.summary.num_values:
        return "-"
    if row.gap_closed is None or row.gap_interval is None:
        return "undefined"
    if math.isnan(row.gap_closed):
        return "no common seeds"
    text = f"{100 * row.gap_closed:.0f} %"
    if not all(map(math.isfinite, row.gap_interval)):
        return f"{text} (no interval)"
    low, high = (f"{100 * end:.0f}" for end in row.gap_interval)
    return f"{text} [{low}, {high}]"


def _joint(tables: Sequence[Table]) -> Grid:
    header = ["method", "seeds", "diverged", *(table.metric for table in tables)]
    lines = []
    for rows in zip(*(table.rows for table in tables), strict=True):
        line = [
            Entry(rows[0].group.label),
            Entry(str(rows[0].summary.num_runs)),
            Entry(_diverged(rows[0])),
        ]
        for row, table in zip(rows, tables, strict=True):
            line.append(Entry(_mean_and_range(row, table), bool(row.rank)))
        lines.append(line)
    left = [True] + [False] * (len(header) - 1)
    return Grid(header, left, _families(tables[0].rows, lines))


def _mean_and_range(row: Row, table: Table) -> str:
    summary, digits = row.summary, _digits(table)
    if not summary.num_values:
        return "-"
    text = f"{_fixed(summary.mean, digits)} ("
    text += _range(summary.minimum, summary.maximum, digits, " to ") + ")"
    if summary.num_values < summary.num_runs:
        text += f" {summary.num_values}/{summary.num_runs}"
    return text


def _runs(table: Table, several: bool) -> Grid:
    digits = _digits(table)
    seeds = sorted({cell.seed for row in table.rows for cell in row.cells})
    lines = []
    for row in table.rows:
        by_seed = {cell.seed: cell for cell in row.cells}
        values = [_run(by_seed.get(seed), digits) for seed in seeds]
        lines.append([Entry(row.group.label), *map(Entry, values)])
    header = ["method", *(f"seed {seed}" for seed in seeds)]
    title = f"Every run{f', {table.metric}' if several else ''}:"
    left = [True] + [False] * len(seeds)
    return Grid(header, left, _families(table.rows, lines), title)


def _run(cell: Cell | None, digits: int) -> str:
    if cell is None:
        return ""
    return cell.word if cell.problem else _fixed(cell.value, digits)


def _published(tables: Sequence[Table]) -> list[Grid]:
    numbers = [number for table in tables for number in table.published]
    if not numbers:
        return []
    header = ["method", "metric", "value", "seeds", "selection"]
    header += ["protocol", "network", "source"]
    lines = []
    for number in numbers:
        value = f"{number.value:g}"
        if number.deviation is not None:
            value += f" +- {number.deviation:g}"
            value += (
                ""
                if number.deviation_of == "training seeds"
                else " (of what is not stated)"
            )
        value += f" ({number.mark})" if number.mark else ""
        runs = "-" if number.num_runs is None else str(number.num_runs)
        source = (
            f"{number.reference}; {number.note}" if number.note else number.reference
        )
        texts = [number.method, KINDS[number.kind].label, value, runs]
        texts += [number.selection, number.protocol, number.network, source]
        lines.append([Entry(text) for text in texts])
    left = [name not in ("value", "seeds") for name in header]
    every = tables[0]._replace(published=numbers)
    return [Grid(header, left, [("", lines)], captions.of_published(every), prose=True)]


def _across(across: Across) -> Section:
    header = ["method", "datasets", "probability", "95 % interval"]
    lines = []
    for label, found in across.rows:
        interval = "-"
        if math.isfinite(found.low):
            interval = f"[{100 * found.low:.0f}, {100 * found.high:.0f}]"
        cells = [str(found.num_datasets), f"{100 * found.probability:.0f} %", interval]
        lines.append([Entry(label), *map(Entry, cells)])
    said = [
        f"Probability that a run is better than one of {across.against}, mean over "
        f"datasets: {', '.join(across.datasets)}.",
        "Interval: bootstrap over the runs on each dataset, from 5 runs on each on; "
        "none where all pairs of runs agree. A run without a number as it diverged is "
        "worse than any number; unfinished ones are left out.",
    ]
    if across.own_settings:
        said.append(
            "Budget and settings that all methods of a dataset share are its own."
        )
    grid = Grid(header, [True, False, False, False], [("", lines)])
    return Section(f"Across datasets: {across.metric}", said, [grid], [])


def _families(
    rows: Sequence[Row], lines: Sequence[Sequence[Entry]]
) -> list[tuple[str, list[Sequence[Entry]]]]:
    """Returns the name of each family and the lines of its rows."""
    pairs = zip(rows, lines, strict=True)
    return [
        (family or "family unknown", [line for _, line in members])
        for family, members in itertools.groupby(pairs, lambda p: p[0].group.family)
    ]


def _diverged(row: Row) -> str:
    runs = row.summary.num_runs
    return f"{row.num_diverged}/{runs} diverged" if row.num_diverged else "0"


def _digits(table: Table) -> int:
    """Returns decimals: two as in papers, more for small numbers such as KID."""
    sizes = [abs(row.summary.median) for row in table.rows if row.summary.num_values]
    smallest = min((size for size in sizes if size > 0), default=1.0)
    return min(max(2, 2 - math.floor(math.log10(smallest))), 6)


def _range(low: float, high: float, digits: int, between: str) -> str:
    return between.join(_fixed(value, digits) for value in (low, high))


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"
