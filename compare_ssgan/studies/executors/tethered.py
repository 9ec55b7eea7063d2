"""A run as a process that does not outlive the one that looks after it.

Whoever looks after runs elsewhere needs no TensorFlow: that would take as much
memory, and as long to start, as a small run itself.
"""

import os
import pathlib
import signal
import sys
import time
from collections.abc import Mapping, Sequence

from compare_ssgan.analysis.records import locks
from compare_ssgan.studies import stop
from compare_ssgan.studies.executors import process

_POLL_SECONDS = 0.1
_LOCK_POLL_SECONDS = 1.0

# Asks Linux for SIGTERM when the parent dies, and becomes the command. Done after the
# start of an interpreter of its own since code between fork and exec can hang in a
# process with threads.
_TETHER = f"""
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, {int(signal.SIGTERM)})
if os.getppid() != int(sys.argv[1]):
    sys.exit("Its parent is dead.")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def run(
    command: Sequence[str], log: pathlib.Path, environment: Mapping[str, str | None]
) -> int:
    """Does a command, and returns its exit code; 128 + n if signal n killed it.

    On SIGTERM, SIGUSR2, SIGHUP or Ctrl-C the command is told to stop by SIGTERM, and
    its end awaited. The same signal reaches it when this process dies, however that
    happens (on Linux).

    Args:
        command: A program and its arguments.
        log: What it prints is appended to this file.
        environment: Changes of the environment; None removes a variable.

    Raises:
        FileNotFoundError: If there is no such program.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with stop.listening() as flag:
        tether = [sys.executable, "-S", "-c", _TETHER, str(os.getpid())]
        started = process.start([*tether, *command], log, environment)
        told = False
        try:
            while started.poll() is None:
                if flag() and not told:
                    started.send_signal(signal.SIGTERM)
                    told = True
                time.sleep(_POLL_SECONDS)
        finally:
            # After a second Ctrl-C, nothing goes on unattended.
            if started.returncode is None:
                started.terminate()
                started.wait()
    return process.exit_code(started)


def await_release(lock: pathlib.Path, seconds: float) -> bool:
    """Waits until nobody holds the lock of a run, but not for ever.

    A process whose parent died may be saving its last checkpoint.

    Args:
        lock: The file in the run's directory.
        seconds: The longest time to wait.

    Returns:
        Whether it was asked to stop by SIGTERM, SIGUSR2, SIGHUP or Ctrl-C.
    """
    latest = time.monotonic() + seconds
    with stop.listening() as flag:
        while locks.is_held(lock) and time.monotonic() < latest and not flag():
            time.sleep(_LOCK_POLL_SECONDS)
        return flag()
