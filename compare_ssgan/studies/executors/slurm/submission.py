"""Handing runs over to Slurm: arrays, written and submitted by submitit."""

import importlib
import pathlib
import re
import shutil
from collections.abc import Sequence
from typing import Any

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError
from compare_ssgan.studies import files
from compare_ssgan.studies.executors import base
from compare_ssgan.studies.executors.base import Options
from compare_ssgan.studies.executors.slurm import job
from compare_ssgan.studies.record import now
from compare_ssgan.studies.request import RunRequest

_COMMANDS = ("sbatch", "squeue", "scontrol", "srun")
# Seconds before a job's time limit at which it is told to save, but at most a quarter
# of the limit. Slurm may tell it up to a minute earlier.
_LEAD_SECONDS = 120
# What the other workers of a run have left when one has ended: all end together.
_WAIT_SECONDS = 120
# What submitit leaves of a submission that failed.
_REST = re.compile(r"[0-9a-f]{32}\.pkl|\.submission_file_[0-9a-f]{32}\.sh")
_INSTEAD = {
    "jobs": "--max_jobs N limits the jobs in the queue, and --runs_per_job K puts K "
    "runs into each.",
    "cpus": "--threads N sets the processors of a run.",
    "gpus": "--gres sets the GPUs of a job.",
}


class SubmissionError(InputError):
    """Slurm did not take a job."""


def check(options: Options, strategy: str) -> None:
    """Refuses what Slurm cannot honour; see `base.Check`."""
    base.refuse("slurm", options, _INSTEAD)
    _check_nodes(options, strategy)


def check_machine() -> None:
    """Refuses machines from which nothing can be submitted.

    Raises:
        InputError: If something is not installed.
    """
    try:
        importlib.import_module("submitit")
    except ImportError as error:
        raise InputError(
            f"--executor slurm needs submitit ({error}). Install the extra 'slurm': "
            "pip install 'compare_ssgan[slurm]', in a checkout pip install -e "
            "'.[slurm]'."
        ) from error
    for command in _COMMANDS:
        if shutil.which(command) is None:
            raise InputError(
                f"There is no {command} on this machine (in PATH). Run the sweep where "
                "Slurm's commands are, or choose another --executor."
            )


def _check_nodes(options: Options, strategy: str) -> None:
    """Raises InputError if the number of nodes does not fit the strategy."""
    if strategy != "multiworker":
        if options.nodes is not None:
            raise InputError(
                f"--nodes {options.nodes} is for --strategy multiworker, which spreads "
                f"a run over several nodes. With --strategy {strategy} it has one: "
                "remove --nodes."
            )
        return
    if (options.nodes or 1) == 1:
        raise InputError(
            "--strategy multiworker needs --nodes N, the number of nodes of a run, 2 "
            "or more. Within one node choose --strategy mirrored."
        )
    if (options.runs_per_job or 1) > 1:
        raise InputError(
            f"--runs_per_job {options.runs_per_job} is not possible with --strategy "
            "multiworker, whose runs have several nodes each. Remove it."
        )


def submit(
    groups: Sequence[Sequence[RunRequest]],
    options: Options,
    directory: pathlib.Path,
    cluster: str,
) -> list[str]:
    """Submits one array, or a job by itself, and puts it on record.

    Args:
        groups: The runs of every job; no more than an array may have tasks.
        options: Of the command line.
        directory: Of the study.
        cluster: Name of the cluster, for the record.

    Returns:
        What squeue calls each of the jobs.

    Raises:
        SubmissionError: If Slurm does not take them.
    """
    submitit = importlib.import_module("submitit")
    errors = importlib.import_module("submitit.core.utils")
    folder = job.folder(directory)
    executor = submitit.SlurmExecutor(folder)
    executor.update_parameters(**_parameters(groups, options))
    try:
        submitted = executor.map_array(
            job.work, [job.Work(tuple(group), options.program) for group in groups]
        )
    except (errors.FailedJobError, errors.FailedSubmissionError) as error:
        for path in folder.iterdir():
            if _REST.fullmatch(path.name) and not path.is_symlink():
                path.unlink()
        raise SubmissionError(
            f"Slurm does not take the jobs: {_reason(error)} Options are --partition, "
            "--gres, --constraint, --minutes, --max_jobs, --threads, and sbatch's "
            "variables, such as SBATCH_ACCOUNT."
        ) from error
    names = [each.job_id for each in submitted]
    time = now()
    note(
        directory,
        [
            queue.Job(request.run_id, name, time, cluster)
            for name, group in zip(names, groups, strict=True)
            for request in group
        ],
    )
    return names


def note(directory: pathlib.Path, rows: Sequence[queue.Job]) -> None:
    """Adds to a study's record of jobs: all rows, or none if writing fails.

    One process does so at a time.

    Args:
        directory: Of the study.
        rows: What was handed over.
    """
    path = directory / queue.FILE
    # A copy may have been cut short: what follows half a row could not be read.
    text = files.whole_rows(path) + files.to_lines(r._asdict() for r in rows).encode()
    files.write_atomically(path, text)


def _parameters(
    groups: Sequence[Sequence[RunRequest]], options: Options
) -> dict[str, Any]:
    """Returns submitit's parameters of a submission."""
    requests = [request for group in groups for request in group]
    minutes = options.minutes
    lead = _LEAD_SECONDS if minutes is None else min(_LEAD_SECONDS, 15 * minutes)
    parameters: dict[str, Any] = {
        "job_name": f"compare_ssgan-{requests[0].study}",
        # submitit's own default is 5 minutes, the partition's is None.
        "time": minutes,
        "signal_delay_s": lead,
        "partition": options.partition,
        "gres": options.gres,
        "constraint": options.constraint,
        "array_parallelism": len(groups),
        "stderr_to_stdout": True,
        # Not every cluster accepts a key it does not know.
        "wckey": None,
        "additional_parameters": {"requeue": True},
    }
    srun_arguments = []
    threads = max((request.threads or 0) for request in requests)
    if threads:
        processors = threads * max(len(group) for group in groups)
        parameters["cpus_per_task"] = processors
        # Since 22.05 srun does not take this from sbatch.
        srun_arguments.append(f"--cpus-per-task={processors}")
    if options.nodes:
        parameters |= {"nodes": options.nodes, "ntasks_per_node": 1}
        # The others would wait an hour for a worker that failed before it met them.
        srun_arguments.append(f"--wait={_WAIT_SECONDS}")
    return parameters | {"srun_args": srun_arguments}


def _reason(error: Exception) -> str:
    """Returns what sbatch said, without the command and the traceback around it."""
    lines = str(error).splitlines()
    said = [line for line in lines if line.startswith("sbatch: ")]
    return queue.message("\n".join(said or lines[-1:]))
