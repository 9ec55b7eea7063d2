"""A trained run as a SavedModel."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "export", _export, "a trained run as a SavedModel for other programs"
    )
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument(
        "--to", metavar="DIR", required=True, help="does not exist, or is empty"
    )
    parser.add_argument(
        "--step", type=arguments.step, default=None, metavar="N|last",
        help="generator step of the checkpoint (default: last)",
    )  # fmt: skip
    parser.add_argument(
        "--truncation", type=arguments.truncation, default="run", metavar="T|none|run",
        help="of the latents that its function sample draws (default: run, as its "
        "evaluations do)",
    )  # fmt: skip


def _export(flags: argparse.Namespace) -> int:
    machine.load_tensorflow()
    from compare_ssgan.studies import export

    print(
        export.export(
            pathlib.Path(flags.run),
            pathlib.Path(flags.to),
            step=flags.step,
            truncation=flags.truncation,
        )
    )
    return 0
