"""Training what a study still misses."""

import argparse
from typing import Any

from compare_ssgan.commands import arguments, machine
from compare_ssgan.studies.executors.base import EXECUTORS, Options


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(commands, "sweep", _sweep, "run what a study still misses")
    parser.add_argument("study", metavar="STUDY.gin")
    arguments.add_config(parser, gin_required=False)
    _add_executor(parser)
    parser.add_argument(
        "--dry_run", action="store_true", help="check and list the runs, train none"
    )
    parser.add_argument(
        "--forget", action="store_true",
        help="plan no more what earlier sweeps planned, this one does not, and nobody "
        "has begun",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", help="default: results/<study>")
    arguments.add_machine(parser, arguments.STRATEGIES)


def _add_executor(parser: Any) -> None:
    """Adds the flags that say where runs are done, one for each of `Options`."""
    number, text = arguments.positive, {"metavar": "NAME"}
    parser.add_argument(
        "--executor", choices=EXECUTORS, default="inline",
        help="this machine, a Ray cluster, or Slurm",
    )  # fmt: skip
    parser.add_argument("--jobs", type=number, metavar="N", help="runs at a time")
    slurm = parser.add_argument_group("--executor slurm")
    slurm.add_argument("--partition", **text, help="as sbatch has it")
    slurm.add_argument("--gres", **text, help="e.g. gpu:1")
    slurm.add_argument("--constraint", **text, help="as sbatch has it")
    slurm.add_argument("--minutes", type=number, metavar="N", help="limit of a job")
    slurm.add_argument("--max_jobs", type=number, metavar="N", help="jobs in the queue")
    slurm.add_argument(
        "--runs_per_job", type=number, metavar="K",
        help="small runs that share a job, side by side",
    )  # fmt: skip
    slurm.add_argument(
        "--nodes",
        type=number,
        metavar="N",
        help="of a run; with --strategy multiworker",
    )
    slurm.add_argument("--detach", action="store_true", help="submit and leave")
    ray = parser.add_argument_group("--executor ray")
    ray.add_argument("--address", help="of a cluster; default: this machine")
    ray.add_argument("--cpus", type=_amount, metavar="N", help="of a run")
    ray.add_argument("--gpus", type=_amount, metavar="N", help="of a run, e.g. 0.25")


def _amount(text: str) -> float:
    """Returns a number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number from 0 on, not '{text}'")
    return value


def _sweep(flags: argparse.Namespace) -> int:
    machine.studies(flags)
    from compare_ssgan.studies.plan import Overrides
    from compare_ssgan.studies.sweep import sweep

    summary = sweep(
        flags.study,
        arguments.optional_path(flags.out),
        executor=flags.executor,
        options=Options(
            **{
                name: value
                for name, value in vars(flags).items()
                if name in Options._fields
            }
        ),
        dry_run=flags.dry_run,
        forget=flags.forget,
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
