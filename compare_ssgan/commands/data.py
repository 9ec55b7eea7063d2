"""The datasets: what is in them, and fetching them."""

import argparse
import sys
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    text = "what is in a dataset; download and prepare one"
    parser = commands.add_parser("data", help=text, description=text)
    actions = parser.add_subparsers(metavar="{show,get}", required=True)
    show = arguments.add(
        actions, "show", _show, "sizes, classes, labels, pixels, hashes and a picture"
    )
    get = arguments.add(
        actions, "get", _get, "download and prepare a dataset in --data_dir"
    )
    for action in (show, get):
        action.add_argument(
            "name", metavar="NAME", help="a file of gin_configs/datasets, e.g. digits"
        )
        action.add_argument(
            "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
            help="a gin line that overrides the file; may be repeated",
        )  # fmt: skip
        arguments.add_machine(action)
    show.add_argument(
        "--out", metavar="FILE.png",
        help="the picture, replaced if it is there; default: NAME-examples.png",
    )  # fmt: skip
    show.add_argument("--json", action="store_true")


def _show(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies import data, threads

    threads.limit(flags.threads)
    out = arguments.optional_path(flags.out)
    shown = data.show(flags.name, flags.settings, out, _say)
    print(shown.as_json() if flags.json else shown.as_text())
    return 0


def _get(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies import data, threads

    threads.limit(flags.threads)
    dataset = data.get(flags.name, flags.settings, _say)
    options = f"--data_dir {flags.data_dir}"
    print(
        f"{dataset.name}: {dataset.train.num_examples:,} examples to train on, "
        f"{dataset.test.num_examples:,} to test on\n"
        f"look at it: compare_ssgan data show {flags.name} {options}\n"
        "train on it: compare_ssgan run --gin gin_configs/sbn_ssgan.gin --dataset "
        f"{flags.name} {options}"
    )
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
