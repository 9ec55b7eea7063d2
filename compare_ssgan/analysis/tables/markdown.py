"""Tables in markdown, which read well as they are, too."""

import re
from collections.abc import Sequence

from compare_ssgan.analysis.comparison.comparing import Comparison
from compare_ssgan.analysis.tables import layout
from compare_ssgan.analysis.tables.layout import Entry, Grid, Section, Style

# What begins a column, emphasis, code or HTML; underscores within words begin nothing.
_SPECIAL = re.compile(r"[|*`<]|\\(?=[!-/:-@[-`{-~])|(?<![^\W_])_|_(?![^\W_])")


def write(comparison: Comparison, style: Style) -> str:
    """Returns tables in markdown."""
    blocks = [_section(found) for found in layout.sections(comparison, style)]
    return "\n\n".join([*blocks, *map(_escape, layout.remarks(comparison))])


def _section(section: Section) -> str:
    said = "\n".join(map(_escape, section.sentences))
    parts = [f"### {_escape(section.title)}", said]
    first, *others = section.grids
    parts.append(_grid(first))
    if section.notes:
        parts.append("\n".join(f"- {_escape(note)}" for note in section.notes))
    for grid in others:
        parts += [_escape(grid.title), _grid(grid)]
    return "\n\n".join(parts)


def _grid(grid: Grid) -> str:
    lines: list[list[str]] = []
    for name, members in grid.blocks:
        if name:
            lines.append([f"*{_escape(name)}*"] + [""] * (len(grid.header) - 1))
        lines += [[_entry(entry) for entry in line] for line in members]
    header = [_escape(name) for name in grid.header]
    # A rule needs three characters to be read as one.
    widths = [max(3, *map(len, column)) for column in zip(header, *lines, strict=True)]
    rule = [
        "-" * width if left else "-" * (width - 1) + ":"
        for width, left in zip(widths, grid.left, strict=True)
    ]
    written = [_padded(line, widths, grid.left) for line in [header, *lines]]
    return "\n".join([written[0], f"| {' | '.join(rule)} |", *written[1:]])


def _entry(entry: Entry) -> str:
    text = _escape(entry.text)
    return f"**{text}**" if entry.marked else text


def _padded(line: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    cells = [
        cell.ljust(width) if text else cell.rjust(width)
        for cell, width, text in zip(line, widths, left, strict=True)
    ]
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", layout.printable(text))
