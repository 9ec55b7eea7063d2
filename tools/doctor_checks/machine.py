"""What this machine has to train with."""

import json
import math
import os
import pathlib
import shutil
import sys
from collections.abc import Iterator

from tools.doctor_checks.finding import Finding, call, fail, ok, warn
from tools.doctor_checks.locking import ROOT

_TIMEOUT_SECONDS = 180
_CGROUP = pathlib.Path("/sys/fs/cgroup")
# A run of the default networks takes about 1.1 GB.
_LITTLE_BYTES = 2 * 10**9
# A product on each accelerator: one that is listed may still lack libraries.
_PROGRAM = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
import compare_ssgan
from compare_ssgan.studies import provenance
devices = []
for device in tf.config.list_physical_devices():
    if device.device_type != "CPU":
        tf.config.experimental.set_memory_growth(device, True)
        details = tf.config.experimental.get_device_details(device)
        devices.append(details.get("device_name", device.name))
for number in range(len(devices)):
    with tf.device(f"GPU:{number}"):
        tf.linalg.matmul(tf.ones([8, 8]), tf.ones([8, 8])).numpy()
print(json.dumps({
    "devices": devices, "versions": provenance.versions(),
    "commit": provenance.git_commit(), "package": compare_ssgan.__version__,
    "path": os.path.dirname(compare_ssgan.__file__),
}))
"""


def checks() -> Iterator[Finding]:
    """Yields what is found about this machine."""
    answer = call([sys.executable, "-c", _prefixed(_PROGRAM)], _TIMEOUT_SECONDS)
    if answer.problem:
        yield fail(
            "TensorFlow",
            answer.problem,
            "Install the package anew; `python -c 'import tensorflow'` says more.",
        )
    else:
        told = json.loads(answer.output.splitlines()[-1])
        yield from _versions(told)
        yield _accelerators(told["devices"])
    yield _threads()
    yield _memory()


def _versions(told: dict) -> Iterator[Finding]:
    versions = ", ".join(
        f"{name} {number}" for name, number in told["versions"].items()
    )
    yield ok("TensorFlow", versions)
    commit = told["commit"]
    where = f"compare_ssgan {told['package']} in {told['path']}"
    if commit is None:
        yield ok("version", f"{where}, no checkout of git: records name no commit")
    elif commit.endswith("-dirty"):
        yield warn(
            "version",
            f"{where}, {commit}",
            "Files differ from the commit that records will name: commit them before "
            "runs that are to be reported.",
        )
    else:
        yield ok("version", f"{where}, commit {commit}")


def _accelerators(devices: list[str]) -> Finding:
    if devices:
        return ok("accelerators", ", ".join(devices))
    present = pathlib.Path("/dev/nvidia0").exists() or _listed_by_nvidia()
    if present:
        return warn(
            "accelerators",
            "There is an NVIDIA GPU, but TensorFlow sees none.",
            "pip install 'compare_ssgan[gpu]', and see that CUDA_VISIBLE_DEVICES is "
            "not empty.",
        )
    return ok("accelerators", "none: runs will use the processor")


def _listed_by_nvidia() -> bool:
    if shutil.which("nvidia-smi") is None:
        return False
    return "GPU" in call(["nvidia-smi", "--list-gpus"], 20).output


def _threads() -> Finding:
    usable, all_of_them = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    found = f"{usable} of {all_of_them} processors may be used"
    limit = _processor_limit()
    if limit < usable:
        number = max(1, math.floor(limit))
        return warn(
            "processors",
            f"{found}, but for {limit:g} processors' time only",
            f"More threads than that slow a run down: --threads {number}.",
        )
    return ok("processors", found)


def _processor_limit() -> float:
    """Returns how many processors' time the control group allows."""
    try:
        if (_CGROUP / "cpu.max").exists():
            quota, period = (_CGROUP / "cpu.max").read_text().split()
        else:
            cpu = _CGROUP / "cpu"
            quota = (cpu / "cpu.cfs_quota_us").read_text()
            period = (cpu / "cpu.cfs_period_us").read_text()
    except (OSError, ValueError):
        return math.inf
    return int(quota) / int(period) if quota.strip() not in ("max", "-1") else math.inf


def _memory() -> Finding:
    available = _available_bytes()
    if available is None:
        return warn("memory", "Cannot be found out here.", "A run takes 1 GB or more.")
    found = f"{available / 1e9:.1f} GB available"
    if available < _LITTLE_BYTES:
        return warn(
            "memory",
            found,
            "The smallest runs take about 1.1 GB each: start fewer at a time (--jobs).",
        )
    return ok("memory", found)


def _available_bytes() -> int | None:
    """Returns what is free, or what the control group leaves if that is less."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    values = dict(line.split(":") for line in lines)
    available = int(values["MemAvailable"].split()[0]) * 1024
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            left = int((_CGROUP / limit).read_text()) - int(
                (_CGROUP / usage).read_text()
            )
        except (OSError, ValueError):
            continue
        available = min(available, max(0, left))
    return available


def _prefixed(program: str) -> str:
    """Returns a program that finds this checkout first."""
    return f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"
