"""What a configuration describes."""

import argparse
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "describe", _describe, "resolved configuration, networks, operations"
    )
    arguments.add_config(parser, gin_required=True)
    parser.add_argument("--data_dir", metavar="DIR", help="where datasets lie")
    parser.add_argument("--json", action="store_true")


def _describe(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies import describe

    found = describe.describe(machine.request(flags, seed=None))
    print(describe.render(found, flags.json))
    return 0
