"""What state a run is in: told by its directory, and by nothing else."""

import pathlib
from collections.abc import Mapping
from typing import Any

from compare_ssgan.analysis.records import locks


def status(directory: pathlib.Path, record: Mapping[str, Any] | None) -> str:
    """Returns "done", "diverged", "running", "partial", "failed" or "missing".

    Args:
        directory: Of the run; need not exist.
        record: Its run.json; None if there is none.
    """
    if record is not None and (directory / "DONE").is_file():
        recorded = str(record["status"])
        if recorded in ("failed", "diverged"):
            return recorded
        return "diverged" if record.get("diverged") else "done"
    if locks.is_held(directory / "lock"):
        # Between taking the lock and the first record lies the building of the run.
        return "running"
    if record is not None:
        return "failed" if record["status"] == "failed" else "partial"
    # One with a directory was killed before the first record was written.
    return "partial" if directory.is_dir() else "missing"
