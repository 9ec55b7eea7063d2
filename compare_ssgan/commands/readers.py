"""Reading records: status, tables, curves."""

import argparse
import pathlib
import sys
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
    plot.add_argument("--metric", default="fid", help="kind or full name")
    _add_table_flags(table)
    plot.add_argument("--out", metavar="FILE", help="default: DIR/figures/<metric>.png")


def _add_table_flags(table: argparse.ArgumentParser) -> None:
    table.add_argument(
        "--metric", default="fid", help="kind or full name, or several: fid,is"
    )
    table.add_argument(
        "--select",
        default="last",
        metavar="last|best|step:N|by:METRIC",
        help="which measurement of a run counts; by:METRIC, e.g. of a train split, "
        "chooses by another metric than the reported one",
    )
    table.add_argument(
        "--format",
        choices=["md", "csv", "latex", "json", "terminal"],
        help="default: terminal on a terminal, else md",
    )
    table.add_argument(
        "--against", metavar="METHOD", help="differences are to it; default: sn_gan"
    )
    table.add_argument(
        "--statistic",
        default="mean",
        choices=["mean", "iqm"],
        help="what the bootstrap interval over seeds is of (from five seeds on)",
    )
    table.add_argument(
        "--published",
        default="own",
        choices=["own", "all", "none"],
        help="numbers of papers: of the methods in the table; all of the dataset, also "
        "of other libraries and unconfirmed ones; or none",
    )
    table.add_argument(
        "--runs", action="store_true", help="show the number of every run, too"
    )


def _status(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import status

    print(status.render(pathlib.Path(flags.directory), as_json=flags.json))
    return 0


def _table(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import tables
    from compare_ssgan.analysis.tables import terminal

    default = "terminal" if sys.stdout.isatty() else "md"
    print(
        tables.render(
            [pathlib.Path(flags.directory)],
            metric=flags.metric,
            select=flags.select,
            format=flags.format or default,
            against=flags.against,
            statistic=flags.statistic,
            published=flags.published,
            runs=flags.runs,
            color=terminal.wants_color(sys.stdout),
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
