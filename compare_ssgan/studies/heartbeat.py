"""Signs of life of a process that holds a run directory, and watching for those.

They matter where the kernel cannot tell whether the holder lives: on another machine
whose locks this one may not see, and on file systems without locks.
"""

import contextlib
import os
import pathlib
import platform
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from compare_ssgan.analysis.records import locks
from compare_ssgan.analysis.records.locks import Holder
from compare_ssgan.errors import RunHeldError
from compare_ssgan.studies import progress
from compare_ssgan.studies.record import now

# Two machines that began at once find out soon.
_FIRST_SECONDS = 1.0


def describe() -> Holder:
    """Returns this process as a new holder."""
    return Holder(
        os.getpid(),
        platform.node(),
        now(),
        uuid.uuid4().hex,
        locks.kernel(),
        locks.process_ids(),
    )


@contextlib.contextmanager
def beating(path: pathlib.Path, taken: Callable[[], bool]) -> Iterator[None]:
    """Returns a context in which a thread renews the time of a file.

    If another process has taken the directory meanwhile, because this one was stopped
    or cut off from the file system for long, it ends at once, with the exit code of
    `RunHeldError`: two that write in one directory would spoil it.

    Args:
        path: The file.
        taken: Whether it has.
    """
    over = threading.Event()

    def beat() -> None:
        pause = min(_FIRST_SECONDS, locks.BEAT_SECONDS)
        while not over.wait(pause):
            pause = locks.BEAT_SECONDS
            # The directory may have been removed, or be out of reach for a while.
            with contextlib.suppress(OSError):
                if taken():
                    _end(path)
                os.utime(path)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def watch(path: pathlib.Path) -> bool:
    """Waits for a sign of life of a holder, and says whether there was one.

    No clock of another machine is trusted: a file that is old by the clock of its
    file system is watched for two beats, a younger one until it would be old.

    Args:
        path: The file that describes the holder.
    """
    before = _state(path)
    if before is None:
        return True
    try:
        rest = locks.STALE_SECONDS - locks.age_seconds(path)
    except FileNotFoundError:
        return True
    rest = min(max(rest, 2 * locks.BEAT_SECONDS), locks.STALE_SECONDS)
    found = locks.parse(before[0])
    progress.say(
        f"{path.parent}: process {found.pid} on {found.host} worked here and has not "
        f"said goodbye; watching for {rest:.0f} s whether it lives."
    )
    end = time.monotonic() + rest
    while time.monotonic() < end:
        time.sleep(locks.BEAT_SECONDS / 5)
        if _state(path) != before:
            return True
    return False


def refusal(path: pathlib.Path, found: Holder, work: str) -> RunHeldError:
    """Returns what to tell a process that finds a run directory held.

    Args:
        path: The lock.
        found: Who holds it.
        work: What holding it means.
    """
    return RunHeldError(
        f"{path.parent} is held by process {found.pid} on {found.host} since "
        f"{found.started}. {work}; wait for it, or stop it."
    )


def _state(path: pathlib.Path) -> tuple[bytes, int] | None:
    """Returns content and time of a file, None if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None


def _end(path: pathlib.Path) -> None:
    print(
        f"{path.parent}: this process gave no sign of life for over "
        f"{locks.STALE_SECONDS:.0f} s, so another one took the directory. It ends at "
        "once; what the other one does is the same run.",
        file=sys.stderr,
        flush=True,
    )
    os._exit(RunHeldError.exit_code)
