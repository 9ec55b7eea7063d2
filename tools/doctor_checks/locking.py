"""Whether the locks of a directory keep processes apart, tried with real ones."""

import contextlib
import fcntl
import os
import pathlib
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from compare_ssgan.analysis.records import locks
from tools.doctor_checks.finding import Finding, fail, ok, warn

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Where a machine holds a lock for another one to look at.
SHARED = ".doctor"
_NAME = "locks"
_TIMEOUT_SECONDS = 60
_HOLD = """
import pathlib, sys
from compare_ssgan.errors import CommandError
from compare_ssgan.studies import lock
try:
    with lock.hold(pathlib.Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except CommandError as error:
    print("refused", flush=True)
"""
_OF_ONE_MACHINE = (
    "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs", "zfs",
)  # fmt: skip


def checks(directory: pathlib.Path) -> Iterator[Finding]:
    """Yields what is found about the locks of a directory that can be written to."""
    with tempfile.TemporaryDirectory(dir=directory, prefix=".doctor-") as path:
        problem = _two_processes(pathlib.Path(path))
        supported = _flock_works(pathlib.Path(path))
    if problem:
        yield fail(_NAME, problem, "Choose another directory with --out.")
    elif supported:
        yield ok(
            _NAME, "flock keeps two processes apart, and is free when one is killed"
        )
    else:
        yield warn(
            _NAME,
            "There is no flock here; leases keep two processes apart, and are free "
            "when one is killed.",
            f"A run whose machine dies goes on elsewhere {locks.STALE_SECONDS:.0f} s "
            "later at the earliest. Nothing else need be done.",
        )
    yield _across(directory)


def hold(directory: pathlib.Path, seconds: float) -> int:
    """Holds a lock for another machine to look at, and returns the exit code."""
    place = directory / SHARED
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"Cannot write in {directory}: {error.strerror}.", file=sys.stderr)
        return 1
    process = _start(place)
    held = False
    try:
        answer = _answer(process)
        held = answer == "held"
        if not held:
            reason = {"refused": "it is held already"}.get(answer, answer)
            print(f"No lock can be had in {place}: {reason}.", file=sys.stderr)
            return 1
        print(
            f"Holding a lock in {place} for {seconds:.0f} s. Call on another machine, "
            f"meanwhile:\n    python tools/doctor.py {directory}",
            flush=True,
        )
        time.sleep(max(0.0, seconds))
    finally:
        _end(process)
        # What another one holds is not ours to remove.
        if held:
            for file in place.iterdir():
                file.unlink()
            place.rmdir()
    return 0


def _two_processes(directory: pathlib.Path) -> str:
    """Returns what goes wrong if two processes want one lock; "" if nothing does."""
    with contextlib.ExitStack() as stack:

        def answer() -> tuple[str, subprocess.Popen[str]]:
            process = _start(directory)
            stack.callback(_end, process)
            return _answer(process), process

        first, holder = answer()
        if first != "held":
            return f"a lock cannot be had: {first}"
        second, _ = answer()
        if second != "refused":
            return f"two processes hold one lock (the second answers '{second}')"
        holder.kill()
        holder.wait()
        third, _ = answer()
        if third != "held":
            return f"the lock of a killed process is not free ({third})"
    return ""


def _flock_works(directory: pathlib.Path) -> bool:
    with (directory / "flock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _across(directory: pathlib.Path) -> Finding:
    """Returns whether machines see each other's locks."""
    name = "locks of other machines"
    lock = directory / SHARED / "lock"
    holder = locks.holder(lock)
    if holder is not None and holder.elsewhere:
        if _is_seen(lock):
            return ok(name, f"that of {holder.host} is seen here")
        return warn(
            name,
            f"That of {holder.host} is not seen here; its signs of life are.",
            "A run whose machine dies goes on elsewhere "
            f"{locks.STALE_SECONDS:.0f} s later at the earliest, and two machines must "
            "not begin the same run within a second. Mount the file system with locks "
            "that all machines share (Lustre: -o flock; NFS: without local_lock).",
        )
    kind, options = _mount(directory)
    if kind in _OF_ONE_MACHINE:
        return ok(name, f"{kind} is of this machine only")
    local = [
        option
        for option in options
        if option in ("localflock", "nolock")
        or (
            option.startswith("local_lock=")
            and option not in ("local_lock=none", "local_lock=posix")
        )
    ]
    how = (
        f"Call `python tools/doctor.py {directory} --hold 120` on one machine, and "
        "meanwhile the same without --hold on another."
    )
    if local:
        text = f"{kind} is mounted with {', '.join(local)}: each machine has its own."
        return warn(name, text, f"{how} Better mount it without.")
    return warn(name, f"{kind or 'An unknown file system'}: not tried.", how)


def _is_seen(lock: pathlib.Path) -> bool:
    """Whether the kernel knows of a lock that another machine holds."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _mount(directory: pathlib.Path) -> tuple[str, list[str]]:
    """Returns type and options of the file system that a directory lies on."""
    try:
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return "", []
    device = os.stat(directory).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in reversed(lines):
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(maxsplit=2)
        if fields[2] == number:
            return kind, [*fields[5].split(","), *options.split(",")]
    return "", []


def _start(directory: pathlib.Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _answer(process: subprocess.Popen[str]) -> str:
    """Returns the first line of a process, or the last one of its errors."""
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(_TIMEOUT_SECONDS):
            return f"no answer within {_TIMEOUT_SECONDS} s"
    line = process.stdout.readline().strip()
    if line:
        return line
    errors = process.stderr.read().strip().splitlines()
    return errors[-1] if errors else "it ended"


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
