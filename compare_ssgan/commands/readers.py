"""Reading records: status, tables, curves."""

import argparse
import pathlib
import sys
from typing import Any

from compare_ssgan.commands import arguments
from compare_ssgan.errors import InputError

_FLAGS_OF_KIND = {
    "curves": ("metric", "over"),
    "robustness": ("metric", "select"),
    "samples": (),
}


def add(commands: Any) -> None:
    """Adds the commands."""
    status = arguments.add(
        commands, "status", _status, "what is done, running or missing"
    )
    table = arguments.add(commands, "table", _table, "compare methods over seeds")
    plot = arguments.add(
        commands, "plot", _plot, "curves over seeds, robustness over settings, samples"
    )
    status.add_argument("directory", metavar="DIR", help="e.g. results/digits")
    for parser in (table, plot):
        parser.add_argument(
            "directories", metavar="DIR", nargs="+", help="e.g. results/digits"
        )
    status.add_argument("--json", action="store_true")
    _add_table_flags(table)
    _add_plot_flags(plot)


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
    from compare_ssgan.analysis.status import rendering

    print(rendering.render(pathlib.Path(flags.directory), as_json=flags.json))
    return 0


def _table(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis import tables
    from compare_ssgan.analysis.tables import terminal

    default = "terminal" if sys.stdout.isatty() else "md"
    print(
        tables.render(
            flags.directories,
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


def _add_plot_flags(plot: argparse.ArgumentParser) -> None:
    # No defaults, so that what a kind of figure has no use for can be told.
    plot.add_argument("--metric", help="kind or full name (fid)")
    plot.add_argument("--kind", default="curves", choices=list(_FLAGS_OF_KIND))
    plot.add_argument(
        "--over",
        choices=["steps", "images", "wall", "operations"],
        help="horizontal axis of curves (steps)",
    )
    plot.add_argument(
        "--select", metavar="RULE", help="of robustness, as for table (last)"
    )
    plot.add_argument(
        "--out",
        metavar="FILE",
        help=".png, .svg or .pdf; default: in figures/ of the first DIR, named after "
        "what is drawn",
    )


def _plot(flags: argparse.Namespace) -> int:
    kind = flags.kind
    for name in ("metric", "over", "select"):
        if getattr(flags, name) is not None and name not in _FLAGS_OF_KIND[kind]:
            raise InputError(
                f"--kind {kind} has no use for --{name}. Leave it out, or draw another "
                "--kind."
            )
    metric, over = flags.metric or "fid", flags.over or "steps"
    names = {
        "curves": metric if over == "steps" else f"{metric}_over_{over}",
        "robustness": f"robustness_{metric}",
        "samples": "samples",
    }
    default = pathlib.Path(flags.directories[0], "figures", f"{names[kind]}.png")
    out = arguments.optional_path(flags.out) or default
    if kind == "curves":
        from compare_ssgan.analysis.figures import curves

        print(curves.curves(flags.directories, metric, out, over=over))
    elif kind == "robustness":
        from compare_ssgan.analysis.figures import robustness

        select = flags.select or "last"
        print(robustness.robustness(flags.directories, metric, out, select=select))
    else:
        from compare_ssgan.analysis.figures import sample_sheets

        print(sample_sheets.samples(flags.directories, out))
    return 0
