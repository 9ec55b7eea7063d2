"""Reading records: status, tables, curves."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments


def add(commands: Any) -> None:
    """Adds the commands."""
    status = arguments.add(
        commands, "status", _status, "what is done, running or missing"
    )
    table = arguments.add(commands, "table", _table, "compare methods over seeds")
    plot = arguments.add(commands, "plot", _plot, "curves with the spread over seeds")
    for parser in (status, table, plot):
        parser.add_argument("directory", metavar="DIR", help="e.g. results/digits")
    status.add_argument("--json", action="store_true")
    for parser in (table, plot):
        parser.add_argument("--metric", default="fid", help="kind or full name")
    table.add_argument("--select", default="last", metavar="last|best|step:N")
    table.add_argument("--format", default="md", choices=["md", "csv", "latex", "json"])
    plot.add_argument("--out", metavar="FILE", help="default: DIR/figures/<metric>.png")


def _status(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import status

    print(status.render(pathlib.Path(flags.directory), as_json=flags.json))
    return 0


def _table(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import tables

    print(
        tables.render(
            [pathlib.Path(flags.directory)],
            metric=flags.metric,
            select=flags.select,
            format=flags.format,
        )
    )
    return 0


def _plot(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import figures

    directory = pathlib.Path(flags.directory)
    out = (
        arguments.optional_path(flags.out)
        or directory / "figures" / f"{flags.metric}.png"
    )
    print(figures.curves([directory], flags.metric, out))
    return 0
