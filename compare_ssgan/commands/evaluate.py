"""Adding measurements to runs that are over, or still in training."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "evaluate", _evaluate, "measure the checkpoints of runs"
    )
    parser.add_argument(
        "directory", metavar="RUN|STUDY", help="e.g. results/digits, or a run of it"
    )
    parser.add_argument(
        "--metrics", type=arguments.names, metavar="fid,kid,...",
        help="components of the group metrics (default: those of the run)",
    )  # fmt: skip
    parser.add_argument(
        "--steps", type=arguments.steps, metavar="last|all|N,N,...",
        help="which checkpoints (default: last; with --follow: all)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=arguments.seeds, metavar="0,1,2",
        help="of the generated images (default: that of the run)",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
        help="a gin line that changes how is measured; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--follow", action="store_true",
        help="measure checkpoints as they appear, until the run is over",
    )  # fmt: skip
    arguments.add_machine(parser)


def _evaluate(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies import evaluation
    from compare_ssgan.studies.measuring import Options

    return evaluation.evaluate_runs(
        evaluation.Request(
            directory=pathlib.Path(flags.directory),
            options=Options(
                metrics=flags.metrics,
                settings=tuple(flags.settings),
                seeds=None if flags.seeds is None else tuple(flags.seeds),
            ),
            steps=flags.steps or ("all" if flags.follow else "last"),
            follow=flags.follow,
            threads=flags.threads,
        )
    )
