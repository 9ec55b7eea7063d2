"""Reading records: status, tables, curves."""

import argparse
import pathlib
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
    for parser in (status, table, plot):
        parser.add_argument("directory", metavar="DIR", help="e.g. results/digits")
    status.add_argument("--json", action="store_true")
    for parser in (table, plot):
        parser.add_argument("--metric", default="fid", help="kind or full name")
    table.add_argument("--select", default="last", metavar="last|best|step:N")
    table.add_argument("--format", default="md", choices=["md", "csv", "latex", "json"])
    _add_plot_flags(plot)


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


def _add_plot_flags(plot: argparse.ArgumentParser) -> None:
    # None, so that what a kind of figure has no use for can be told.
    plot.set_defaults(metric=None)
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
        help=".png, .svg or .pdf; default: in DIR/figures, named after what is drawn",
    )


def _plot(flags: argparse.Namespace) -> int:
    kind = flags.kind
    for name in ("metric", "over", "select"):
        if getattr(flags, name) is not None and name not in _FLAGS_OF_KIND[kind]:
            raise InputError(
                f"--kind {kind} has no use for --{name}. Leave it out, or draw another "
                "--kind."
            )
    directory = pathlib.Path(flags.directory)
    metric, over = flags.metric or "fid", flags.over or "steps"
    names = {
        "curves": metric if over == "steps" else f"{metric}_over_{over}",
        "robustness": f"robustness_{metric}",
        "samples": "samples",
    }
    default = directory / "figures" / f"{names[kind]}.png"
    out = arguments.optional_path(flags.out) or default
    if kind == "curves":
        from compare_ssgan.analysis import figures

        print(figures.curves([directory], metric, out, over=over))
    elif kind == "robustness":
        from compare_ssgan.analysis import robustness

        select = flags.select or "last"
        print(robustness.robustness([directory], metric, out, select=select))
    else:
        from compare_ssgan.analysis import sample_sheets

        print(sample_sheets.samples([directory], out))
    return 0
