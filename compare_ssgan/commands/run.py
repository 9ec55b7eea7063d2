"""Training one configuration."""

import argparse
import sys
from typing import Any

from compare_ssgan.commands import arguments, machine
from compare_ssgan.errors import (
    CommandError,
    InputError,
    PreemptedError,
    RunHeldError,
)


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "run", _run, "train one configuration and evaluate it"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    arguments.add_gin(what)
    what.add_argument(
        "--planned", metavar="FILE",
        help="a run that a sweep has planned: DIR/planned/RUN_ID.json",
    )  # fmt: skip
    arguments.add_config(parser, gin_required=False)
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=arguments.seed, metavar="N", help="default: 0")
    seeds.add_argument(
        "--seeds", type=arguments.seeds, metavar="0,1,2", help="one run after the other"
    )
    parser.add_argument("--out", metavar="DIR", help="default: results/single")
    arguments.add_machine(parser, arguments.STRATEGIES)


def _run(flags: argparse.Namespace) -> int:
    if flags.planned is not None:
        return _run_planned(flags)
    if flags.seeds is not None:
        return _run_seeds(flags)
    spec = machine.studies(flags)
    from compare_ssgan.studies.run import execute

    execute(spec.load(machine.request(flags, flags.seed)))
    return 0


def _run_planned(flags: argparse.Namespace) -> int:
    """Does a run as it was planned."""
    for name in ("settings", "dataset", "budget", "seed", "seeds"):
        if getattr(flags, name) not in (None, []):
            option = {"settings": "set"}.get(name, name)
            raise InputError(
                f"--{option} cannot be given with --planned, whose file says all of "
                "the run. Remove it, or use --gin."
            )
    machine.studies(flags)
    from compare_ssgan.studies import planned
    from compare_ssgan.studies.run import execute

    execute(planned.load(machine.request(flags, None)))
    return 0


def _run_seeds(flags: argparse.Namespace) -> int:
    """Does one run per seed, each in a process of its own, as a sweep does."""
    spec = machine.studies(flags)
    from compare_ssgan.studies.executors import inline
    from compare_ssgan.studies.executors.base import Ending, Options

    requests = [spec.load(machine.request(flags, seed)) for seed in flags.seeds]
    report = _Report()
    if inline.execute(requests, Options(), report) is Ending.STOPPED:
        return PreemptedError.exit_code
    return report.exit_code


class _Report:
    """Tells on stderr which seed it is the turn of, and keeps the exit codes."""

    def __init__(self) -> None:
        self._codes: set[int] = set()

    @property
    def exit_code(self) -> int:
        """What to return: that of a failure, else of what was stopped, else held."""
        later = {PreemptedError.exit_code, RunHeldError.exit_code}
        failed = self._codes - later - {0}
        if failed:
            wrong_input = failed == {InputError.exit_code}
            return InputError.exit_code if wrong_input else CommandError.exit_code
        return max(self._codes, default=0)

    def started(self, request: Any) -> None:
        print(f"seed {request.seed}", file=sys.stderr)

    def finished(self, request: Any, code: int | None, log: Any) -> None:
        self._codes.add(CommandError.exit_code if code is None else code)
