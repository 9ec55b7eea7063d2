"""Checks every metric of this installation against numbers that are known.

    python tools/conformance.py

prints a table of published numbers, closed forms and other libraries' results, each
with what this installation finds; the exit code is 1 if one is not within its
tolerance. What needs weights, data or libraries that are not there is not run, and
the table says how to get them. --json prints one object per line.
"""

import argparse
import importlib
import json
import math
import os
import pathlib
import sys
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The tools are found from any directory.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from absl import logging

from compare_ssgan.commands import machine
from tools.conformance_checks import check

# Modules of `conformance_checks`, each with a function `checks`.
MODULES = (
    "distances",
    "spreads",
    "classifiers",
    "manifolds",
    "images",
    "players",
    "libraries",
    "published",
)
_VERDICTS = ("pass", "FAIL", "not run")


def outcomes(pattern: str = "") -> Iterator[check.Outcome]:
    """Yields the outcome of every check of a metric whose name has `pattern`."""
    machine.load_tensorflow()
    # Small sets are warned of, and TF-GAN is of another time.
    logging.set_verbosity(logging.ERROR)
    importlib.import_module("tensorflow").get_logger().setLevel("ERROR")
    for name in MODULES:
        module = importlib.import_module(f"tools.conformance_checks.{name}")
        for each in module.checks():
            if pattern in each.metric:
                yield check.run(each)


def main() -> int:
    """Parses the command line; returns 1 if a check failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="an object per line")
    parser.add_argument(
        "--metric", default="", metavar="TEXT", help="only metrics with it in the name"
    )
    parser.add_argument("--data_dir", metavar="DIR", help="where cifar10.npz lies")
    flags = parser.parse_args()
    machine.load_tensorflow()
    importlib.import_module("compare_ssgan.datasets.base").set_data_directory(
        flags.data_dir
    )
    found = []
    for outcome in outcomes(flags.metric):
        found.append(outcome)
        if flags.json:
            numbers = outcome._asdict()
            for name in ("expected", "got"):
                if not math.isfinite(numbers[name]):
                    numbers[name] = None
            print(json.dumps(numbers), flush=True)
    if not found:
        parser.error(f"--metric: no checked metric has '{flags.metric}' in its name")
    if not flags.json:
        print(check.table(found))
        counts = {v: sum(o.verdict == v for o in found) for v in _VERDICTS}
        print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
    return int(any(outcome.verdict == "FAIL" for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
