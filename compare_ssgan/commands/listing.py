"""The components that gin files can name."""

import argparse
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "list", _list, "components that gin files can name"
    )
    parser.add_argument("kind", nargs="?", metavar="KIND", help="e.g. losses")


def _list(flags: argparse.Namespace) -> int:
    machine.load_tensorflow()
    from compare_ssgan.studies import catalogue

    print(catalogue.render(flags.kind))
    return 0
