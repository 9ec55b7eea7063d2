"""The processes of one run on several hosts: who they are, and where."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

from compare_ssgan.errors import InputError

_VARIABLE = "TF_CONFIG"
# Each job has ports of its own, below those that systems hand out by themselves.
_FIRST_PORT, _PORTS_PER_JOB, _JOBS = 12_000, 64, 300

_EXAMPLE = (
    '{"cluster": {"worker": ["host1:12345", "host2:12345"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Place(NamedTuple):
    """This process among those of a run.

    Attributes:
        worker: Number of this process, from 0 on; number 0 keeps the record.
        num_workers: Number of processes.
    """

    worker: int
    num_workers: int


ONLY_PROCESS = Place(0, 1)


def place() -> Place:
    """Returns the place that the environment gives this process.

    It is that of TF_CONFIG, as TensorFlow documents it. Within a step of Slurm with
    several tasks (`srun`) that variable is not needed, and is set here.

    Raises:
        InputError: If the environment names no other processes, or nonsense.
    """
    if _VARIABLE not in os.environ and int(os.environ.get("SLURM_NTASKS", "1")) > 1:
        os.environ[_VARIABLE] = json.dumps(_of_slurm(os.environ))
    text = os.environ.get(_VARIABLE)
    if text is None:
        raise InputError(
            "--strategy multiworker needs to know the processes of the run: start it "
            f"with srun and several tasks, or set {_VARIABLE} for each process, such "
            f"as {_EXAMPLE}."
        )
    try:
        content = json.loads(text)
        workers, task = content["cluster"]["worker"], content["task"]
        found = Place(int(task["index"]), len(workers))
        is_wrong = len(content["cluster"]) > 1 or task["type"] != "worker"
    except (ValueError, TypeError, KeyError):
        is_wrong = True
    if is_wrong or not 0 <= found.worker < found.num_workers:
        raise InputError(
            f"{_VARIABLE} must list workers, and which of them this process is, such "
            f"as {_EXAMPLE}; received {text!r}."
        )
    if found.num_workers == 1:
        raise InputError(
            f"--strategy multiworker is for several processes, but {_VARIABLE} lists "
            "one. Remove --strategy, or choose mirrored."
        )
    return found


def _of_slurm(environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns the contents of TF_CONFIG for a task of a step of Slurm."""
    hosts = _scontrol("show", "hostnames", environment["SLURM_STEP_NODELIST"]).split()
    numbers = _tasks_per_node(environment["SLURM_STEP_TASKS_PER_NODE"])
    job = int(environment["SLURM_JOB_ID"]) + int(environment["SLURM_STEP_ID"])
    port = _FIRST_PORT + job % _JOBS * _PORTS_PER_JOB
    workers: list[str] = []
    for host, number in zip(hosts, numbers, strict=True):
        address = _address(host)
        workers += [f"{address}:{port + len(workers) + i}" for i in range(number)]
    index = int(environment["SLURM_PROCID"])
    return {
        "cluster": {"worker": workers},
        "task": {"type": "worker", "index": index},
    }


def _tasks_per_node(text: str) -> list[int]:
    """Returns the numbers in Slurm's notation: "2(x3),1" is 2, 2, 2, 1."""
    numbers = []
    for part in text.split(","):
        number, times = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part).groups()  # type: ignore[union-attr]
        numbers += [int(number)] * int(times or 1)
    return numbers


def _address(host: str) -> str:
    """Returns where Slurm finds a node: names need not be known to the network."""
    match = re.search(r"NodeAddr=(\S+)", _scontrol("show", "node", host, "--oneliner"))
    return match[1] if match else host


def _scontrol(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["scontrol", *arguments], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(
            "--strategy multiworker asks Slurm's scontrol for the hosts of the step, "
            f"which failed: {error}. Set {_VARIABLE} instead."
        ) from error
