"""Exclusive work in a run directory, by a lock that dies with its process."""

import datetime
import fcntl
import json
import os
import pathlib
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compare_ssgan.analysis import locks
from compare_ssgan.errors import CommandError, RunHeldError

# Of the process that trains, and of the one that evaluates its checkpoints.
TRAINING, EVALUATION = "lock", "evaluate.lock"

_RETRIES, _PAUSE_SECONDS = 5, 0.05


@contextmanager
def hold(
    directory: pathlib.Path, file: str = TRAINING, work: str = "It does the same run"
) -> Iterator[None]:
    """Holds a lock of a run directory.

    The lock is the kernel's (flock) and freed on any death of the process; the file
    only tells others who holds it.

    Args:
        directory: The run's directory.
        file: Name of the lock; one does not exclude another.
        work: What holding it means, for the message.

    Raises:
        RunHeldError: If another process holds it; says who.
        CommandError: If the file system has no locks.
    """
    descriptor = _acquire(directory / file, work)
    try:
        holder = {
            "pid": os.getpid(),
            "host": platform.node(),
            "started": datetime.datetime.now().astimezone().isoformat("T", "seconds"),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        # Nobody is named who holds it no more.
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def holder(directory: pathlib.Path) -> dict[str, Any] | None:
    """Returns pid, host and start of the process that works in a run directory.

    None if there is none. A process that has just begun may not be described yet:
    then the values are unknown.
    """
    path = directory / TRAINING
    return _read_holder(path) if locks.is_held(path) else None


def _acquire(path: pathlib.Path, work: str) -> int:
    for attempt in range(_RETRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The file may have been removed between opening and locking it.
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            # Somebody may merely be asking who holds it.
            if attempt < _RETRIES - 1:
                time.sleep(_PAUSE_SECONDS)
        except OSError as error:
            os.close(descriptor)
            raise CommandError(
                f"The file system of {path} does not support locks "
                f"({error.strerror}); choose another directory with --out."
            ) from error
    found = _read_holder(path)
    raise RunHeldError(
        f"{path.parent} is held by process {found['pid']} on {found['host']} since "
        f"{found['started']}. {work}; wait for it, or stop it."
    )


def _read_holder(path: pathlib.Path) -> dict[str, Any]:
    unknown = {"pid": "unknown", "host": "unknown host", "started": "just now"}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return unknown
    return unknown | content if isinstance(content, dict) else unknown
