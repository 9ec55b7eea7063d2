"""The machine and this process on it."""

import os
import pathlib
import re
import resource
import time
from typing import Any

_PROC = pathlib.Path("/proc")
# What decides how fast a processor multiplies: 16 floats at a time, bfloat16 pairs,
# bfloat16 tiles.
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")


def describe() -> dict[str, Any]:
    """Returns model, cores, memory in bytes, and the flags that the speed hangs on."""
    information = _read(_PROC / "cpuinfo")
    models = re.findall(r"^model name\s*: (.+)$", information, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.+)$", information, re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    return {
        "processor": models[0] if models else None,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "flags": {name: name in present for name in _FLAGS},
    }


def peak_rss_bytes() -> int:
    """Returns the largest resident memory this process has had."""
    # ru_maxrss also remembers what the process was before exec, hence its parent.
    found = re.search(r"^VmHWM:\s+(\d+) kB", _read(_PROC / "self/status"), re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def rss_bytes() -> int:
    """Returns the resident memory this process has now."""
    pages = int((_PROC / "self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def seconds_since_start() -> float:
    """Returns the seconds since the system created this process."""
    # The name in brackets, which comes second, may contain blanks.
    fields = (_PROC / "self/stat").read_text(encoding="utf-8").rpartition(")")[2]
    ticks = int(fields.split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
