"""Tables for a terminal: aligned, no wider than it, in colour where wanted."""

import itertools
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from compare_ssgan.analysis.comparison.comparing import Comparison
from compare_ssgan.analysis.tables import layout
from compare_ssgan.analysis.tables.layout import Entry, Grid, Section, Style, printable

_GAP = "  "
_NARROWEST = 40
# The shortest that names of methods are wrapped to, and the longest name of a column.
_SHORTEST, _LONG = 12, 30
_BOLD, _DIM, _RED, _GREEN = "1", "2", "31", "32"


def write(comparison: Comparison, style: Style) -> str:
    """Returns tables whose lines have at most `style.width` characters.

    Columns that do not fit follow below, with the names of the methods again.
    """
    style = style._replace(width=max(style.width, _NARROWEST))
    found = layout.sections(comparison, style, "*")
    blocks = ["\n".join(_section(section, style)) for section in found]
    remarks = [_wrapped(text, style) for text in layout.remarks(comparison)]
    return "\n\n".join([*blocks, *("\n".join(lines) for lines in remarks)])


def wants_color(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Returns whether to write colours: to a terminal, unless NO_COLOR forbids it.

    See https://no-color.org: any value that is not empty does.
    """
    dumb = environment.get("TERM") == "dumb"
    return stream.isatty() and not environment.get("NO_COLOR") and not dumb


def _section(section: Section, style: Style) -> Iterator[str]:
    for line in _wrapped(section.title, style):
        yield _colored(line, _BOLD, style)
    for sentence in section.sentences:
        yield from _wrapped(sentence, style, _DIM)
    for number, grid in enumerate(section.grids):
        yield ""
        if grid.title:
            yield from _wrapped(grid.title, style, _DIM)
        yield from _listed(grid, style) if grid.prose else _grid(grid, style)
        if number == 0 and section.notes:
            yield ""
            for note in section.notes:
                yield from _wrapped(f"- {note}", style)


def _grid(grid: Grid, style: Style) -> Iterator[str]:
    """Yields the lines of a grid, in as many parts as its width needs."""
    starred = _starred(grid)
    lines = [line for _, members in starred.blocks for line in members]
    columns = [
        [name, *(line[index].text for line in lines)]
        for index, name in enumerate(starred.header)
    ]
    widths = [_width(column) for column in columns]
    room = style.width - len(_GAP) - max(widths[1:])
    widths[0] = min(widths[0], max(room, _SHORTEST))
    for number, part in enumerate(_parts(widths, style.width)):
        if number:
            yield ""
        shown = [0, *part]
        for names in _headers(starred.header, widths):
            yield from _row(names, shown, widths, grid.left, style, _BOLD)
        for name, members in starred.blocks:
            if name:
                yield _colored(printable(name), _DIM, style)
            for line in members:
                yield from _row(line, shown, widths, grid.left, style)


def _width(column: Sequence[str]) -> int:
    """Returns the width of a column, whose name may wrap if it is long."""
    name, *body = column
    words = max(map(len, name.split()), default=0) if len(name) > _LONG else len(name)
    return max([words, *map(len, body)])


def _headers(header: Sequence[str], widths: Sequence[int]) -> list[list[Entry]]:
    """Returns the names of columns as lines."""
    wrapped = [
        textwrap.wrap(name, width, drop_whitespace=len(name) > width) or [""]
        for name, width in zip(header, widths, strict=True)
    ]
    lines = itertools.zip_longest(*wrapped, fillvalue="")
    return [[Entry(name) for name in line] for line in lines]


def _starred(grid: Grid) -> Grid:
    """Returns a grid whose marks are stars, its numbers still aligned."""
    lines = [line for _, members in grid.blocks for line in members]
    marked = [
        any(entry.marked for entry in column) for column in zip(*lines, strict=True)
    ]

    def star(line: Sequence[Entry]) -> list[Entry]:
        return [
            entry._replace(
                text=printable(entry.text) + ("*" if entry.marked else " ") * star
            )
            for entry, star in zip(line, marked, strict=True)
        ]

    header = [
        printable(name) + " " * star
        for name, star in zip(grid.header, marked, strict=True)
    ]
    blocks = [(name, [star(line) for line in members]) for name, members in grid.blocks]
    return grid._replace(header=header, blocks=blocks)


def _parts(widths: Sequence[int], available: int) -> Iterator[list[int]]:
    """Yields the columns, other than the first, that fit side by side."""
    part: list[int] = []
    used = widths[0]
    for index in range(1, len(widths)):
        needed = len(_GAP) + widths[index]
        if part and used + needed > available:
            yield part
            part, used = [], widths[0]
        part.append(index)
        used += needed
    yield part


def _row(
    line: Sequence[Entry],
    shown: Sequence[int],
    widths: Sequence[int],
    left: Sequence[bool],
    style: Style,
    code: str = "",
) -> Iterator[str]:
    """Yields a row, as many lines as the name of its method needs."""
    names = textwrap.wrap(line[0].text, widths[0]) or [""]
    cells = [_colored(names[0].ljust(widths[0]), code, style)]
    for index in shown[1:]:
        text, width = line[index].text, widths[index]
        padded = text.ljust(width) if left[index] else text.rjust(width)
        cells.append(_colored(padded, code or _code(line[index]), style))
    yield _GAP.join(cells).rstrip()
    yield from names[1:]


def _listed(grid: Grid, style: Style) -> Iterator[str]:
    """Yields a paragraph for each row of a grid of long texts."""
    for _, members in grid.blocks:
        for line in members:
            first = " ".join(entry.text for entry in line[:3])
            rest = [
                f"{name} {entry.text}" if name == "seeds" else entry.text
                for name, entry in list(zip(grid.header, line, strict=True))[3:]
            ]
            yield from _wrapped(f"- {first}: {'; '.join(rest)}", style)


def _code(entry: Entry) -> str:
    if entry.marked or entry.text.startswith("better"):
        return _GREEN
    bad = entry.text.rstrip().endswith("diverged") or entry.text.startswith("worse")
    return _RED if bad or entry.text.rstrip() in ("failed", "not finite") else ""


def _wrapped(text: str, style: Style, code: str = "") -> list[str]:
    indent = "  " if text.startswith("- ") else ""
    lines = textwrap.wrap(
        printable(text), style.width, subsequent_indent=indent, break_on_hyphens=False
    )
    return [_colored(line, code, style) for line in lines]


def _colored(text: str, code: str, style: Style) -> str:
    return f"\033[{code}m{text}\033[0m" if style.color and code and text else text
