"""Which engine a process was started by, as its environment tells."""

import os
from collections.abc import Mapping
from typing import NamedTuple


class Engine(NamedTuple):
    """What started a process.

    Attributes:
        name: "slurm", "ray", or "inline" for this machine.
        job: Its job as Slurm's squeue and Ray's dashboard print it; None without one.
    """

    name: str
    job: str | None


def engine(environment: Mapping[str, str] = os.environ) -> Engine:
    """Returns what started this process.

    Args:
        environment: Variables of a process.
    """
    if "SLURM_JOB_ID" in environment:
        array = environment.get("SLURM_ARRAY_JOB_ID")
        task = environment.get("SLURM_ARRAY_TASK_ID")
        job = environment["SLURM_JOB_ID"]
        return Engine("slurm", f"{array}_{task}" if array and task else job)
    # Of a worker; a driver has none.
    if "RAY_RAYLET_PID" in environment:
        job = environment.get("RAY_JOB_ID", "")
        # Until a task is assigned, a worker has the id of none.
        return Engine("ray", job if job.strip("f") else None)
    return Engine("inline", None)
