"""Whether a process works in a run directory."""

import fcntl
import json
import os
import pathlib
import socket


def is_held(lock: pathlib.Path) -> bool:
    """Says whether a process holds the lock of a run, without disturbing it.

    Args:
        lock: The file `lock` in the run's directory; need not exist.
    """
    try:
        with lock.open("rb") as file:
            # Taking the lock, even for a moment, could turn away a run that starts
            # right now; so it is not tried where the holder is known to be dead.
            if _is_dead(file.read()):
                return False
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False


def _is_dead(holder: bytes) -> bool:
    try:
        content = json.loads(holder)
        local = content["host"] in (socket.gethostname(), socket.getfqdn())
        pid = int(content["pid"])
    except (ValueError, KeyError, TypeError):
        return False
    if not local:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False
