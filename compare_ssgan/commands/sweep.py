"""Training what a study still misses."""

import argparse
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(commands, "sweep", _sweep, "run what a study still misses")
    parser.add_argument("study", metavar="STUDY.gin")
    arguments.add_config(parser, gin_required=False)
    parser.add_argument("--executor", choices=["inline"], default="inline")
    parser.add_argument(
        "--jobs", type=arguments.positive, default=1, metavar="N", help="runs at a time"
    )
    parser.add_argument(
        "--dry_run", action="store_true", help="check and list the runs, train none"
    )
    parser.add_argument("--out", metavar="DIR", help="default: results/<study>")
    arguments.add_machine(parser)


def _sweep(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies.plan import Overrides
    from compare_ssgan.studies.sweep import sweep

    summary = sweep(
        flags.study,
        arguments.optional_path(flags.out),
        jobs=flags.jobs,
        dry_run=flags.dry_run,
        overrides=Overrides(
            dataset=flags.dataset,
            budget=flags.budget,
            settings=tuple(flags.settings),
            threads=flags.threads,
            strategy=flags.strategy,
            data_dir=flags.data_dir,
        ),
    )
    if not flags.dry_run:
        print(summary)
    return summary.exit_code
