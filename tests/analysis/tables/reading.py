"""Tables as values, to be looked up."""

import json

from compare_ssgan.analysis import tables


def parsed(directory, **options):
    """Rows of the only table by their method."""
    (table,) = json.loads(tables.render(directory, format="json", **options))["tables"]
    return {row["method"]: row for row in table["rows"]}


def cells_of(text):
    """Cells of the first table of a text in markdown, by row and column."""
    lines = [line for line in text.split("\n\n")[2].splitlines() if "|" in line]
    header, _, *rows = (
        [cell.strip().replace("**", "") for cell in line[1:-1].split(" | ")]
        for line in lines
    )
    return {
        row[0]: dict(zip(header, row, strict=True))
        for row in rows
        if not row[0].startswith("*")
    }
