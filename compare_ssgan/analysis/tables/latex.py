"""Tables in LaTeX, with the rules of the package booktabs."""

from compare_ssgan.analysis.comparison.comparing import Comparison
from compare_ssgan.analysis.tables import layout
from compare_ssgan.analysis.tables.layout import Entry, Grid, Section, Style

_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_SPECIAL |= {"^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}
# The command for straight quotes needs another font encoding than the default one.
_SPECIAL |= {"|": r"\textbar{}", '"': "''"}
_SPECIAL |= {character: f"\\{character}" for character in "_%&#${}"}
# Shares of the line that columns of prose get: in sum below 1, gaps included.
_PROSE = {"selection": 0.12, "protocol": 0.2, "network": 0.14, "source": 0.16}


def write(comparison: Comparison, style: Style) -> str:
    """Returns tables to be included, each a float of its own."""
    blocks = [_section(found) for found in layout.sections(comparison, style)]
    remarks = [f"% {layout.printable(text)}" for text in layout.remarks(comparison)]
    return "\n\n".join(["% Needs \\usepackage{booktabs}.", *blocks, *remarks])


def _section(section: Section) -> str:
    caption = " ".join(_escape(text) for text in section.sentences)
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{\textbf{{{_escape(section.title)}.}} {caption}}}",
    ]
    for number, grid in enumerate(section.grids):
        if grid.title:
            lines.append(rf"\par\smallskip\footnotesize {_escape(grid.title)}\par")
        lines += _grid(grid)
        if number == 0:
            lines += [rf"\par\footnotesize {_escape(note)}" for note in section.notes]
    return "\n".join([*lines, r"\end{table}"])


def _grid(grid: Grid) -> list[str]:
    columns = "".join(
        rf"p{{{_PROSE[name]}\linewidth}}"
        if grid.prose and name in _PROSE
        else "l"
        if left
        else "r"
        for name, left in zip(grid.header, grid.left, strict=True)
    )
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(_escape, grid.header)) + r" \\",
    ]
    for name, members in grid.blocks:
        lines.append(r"\midrule")
        if name:
            wide = len(grid.header)
            lines.append(
                rf"\multicolumn{{{wide}}}{{l}}{{\textit{{{_escape(name)}}}}} \\"
            )
        lines += [" & ".join(map(_entry, line)) + r" \\" for line in members]
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _entry(entry: Entry) -> str:
    text = _escape(entry.text)
    # A row that begins with a bracket would be an option of the line break before it.
    text = f"{{{text}}}" if text.startswith("[") else text
    return rf"\textbf{{{text}}}" if entry.marked else text


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in layout.printable(text))
