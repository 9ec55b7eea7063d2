"""Whether a process works in a run directory, and which one.

Who works there has described itself in the file `lock` and renews its time. It also
holds the kernel's lock of that file (flock) or, where the file system has none, a
lease: the file `lock.N` of the highest N. `studies.lock` takes both.
"""

import contextlib
import errno
import fcntl
import functools
import json
import os
import pathlib
import re
import socket
import tempfile
import time
from typing import Any, NamedTuple

# How often a holder renews the time of its file, and from what age on it counts as
# dead where the kernel cannot tell.
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0

# What flock answers where there are no locks.
UNSUPPORTED = (
    errno.ENOLCK,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
    errno.EINVAL,
    errno.ENOTTY,
)

# What is in a lease that its holder has given back, and in a lock beside leases.
RELEASED = b"released"
LEASED = b'{"lease": true}'


class Holder(NamedTuple):
    """Who works in a run directory, as it describes itself.

    Attributes:
        pid: Process id; "unknown" of one that has just begun.
        host: Name of its machine.
        started: Local time of its beginning, ISO 8601.
        token: Of this one holding; no other has it.
        boot: Id of the running kernel, which all its containers share; "" if unknown.
        pids: Id of the namespace of process ids within that kernel.
    """

    pid: int | str = "unknown"
    host: str = "unknown host"
    started: str = "just now"
    token: str = ""
    boot: str = ""
    pids: str = ""

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another kernel, whose flock may not be known to this one."""
        return bool(self.boot) and self.boot != kernel()

    @property
    def dead(self) -> bool:
        """Whether it is known to be dead, without asking any lock."""
        # Earlier versions named their host only.
        here = (
            (self.boot, self.pids) == (kernel(), process_ids())
            if self.boot
            else self.host == socket.gethostname()
        )
        if not here:
            return False
        try:
            os.kill(int(self.pid), 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError, ValueError):
            return False
        return _is_zombie(int(self.pid))


def is_held(lock: pathlib.Path) -> bool:
    """Says whether a process holds the lock of a run, without disturbing it.

    Args:
        lock: The file `lock` in the run's directory; need not exist.
    """
    return holder(lock) is not None


def holder(lock: pathlib.Path) -> Holder | None:
    """Returns who holds the lock of a run, None if nobody does.

    Args:
        lock: As for `is_held`.
    """
    try:
        with lock.open("rb") as file:
            content = file.read()
            if content == LEASED:
                return _holder_of_lease(lock)
            found = parse(content)
            # Taking the lock, even for a moment, could turn away a run that starts
            # right now; so it is not tried where the holder is known to be dead.
            if found.dead:
                return None
            known = True
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno not in UNSUPPORTED:
                    raise
                known = False
            # Another machine may have a lock of its own on the same file.
            doubtful = found.elsewhere or not known
            return found if content and doubtful and is_fresh(lock) else None
    except FileNotFoundError:
        return None
    except PermissionError:
        return Holder()


def described(lock: pathlib.Path) -> Holder | None:
    """Returns who last described itself in a lock, alive or not.

    None if nobody did, or it has ended in good order.

    Args:
        lock: As for `is_held`.
    """
    with contextlib.suppress(FileNotFoundError, PermissionError):
        content = lock.read_bytes()
        if content == LEASED:
            content = leases(lock)[-1][1].read_bytes() if leases(lock) else b""
        if content and not content.startswith(RELEASED):
            return parse(content)
    return None


def parse(content: bytes) -> Holder:
    """Returns who described itself in a file; all is unknown if it is not readable."""
    try:
        values: Any = json.loads(content)
    except ValueError:
        return Holder()
    if not isinstance(values, dict):
        return Holder()
    known = {name: values[name] for name in Holder._fields if name in values}
    # Anybody may have edited it.
    texts = {name: str(value) for name, value in known.items() if name != "pid"}
    pid = known.get("pid")
    return Holder(**texts)._replace(pid=pid if type(pid) is int else "unknown")


def leases(lock: pathlib.Path) -> list[tuple[int, pathlib.Path]]:
    """Returns numbers and paths of the leases beside a lock, ascending."""
    pattern = re.compile(rf"{re.escape(lock.name)}\.(\d+)")
    try:
        matches = [pattern.fullmatch(name) for name in os.listdir(lock.parent)]
    except FileNotFoundError:
        return []
    numbers = sorted(int(match[1]) for match in matches if match)
    return [(number, lease(lock, number)) for number in numbers]


def lease(lock: pathlib.Path, number: int) -> pathlib.Path:
    """Returns the path of the lease of a number."""
    return lock.with_name(f"{lock.name}.{number}")


def is_fresh(path: pathlib.Path) -> bool:
    """Whether a file was renewed lately, by the clock of its file system."""
    return age_seconds(path) < STALE_SECONDS


def age_seconds(path: pathlib.Path) -> float:
    """Returns seconds since a file was renewed, by the clock of its file system.

    The clocks of the machines that share it need not agree.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    # A network file system asks its server when a file is opened, not for each stat.
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
    return time.monotonic() + _clock(found.st_dev, path.parent) - found.st_mtime


@functools.cache
def kernel() -> str:
    """Returns the id of the running kernel, drawn when it booted."""
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"host {socket.gethostname()}"


@functools.cache
def process_ids() -> str:
    """Returns the id of the namespace in which process ids mean what they say."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _is_zombie(pid: int) -> bool:
    """Whether a process is over, and only its parent has not asked for it yet."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name, in brackets, may hold anything.
    return stat.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])


def _holder_of_lease(lock: pathlib.Path) -> Holder | None:
    found = leases(lock)
    if not found:
        return None
    _, path = found[-1]
    try:
        content = path.read_bytes()
        described = parse(content)
        if content.startswith(RELEASED) or described.dead or not is_fresh(path):
            return None
    except FileNotFoundError:
        # A newer one has just taken its place.
        return Holder()
    return described


_clocks: dict[int, float] = {}


def _clock(device: int, directory: pathlib.Path) -> float:
    """Returns the time of a file system minus this process's monotonic clock."""
    if device not in _clocks:
        try:
            with tempfile.TemporaryFile(dir=directory, prefix=".clock-") as file:
                now = os.fstat(file.fileno()).st_mtime
        except OSError:
            # Nothing may be written there: the local clock has to do.
            now = time.time()
        _clocks[device] = now - time.monotonic()
    return _clocks[device]
