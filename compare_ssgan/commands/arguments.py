"""What the flags of several commands have in common."""

import argparse
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from compare_ssgan.studies.request import STRATEGIES as STRATEGIES

Command = Callable[[argparse.Namespace], int]


def add(commands: Any, name: str, command: Command, text: str) -> Any:
    """Adds a command.

    Args:
        commands: The commands of the parser.
        name: What users type.
        command: Maps flags to an exit code.
        text: What it does, in a line.
    """
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def add_config(parser: Any, gin_required: bool) -> None:
    """Adds the flags that choose a configuration."""
    if gin_required:
        add_gin(parser, required=True)
    parser.add_argument(
        "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
        help="a gin line that overrides the files; may be repeated",
    )  # fmt: skip
    parser.add_argument("--dataset", help="a file of gin_configs/datasets")
    parser.add_argument("--budget", help="a file of gin_configs/budgets")


def add_gin(parser: Any, **options: Any) -> None:
    """Adds --gin."""
    parser.add_argument(
        "--gin", action="append", metavar="FILE", **options,
        help="a method's gin file; may be repeated, the last one names the method",
    )  # fmt: skip


def add_machine(parser: Any, strategies: Sequence[str] = ("none",)) -> None:
    """Adds the flags that say what to compute on.

    Args:
        parser: Of the command.
        strategies: What --strategy may be.
    """
    parser.add_argument("--data_dir", metavar="DIR", help="where prepared datasets lie")
    parser.add_argument(
        "--threads", type=positive, metavar="N",
        help="threads to compute with (default: all cores); equal numbers give "
        "bit-equal results",
    )  # fmt: skip
    parser.add_argument(
        "--strategy", choices=strategies, default="none",
        help="how the training of a run is spread over accelerators (default: none)",
    )  # fmt: skip


def positive(text: str) -> int:
    """Returns a whole number from 1 on."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 on, not '{text}'"
        )
    return int(text)


def seed(text: str) -> int:
    """Returns a seed."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(
            f"a seed is a whole number from 0 on, not '{text}'"
        )
    return int(text)


def seeds(text: str) -> list[int]:
    """Returns seeds separated by commas, each once."""
    found = [seed(part.strip()) for part in text.split(",")]
    if len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"'{text}' names a seed twice")
    return found


def names(text: str) -> tuple[str, ...]:
    """Returns names separated by commas."""
    found = tuple(part.strip() for part in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"'{text}' has an empty name")
    return found


def steps(text: str) -> Any:
    """Returns "last", "all", or generator steps separated by commas, each once."""
    if text in ("last", "all"):
        return text
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise argparse.ArgumentTypeError(
            f"must be 'last', 'all' or generator steps such as 500,1000, not '{text}'"
        )
    return tuple(sorted({int(part) for part in parts}))


def truncation(text: str) -> Any:
    """Returns a positive number, None for "none", or "run"."""
    if text in ("none", "run"):
        return None if text == "none" else text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"must be a positive number, 'none' or 'run', not '{text}'"
        )
    return value


def optional_path(text: str | None) -> pathlib.Path | None:
    """Returns a path, None where there is no text."""
    return None if text is None else pathlib.Path(text)


def step(text: str) -> int | None:
    """Returns a generator step, None for "last"."""
    return None if text == "last" else seed(text)
