"""Exclusive work in a run directory on a file system without locks.

Leases are numbered files beside the lock: who creates the next number, which the file
system grants to one only, has the directory. It may be created if the highest one was
given back, or its holder gives no sign of life. No lease is ever taken from its
holder by renaming or removing it: two that judge at different times cannot remove
each other's.
"""

import json
import os
import pathlib

from compare_ssgan.analysis.records import locks
from compare_ssgan.studies import heartbeat


def take(path: pathlib.Path, work: str) -> pathlib.Path:
    """Takes the next lease of a lock, and returns its path.

    Args:
        path: The lock.
        work: What holding it means, for the message.

    Raises:
        RunHeldError: If another process holds it; says who.
    """
    number = _free_number(path, work)
    lease = locks.lease(path, number)
    try:
        descriptor = os.open(lease, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        # Another one was faster.
        raise heartbeat.refusal(path, _described(lease), work) from None
    try:
        os.write(descriptor, json.dumps(heartbeat.describe()._asdict()).encode())
        os.fsync(descriptor)
    except OSError:
        lease.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    # Those that were above the one we judged may have come and gone meanwhile; the
    # highest one never goes.
    if is_taken(path, lease):
        lease.unlink(missing_ok=True)
        highest = locks.leases(path)[-1][1]
        raise heartbeat.refusal(path, _described(highest), work)
    for _, older in locks.leases(path)[:-1]:
        older.unlink(missing_ok=True)
    # Tells readers where to look.
    path.write_bytes(locks.LEASED)
    return lease


def is_taken(path: pathlib.Path, lease: pathlib.Path) -> bool:
    """Whether another process has a newer lease of a lock."""
    found = locks.leases(path)
    # There is none where the directory was emptied.
    return bool(found) and found[-1][1] != lease


def give_back(path: pathlib.Path, lease: pathlib.Path) -> None:
    """Gives a lease back, so that the next one may be taken at once."""
    if is_taken(path, lease) or not lease.exists():
        return
    descriptor = os.open(lease, os.O_WRONLY)
    try:
        os.pwrite(descriptor, locks.RELEASED, 0)
        os.ftruncate(descriptor, len(locks.RELEASED))
    finally:
        os.close(descriptor)


def _free_number(path: pathlib.Path, work: str) -> int:
    """Returns the number of the lease that may be taken.

    Raises:
        RunHeldError: If none may.
    """
    found = locks.leases(path)
    # A machine whose locks work describes its process in the lock itself.
    for file in [path, *(lease for _, lease in found[-1:])]:
        content = _content(file)
        if content == b"" and file == path:
            continue
        if content == locks.LEASED or content.startswith(locks.RELEASED):
            continue
        if locks.parse(content).dead or not heartbeat.watch(file):
            continue
        # Its time was renewed, or it was given back: that is as good as free.
        content = _content(file)
        if content and not content.startswith(locks.RELEASED):
            raise heartbeat.refusal(path, locks.parse(content), work)
    return found[-1][0] + 1 if found else 1


def _described(lease: pathlib.Path) -> locks.Holder:
    return locks.parse(_content(lease))


def _content(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
