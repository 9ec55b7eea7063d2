"""Tables as values, to be looked up."""

import json

from compare_ssgan.analysis import tables


def parsed(directory, **options):
    """Rows of the only table by their method."""
    (table,) = json.loads(tables.render(directory, format="json", **options))["tables"]
    return {row["method"]: row for row in table["rows"]}
