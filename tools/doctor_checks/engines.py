"""Whether Slurm and Ray can be reached."""

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Callable, Iterator

from tools.doctor_checks.finding import Finding, call, fail, ok, warn

_SLURM = ("sinfo", "squeue", "sbatch", "srun", "scontrol")
_TIMEOUT_SECONDS = 20
_RAY_TIMEOUT_SECONDS = 60
_RAY = """
import json, os, sys
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
import ray
ray.init(address=sys.argv[1] or None, log_to_driver=False, logging_level="ERROR",
         include_dashboard=False if not sys.argv[1] else None)
have = ray.cluster_resources()
nodes = sum(each["Alive"] for each in ray.nodes())
wanted = {name: have.get(name, 0) for name in ("CPU", "GPU")}
print(json.dumps(wanted)[1:-1].replace('"', "") + f" on {nodes} node(s)")
ray.shutdown()
"""


def slurm(wanted: bool) -> Iterator[Finding]:
    """Yields what is found about Slurm.

    Args:
        wanted: Whether runs are to be done by it, so that its absence is a failure.
    """
    missing = [name for name in _SLURM if shutil.which(name) is None]
    if missing:
        if wanted or len(missing) < len(_SLURM):
            yield (fail if wanted else warn)(
                "Slurm",
                f"There is no {', '.join(missing)} in PATH.",
                "Call this on a login node, or load Slurm's module.",
            )
        else:
            yield ok("Slurm", "not here; only --executor slurm needs it")
        return
    version = call(["sinfo", "--version"], _TIMEOUT_SECONDS)
    partitions = call(
        ["sinfo", "--noheader", "--format=%P|%a|%l|%D|%G"], _TIMEOUT_SECONDS
    )
    if version.problem or partitions.problem:
        yield (fail if wanted else warn)(
            "Slurm",
            f"{version.output or 'sinfo'}: {version.problem or partitions.problem}",
            "Its controller does not answer: see `scontrol ping`.",
        )
    else:
        yield ok("Slurm", version.output)
        yield from _queue(wanted)
        yield _partitions(partitions.output, wanted)
        yield from _configuration()
    yield _package("submitit", "slurm", wanted)


def ray(wanted: bool, address: str | None) -> Iterator[Finding]:
    """Yields what is found about Ray.

    Args:
        wanted: Whether runs are to be done by it.
        address: Of the cluster; None for one of this machine, begun for the test.
    """
    package = _package("ray", "ray", wanted)
    yield package
    if package.verdict != "ok" or not (wanted or address):
        return
    where = f"of {address}" if address else "of this machine"
    command = [sys.executable, "-c", _RAY, address or ""]
    answer = call(command, _RAY_TIMEOUT_SECONDS)
    if answer.problem:
        yield fail(
            f"Ray {where}",
            answer.problem,
            "Look at `ray status` on the head node; --address is what `ray start` "
            "printed. Ray's version, and its token if it has one, must be equal.",
        )
    else:
        yield ok(f"Ray {where}", answer.output.splitlines()[-1])


def _queue(wanted: bool) -> Iterator[Finding]:
    answer = call(["squeue", "--noheader", "--me", "--format=%T"], _TIMEOUT_SECONDS)
    if answer.problem:
        advice = "`status` and `sweep` ask it what became of jobs."
        yield (fail if wanted else warn)("Slurm's queue", answer.problem, advice)
        return
    number = len(answer.output.splitlines())
    yield ok("Slurm's queue", f"{number} job{'s' * (number != 1)} of yours")


def _partitions(text: str, wanted: bool) -> Finding:
    rows = [line.split("|") for line in text.splitlines()]
    told = [
        f"{name} ({nodes} nodes, limit {limit}, "
        f"{'no GRES' if gres == '(null)' else gres}{'' if state == 'up' else ', DOWN'})"
        for name, state, limit, nodes, gres in (row for row in rows if len(row) == 5)
    ]
    if not told:
        verdict: Callable[[str, str, str], Finding] = fail if wanted else warn
        advice = "Ask the administrators which partition is yours."
        return verdict("Slurm's partitions", "none", advice)
    return ok("Slurm's partitions", "; ".join(told))


def _configuration() -> Iterator[Finding]:
    answer = call(["scontrol", "show", "config"], _TIMEOUT_SECONDS)
    found = dict(re.findall(r"^(\w+)\s+= (.*?)\s*$", answer.output, re.MULTILINE))
    size = found.get("MaxArraySize")
    if size is None:
        advice = "Without it `sweep` does not know how large an array of jobs may be."
        yield warn("Slurm's arrays", answer.problem or "no MaxArraySize", advice)
    else:
        yield ok("Slurm's arrays", f"MaxArraySize {size}: larger studies are split")
    storage = found.get("AccountingStorageType", "unknown")
    if storage.endswith("/none"):
        text = "none: what became of a job is read from its run directories"
    else:
        text = storage
    yield ok("Slurm's accounting", text)
    preemption = found.get("PreemptType", "unknown")
    if preemption.endswith("/none"):
        preemption = "none"
    yield ok(
        "Slurm's pre-emption", f"{preemption}; KillWait {found.get('KillWait', '?')}"
    )


def _package(name: str, extra: str, wanted: bool) -> Finding:
    try:
        return ok(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if not wanted:
            return ok(name, f"not installed; only --executor {extra} needs it")
        return fail(name, "not installed", f"pip install 'compare_ssgan[{extra}]'")
