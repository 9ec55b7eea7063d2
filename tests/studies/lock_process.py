"""Processes that hold a run directory, on machines and file systems of many kinds."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

BEAT_SECONDS, STALE_SECONDS = 0.2, 1.5

NO_LOCKS = """
def refuse(*_):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = refuse
"""
# A machine that grants its own locks, knowing nothing of another one's.
LOCAL_LOCKS = "fcntl.flock = lambda *_: None"


def machine(name):
    """What makes a process believe it is on another machine."""
    return f"locks.kernel = lambda: {name!r}"


def clock(seconds):
    """What makes a machine's clock wrong."""
    return f"""
right, utime = time.time, os.utime
time.time = lambda: right() + {seconds}
# On some file systems the time of a file is that of the machine that renews it.
os.utime = lambda path: utime(path, (time.time(), time.time()))
"""


_PROGRAM = """
import errno, fcntl, os, pathlib, sys, time
from compare_ssgan.analysis.records import locks
locks.BEAT_SECONDS, locks.STALE_SECONDS = {beat}, {stale}
{patches}
from compare_ssgan.errors import CommandError
from compare_ssgan.studies import lock
if sys.argv[2] == "wait":
    print("ready", flush=True)
    sys.stdin.readline()
try:
    with lock.hold(pathlib.Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()
except CommandError as error:
    print("refused", error, flush=True)
    sys.exit(error.exit_code)
"""


class Process:
    """One that holds a directory until it is told to end."""

    def __init__(self, directory, *patches, wait=False):
        patches = "\n".join(patches)
        program = _PROGRAM.format(
            beat=BEAT_SECONDS, stale=STALE_SECONDS, patches=patches
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(directory), "wait" if wait else "go"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(__file__).parents[2],
        )
        self.pid = self.process.pid

    def line(self):
        return self.process.stdout.readline().strip()

    def go(self):
        """Ends it, or has it begin if it waits."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def wait(self):
        return self.process.wait(timeout=20)

    def errors(self):
        return self.process.stderr.read()

    def close(self):
        self.process.kill()
        self.process.communicate()
