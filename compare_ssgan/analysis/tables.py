"""Writes comparison tables as markdown, CSV, LaTeX or JSON. All text is ASCII."""

import csv
import io
import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from compare_ssgan.analysis import captions
from compare_ssgan.analysis.comparison import (
    BASELINE,
    Comparison,
    Row,
    Table,
    compare,
)
from compare_ssgan.analysis.records import Directories
from compare_ssgan.analysis.selection import parse_selection
from compare_ssgan.errors import InputError

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_LATEX |= {"^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}
_LATEX |= {character: f"\\{character}" for character in "_%&#${}"}


def render(
    directories: Directories,
    metric: str = "fid",
    select: str = "last",
    format: str = "md",
) -> str:
    """Returns comparison tables as text, one for each dataset.

    Methods are rows, in blocks by family. Runs without a finite number are counted
    and named, never left out.

    Args:
        directories: One or several directories of runs or studies.
        metric: A kind such as "fid", or a full name such as "fid10k_test_inception".
        select: "last", "best" or "step:N".
        format: "md" (also reads well on a terminal), "csv", "latex" or "json".

    Raises:
        InputError: If there is no such rule or format, if there are no records, or
            if the metric was not measured or stands for several protocols.
    """
    if format not in FORMATS:
        raise InputError(
            f"There is no table format '{format}'. Formats: {', '.join(FORMATS)}."
        )
    return FORMATS[format](compare(directories, metric, parse_selection(select)))


def _markdown(comparison: Comparison) -> str:
    blocks = []
    for table in comparison.tables:
        lines = [_cells(row, table) for row in table.rows]
        header = _header(table)
        body = [[_escape_markdown(cell) for cell in line] for line in lines]
        titled: list[list[str]] = []
        for family, members in _families(table, body):
            titled += [[f"*{family}*"] + [""] * (len(header) - 1), *members]
        # A rule needs three characters to be read as one.
        widths = [
            max(3, *map(len, column)) for column in zip(header, *titled, strict=True)
        ]
        rule = [
            "-" * width if left else "-" * (width - 1) + ":"
            for width, left in zip(widths, _left(table), strict=True)
        ]
        parts = [
            f"### {table.dataset}: {table.metric}",
            "\n".join(captions.sentences(table)),
        ]
        grid = [_padded(line, widths, _left(table)) for line in [header, *titled]]
        grid.insert(1, f"| {' | '.join(rule)} |")
        parts.append("\n".join(grid))
        if remarks := captions.notes(table):
            parts.append("\n".join(f"- {_escape_markdown(note)}" for note in remarks))
        blocks.append("\n\n".join(parts))
    return "\n\n".join([*blocks, *_unmeasured(comparison)])


def _latex(comparison: Comparison) -> str:
    blocks = []
    for table in comparison.tables:
        body = [
            [_escape_latex(cell) for cell in _cells(row, table)] for row in table.rows
        ]
        header = [_escape_latex(cell) for cell in _header(table)]
        columns = "".join("l" if left else "r" for left in _left(table))
        title = _escape_latex(f"{table.dataset}: {table.metric}.")
        caption = " ".join(_escape_latex(text) for text in captions.sentences(table))
        lines = [
            r"\begin{table}",
            r"\centering",
            r"\small",
            rf"\caption{{\textbf{{{title}}} {caption}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(header) + r" \\",
        ]
        for family, members in _families(table, body):
            lines += [
                r"\midrule",
                rf"\multicolumn{{{len(header)}}}{{l}}{{\textit{{{family}}}}} \\",
                *(" & ".join(line) + r" \\" for line in members),
            ]
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [
            rf"\par\footnotesize {_escape_latex(n)}" for n in captions.notes(table)
        ]
        blocks.append("\n".join([*lines, r"\end{table}"]))
    remarks = [f"% {text}" for text in _unmeasured(comparison)]
    return "\n\n".join(["% Needs \\usepackage{booktabs}.", *blocks, *remarks])


def _csv(comparison: Comparison) -> str:
    text = io.StringIO()
    spread = any(table.has_eval_deviation for table in comparison.tables)
    rows = [
        _record(row, table, spread) for table in comparison.tables for row in table.rows
    ]
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        flat = {
            key: "; ".join(value) if isinstance(value, list) else value
            for key, value in row.items()
        }
        writer.writerow({k: "" if v is None else v for k, v in flat.items()})
    return text.getvalue().rstrip("\n")


def _json(comparison: Comparison) -> str:
    tables = [
        {
            "dataset": table.dataset,
            "metric": table.metric,
            "select": table.selection.name,
            "lower_is_better": table.lower_is_better,
            "eval_seeds": list(table.eval_seeds),
            "caption": captions.sentences(table),
            "notes": captions.notes(table),
            "rows": [
                {
                    **_record(row, table, spread=True),
                    "runs": [
                        {
                            **cell._asdict(),
                            "value": _number(cell.value),
                            "eval_deviation": _number(cell.eval_deviation),
                        }
                        for cell in row.cells
                    ],
                }
                for row in table.rows
            ],
        }
        for table in comparison.tables
    ]
    content = {"tables": tables, "unmeasured": dict(comparison.unmeasured)}
    return json.dumps(content, indent=2, allow_nan=False)


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "md": _markdown,
    "csv": _csv,
    "latex": _latex,
    "json": _json,
}


class Texts(NamedTuple):
    """A table as its readers see it.

    Attributes:
        header: Names of the columns; the first one is that of the method.
        left: Which columns are text, the others being numbers.
        rows: [rows][columns], in the order of the rows of the table.
    """

    header: list[str]
    left: list[bool]
    rows: list[list[str]]


def texts(table: Table) -> Texts:
    """Returns the cells of a table, for whoever lays them out."""
    rows = [_cells(row, table) for row in table.rows]
    return Texts(_header(table), _left(table), rows)


def _header(table: Table) -> list[str]:
    header = ["method", "n", "median", "mean", "min to max", "std"]
    if table.has_eval_deviation:
        header.append("eval std")
    header.append("diverged")
    if table.selection.name == "best":
        header.append("at step")
    if table.has_baseline:
        header += [f"difference to {BASELINE}", "p (smallest)"]
    return [*header, "gap closed"] if table.has_gap else header


def _left(table: Table) -> list[bool]:
    """Returns which columns are text, the others being numbers."""
    return [name == "method" or name.startswith("diff") for name in _header(table)]


def _cells(row: Row, table: Table) -> list[str]:
    digits = _digits(table)
    summary = row.summary
    count, num_runs = summary.num_values, summary.num_runs
    diverged = f"{row.num_diverged}/{num_runs} diverged" if row.num_diverged else "0"
    spread = [_fixed(x, digits) for x in (summary.minimum, summary.maximum)]
    cells = [
        row.group.label,
        str(count) if count == num_runs else f"{count}/{num_runs}",
        _fixed(summary.median, digits),
        _fixed(summary.mean, digits),
        " to ".join(spread) if count else "-",
        _fixed(summary.standard_deviation, digits),
    ]
    if table.has_eval_deviation:
        cells.append(_fixed(row.eval_deviation, digits))
    cells.append(diverged)
    if table.selection.name == "best":
        cells.append(captions.span(row.steps))
    if table.has_baseline:
        cells += _difference(row, table, digits)
    if table.has_gap:
        cells.append(_gap(row) if row.gap_applies else "")
    return cells


def _difference(row: Row, table: Table, digits: int) -> list[str]:
    found = row.difference
    if found is None:
        return ["(baseline)" if row.group.method == BASELINE else "-", ""]
    if found.num_pairs == 0:
        return ["no pairs", ""]
    text = f"{_verdict(row, table)} {found.difference:+.{digits}f}"
    if found.num_pairs == 1:
        text += " (1 pair, no interval)"
    else:
        text += f" [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
        if found.num_pairs < row.summary.num_runs:
            text += f" ({found.num_pairs} pairs)"
    return [text, f"{found.p_value:.3g} ({found.smallest_p_value:.3g})"]


def _gap(row: Row) -> str:
    if not row.summary.num_values:
        return "-"
    return "undefined" if row.gap_closed is None else f"{100 * row.gap_closed:.0f} %"


def _verdict(row: Row, table: Table) -> str:
    assert row.difference is not None
    if row.difference.tied:
        return "tied"
    if table.lower_is_better is None:
        return "differs"
    return (
        "better"
        if (row.difference.difference < 0) == table.lower_is_better
        else "worse"
    )


def _record(row: Row, table: Table, spread: bool) -> dict[str, Any]:
    """Returns a row with full precision, None where there is no number.

    Args:
        row: The row.
        table: Its table.
        spread: Whether to add the spread over evaluation seeds.
    """
    found = row.difference
    gap = "undefined" if row.gap_closed is None else row.gap_closed
    statuses = [cell.status for cell in row.cells]
    return {
        "dataset": table.dataset,
        "metric": table.metric,
        "select": table.selection.name,
        "family": row.group.family,
        "method": row.group.method,
        "budget": row.group.budget,
        "settings": list(row.group.settings),
        "seeds": row.summary.num_runs,
        "n": row.summary.num_values,
        "median": _number(row.summary.median),
        "mean": _number(row.summary.mean),
        "min": _number(row.summary.minimum),
        "max": _number(row.summary.maximum),
        "std": _number(row.summary.standard_deviation),
        **({"eval_std": _number(row.eval_deviation)} if spread else {}),
        **{
            status: statuses.count(status)
            for status in ("diverged", "failed", "running", "partial", "missing")
        },
        "first_step": min(row.steps, default=None),
        "last_step": max(row.steps, default=None),
        "baseline": BASELINE if found else None,
        "pairs": found.num_pairs if found else None,
        "difference": _number(found.difference) if found else None,
        "difference_low": _number(found.low) if found else None,
        "difference_high": _number(found.high) if found else None,
        "p": _number(found.p_value) if found else None,
        "smallest_p": _number(found.smallest_p_value) if found else None,
        "verdict": _verdict(row, table) if found and found.num_pairs else None,
        "gap_closed": gap if row.gap_applies else None,
    }


def _families(
    table: Table, lines: Sequence[list[str]]
) -> Iterator[tuple[str, list[list[str]]]]:
    """Yields the name of each family and the lines of its rows."""
    pairs = zip(table.rows, lines, strict=True)
    for family, members in itertools.groupby(pairs, lambda pair: pair[0].group.family):
        yield family or "family unknown", [line for _, line in members]


def _unmeasured(comparison: Comparison) -> list[str]:
    return [
        f"{dataset}: none of {count} runs has been measured by this metric."
        for dataset, count in comparison.unmeasured.items()
    ]


def _padded(line: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    cells = [
        cell.ljust(width) if text else cell.rjust(width)
        for cell, width, text in zip(line, widths, left, strict=True)
    ]
    return f"| {' | '.join(cells)} |"


def _digits(table: Table) -> int:
    """Returns decimals: two as in papers, more for small numbers such as KID."""
    sizes = [abs(row.summary.median) for row in table.rows if row.summary.num_values]
    smallest = min((size for size in sizes if size > 0), default=1.0)
    return min(max(2, 2 - math.floor(math.log10(smallest))), 6)


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _escape_markdown(text: str) -> str:
    return text.replace("|", "\\|")


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
