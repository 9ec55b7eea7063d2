"""Looks for what would keep runs and sweeps from getting through.

    python tools/doctor.py results/digits

prints a table: the directory (permission, space, locks tried with real processes),
this machine (accelerators, processors, memory, versions), weights, the data of the
study that is planned there or of --dataset, Slurm and Ray. Beside what is not well it
says what to do. The exit code is 1 if something would fail. What it
writes, to see that it can, it removes.

Whether machines see each other's locks is found out by two of them:

    python tools/doctor.py results/digits --hold 120        on the one
    python tools/doctor.py results/digits                   meanwhile on the other
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence

# The tools are found from any directory.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from compare_ssgan.errors import InputError
from compare_ssgan.studies import files
from compare_ssgan.studies.executors.base import EXECUTORS
from tools.doctor_checks import engines, finding, ingredients, locking, machine, places
from tools.doctor_checks.finding import Finding


def findings(flags: argparse.Namespace) -> Iterator[Finding]:
    """Yields all findings."""
    directory = pathlib.Path(flags.directory)
    yield from places.checks(directory)
    yield from machine.checks()
    yield from ingredients.weights()
    names = flags.dataset or planned_datasets(directory)
    yield from ingredients.data(names, flags.data_dir)
    yield from engines.slurm(flags.executor == "slurm")
    yield from engines.ray(flags.executor == "ray", flags.address)


def planned_datasets(directory: pathlib.Path) -> Sequence[str]:
    """Returns the datasets of the study that is planned in a directory, if one is."""
    try:
        rows = files.read_json(directory / "study.json")["planned"]
        return sorted({row["dataset"] for row in rows})
    # Whoever reads the records says what is wrong with them.
    except (InputError, KeyError, TypeError):
        return []


def main() -> int:
    """Parses the command line; returns 1 if something would fail."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "directory", nargs="?", default="results", metavar="DIR",
        help="of a study, or where one will be (default: results)",
    )  # fmt: skip
    parser.add_argument(
        "--dataset", action="append", metavar="NAME",
        help="a file of gin_configs/datasets; may be repeated (default: the study's)",
    )  # fmt: skip
    parser.add_argument("--data_dir", metavar="DIR", help="as for `run`")
    parser.add_argument(
        "--executor", choices=EXECUTORS, default="inline",
        help="what shall do the runs, which fails if it cannot be reached",
    )  # fmt: skip
    parser.add_argument("--address", help="of a Ray cluster, to be tried")
    parser.add_argument("--json", action="store_true", help="one object")
    parser.add_argument(
        "--hold", type=float, metavar="SECONDS",
        help="only hold a lock, for this tool on another machine to look at",
    )  # fmt: skip
    flags = parser.parse_args()
    if flags.hold is not None:
        return locking.hold(pathlib.Path(flags.directory), flags.hold)
    found = list(findings(flags))
    counts = {
        verdict: sum(each.verdict == verdict for each in found)
        for verdict in ("ok", "warn", "fail")
    }
    if flags.json:
        rows = [each._asdict() for each in found]
        print(json.dumps({"findings": rows, "counts": counts}, indent=2))
    else:
        print(finding.table(found))
        print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
    return int(counts["fail"] > 0)


if __name__ == "__main__":
    sys.exit(main())
