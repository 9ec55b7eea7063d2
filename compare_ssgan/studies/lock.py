"""Exclusive work in a run directory, by a lock that dies with its process."""

import fcntl
import functools
import json
import os
import pathlib
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compare_ssgan.analysis.records import locks
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import heartbeat, lease, progress

# Of the process that trains, and of the one that evaluates its checkpoints.
TRAINING, EVALUATION = "lock", "evaluate.lock"

_RETRIES, _PAUSE_SECONDS = 5, 0.05


@contextmanager
def hold(
    directory: pathlib.Path, file: str = TRAINING, work: str = "It does the same run"
) -> Iterator[None]:
    """Holds a lock of a run directory.

    The lock is the kernel's (flock), freed on any death of the process. The file tells
    others who holds it, and its time, renewed every `locks.BEAT_SECONDS`, that the
    holder lives: a machine that does not see this one's locks goes by that. Where the
    file system has no locks it is a lease, by the same signs of life; that is said on
    stderr.

    Not covered are two machines that do not see each other's locks, and take the same
    run within a second of each other: one of them ends when it notices. Nor is a
    process that was stopped (SIGSTOP) for over `locks.STALE_SECONDS`, within the
    seconds in which it goes on and notices that another has taken over.

    Args:
        directory: The run's directory.
        file: Name of the lock; one does not exclude another.
        work: What holding it means, for the message.

    Raises:
        RunHeldError: If another process holds it; says who.
        InputError: If the lock belongs to somebody else.
        CommandError: If locking fails in another way.
    """
    path = directory / file
    descriptor = _acquire(path, work)
    if descriptor is None:
        with _leased(path, work):
            yield
    else:
        with _locked(path, descriptor, work):
            yield


def holder(directory: pathlib.Path) -> dict[str, Any] | None:
    """Returns pid, host and start of the process that works in a run directory.

    None if there is none. A process that has just begun may not be described yet:
    then the values are unknown.
    """
    found = locks.holder(directory / TRAINING)
    return None if found is None else found._asdict()


@contextmanager
def _locked(path: pathlib.Path, descriptor: int, work: str) -> Iterator[None]:
    """Works under a lock that this kernel has granted."""
    try:
        _refuse_elsewhere(path, work)
        mine = heartbeat.describe()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(mine._asdict()).encode(), 0)
        try:
            with heartbeat.beating(path, lambda: _is_taken(path, mine)):
                yield
        finally:
            # Nobody is named who holds it no more.
            if not _is_taken(path, mine):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def _leased(path: pathlib.Path, work: str) -> Iterator[None]:
    mine = lease.take(path, work)
    try:
        with heartbeat.beating(mine, lambda: lease.is_taken(path, mine)):
            yield
    finally:
        lease.give_back(path, mine)


def _is_taken(path: pathlib.Path, mine: locks.Holder) -> bool:
    """Whether a lock describes another process than the one that it was given to."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return bool(content) and locks.parse(content).token != mine.token


def _refuse_elsewhere(path: pathlib.Path, work: str) -> None:
    """Refuses what this kernel grants if another machine's process is at work."""
    content = path.read_bytes()
    if content == locks.LEASED:
        found = locks.holder(path)
        if found is not None:
            raise heartbeat.refusal(path, found, work)
        return
    if locks.parse(content).elsewhere and heartbeat.watch(path):
        content = path.read_bytes()
        # Emptied: it has ended while we watched.
        if content:
            raise heartbeat.refusal(path, locks.parse(content), work)


def _acquire(path: pathlib.Path, work: str) -> int | None:
    """Returns the descriptor of the locked file, None if there are no locks."""
    for attempt in range(_RETRIES):
        descriptor = _open(path)
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
            if error.errno in locks.UNSUPPORTED:
                _say_leased(str(path.parent.parent), str(error.strerror))
                return None
            raise CommandError(
                f"{path} cannot be locked ({error.strerror}); choose another directory "
                "with --out."
            ) from error
    raise heartbeat.refusal(path, locks.parse(path.read_bytes()), work)


def _open(path: pathlib.Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): it is {_owner(path)}'s. "
            "Work in another directory or on a copy of this one, or have the directory "
            f"shared: chmod -R g+w {shlex.quote(str(path.parent))}"
        ) from error


def _owner(path: pathlib.Path) -> str:
    """Returns whose a file is, or would be: that of the directory's owner."""
    try:
        return (path if path.exists() else path.parent).owner()
    except (KeyError, OSError):
        # Names of users may be unknown in a container.
        return "somebody else"


@functools.cache
def _say_leased(directory: str, reason: str) -> None:
    """Says once what is done where there are no locks."""
    progress.say(
        f"The file system of {directory} has no locks ({reason}). A lease file keeps "
        f"other processes out, renewed every {locks.BEAT_SECONDS:.0f} s; that of a "
        f"process killed on another machine is free after {locks.STALE_SECONDS:.0f} s."
    )
