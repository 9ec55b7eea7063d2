"""One page for reading the results of studies."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "report", _report, "one HTML page for reading results"
    )
    parser.add_argument(
        "directories", metavar="DIR", nargs="+", help="e.g. results/digits"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="default: the first DIR/report.html"
    )
    parser.add_argument(
        "--metric", help="shown first: kind or full name (default: fid, if measured)"
    )


def _report(flags: argparse.Namespace) -> int:
    from compare_ssgan.analysis.report import page

    directories = [pathlib.Path(directory) for directory in flags.directories]
    out = arguments.optional_path(flags.out) or directories[0] / "report.html"
    print(page.write(directories, out, flags.metric))
    return 0
