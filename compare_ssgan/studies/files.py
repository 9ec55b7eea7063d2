"""Writing records so that no reader, and no resumed run, ever sees half of one."""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compare_ssgan.errors import CommandError, InputError

Row = Mapping[str, Any]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_atomically(
    path: pathlib.Path, content: str | bytes, folder: pathlib.Path | None = None
) -> None:
    """Replaces a file as a whole: it has the old content or the new one.

    Args:
        path: The file.
        content: What it is to hold.
        folder: For the temporary file, on the same file system; None for that of
            the file.
    """
    data = content.encode() if isinstance(content, str) else content
    partial = temporary(path, folder)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def temporary(path: pathlib.Path, folder: pathlib.Path | None = None) -> pathlib.Path:
    """Returns a name for what is to become `path`, which no other process has.

    Numbers of processes would not do: containers that share a file system have equal
    ones.

    Args:
        path: The file or directory.
        folder: As for `write_atomically`.
    """
    return (folder or path.parent) / f".{path.name}.{uuid.uuid4().hex}.tmp"


def write_json(path: pathlib.Path, content: Mapping[str, Any]) -> None:
    """Writes an indented JSON object atomically; NaN is written as NaN."""
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def read_json(path: pathlib.Path) -> dict[str, Any]:
    """Returns the object in a JSON file.

    Raises:
        InputError: If the file cannot be read or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} does not hold a JSON object.")
    return content


def remove_temporaries(directory: pathlib.Path) -> None:
    """Removes what killed processes left of unfinished atomic writes."""
    for path in directory.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def to_lines(rows: Iterable[Row]) -> str:
    """Returns rows as JSON, one per line."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def append_rows(path: pathlib.Path, rows: Iterable[Row]) -> None:
    """Appends rows to a file of JSON lines: all of them, or none if writing fails."""
    rest = memoryview(to_lines(rows).encode())
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def read_rows(path: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the rows of a file of JSON lines, up to the first damaged one.

    A file that does not exist has no rows.
    """
    return [row for _, row in _lines(path)]


def whole_rows(path: pathlib.Path) -> bytes:
    """Returns a file of JSON lines up to the first damaged one, as it is."""
    return b"".join(line for line, _ in _lines(path))


def truncate_rows(path: pathlib.Path, last_step: int) -> None:
    """Drops rows of steps after `last_step`, and whatever follows a damaged row."""
    if not path.exists():
        return
    kept = b"".join(line for line, row in _lines(path) if row["step"] <= last_step)
    if kept != path.read_bytes():
        write_atomically(path, kept)


def _lines(path: pathlib.Path) -> list[tuple[bytes, dict[str, Any]]]:
    found: list[tuple[bytes, dict[str, Any]]] = []
    if not path.exists():
        return found
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n") or not isinstance(row, dict):
            break
        found.append((line, row))
    return found


def make_directory(path: pathlib.Path, option: str) -> list[pathlib.Path]:
    """Creates a directory and its parents.

    Args:
        path: The directory.
        option: What the user set to choose it, for the message.

    Returns:
        The directories that did not exist, innermost first.

    Raises:
        InputError: If that is not possible there.
        CommandError: If the disk is full.
    """
    try:
        created = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(parents=True, exist_ok=True)
        probe = temporary(path / "probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(path) from error
        raise InputError(
            f"Cannot write to {path}: {error.strerror}. Choose another directory with "
            f"{option}."
        ) from error
    return created


@contextlib.contextmanager
def whole_directory(to: pathlib.Path, option: str) -> Iterator[pathlib.Path]:
    """Returns a context with a directory whose contents become those of `to`.

    That is if all goes well: else there is nothing in `to`, so that nobody takes a
    part for the whole and the same command can be given again.

    Args:
        to: A directory that is empty or does not exist.
        option: What the user set to choose it, for the message.

    Raises:
        InputError: If it cannot be written.
        CommandError: If the disk is full.
    """
    to = pathlib.Path(os.path.abspath(to))
    # One that is there stays: it may be mounted, or somebody's current directory.
    inside = to.exists()
    parent = to if inside else to.parent
    make_directory(parent, option)
    partial = temporary(to, parent)
    try:
        partial.mkdir()
        yield partial
        if inside:
            for child in sorted(partial.iterdir()):
                os.replace(child, to / child.name)
        else:
            os.replace(partial, to)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_parent(path: pathlib.Path, option: str) -> None:
    """Refuses a file whose directory does not exist, before there is work to lose.

    Args:
        path: The file.
        option: What the user set to choose it, for the message.

    Raises:
        InputError: If there is no such directory.
    """
    if not path.parent.is_dir():
        raise InputError(f"{option}: there is no directory {path.parent}.")


@contextlib.contextmanager
def writing(path: pathlib.Path, option: str) -> Iterator[None]:
    """Returns a context in which what goes wrong with files becomes a message.

    Args:
        path: What is written.
        option: What the user set to choose it, for the message.

    Raises:
        InputError: If it cannot be written.
        CommandError: If the disk is full.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(path) from error
        raise InputError(f"{option}: cannot write {path}: {error.strerror}.") from error


def is_disk_full(error: Exception) -> bool:
    """Whether an error of Python or TensorFlow means that the disk is full."""
    # gin and TensorFlow keep the text of an operating system's error only.
    text = str(error).lower()
    known = any(os.strerror(number).lower() in text for number in _FULL)
    return known or (isinstance(error, OSError) and error.errno in _FULL)


def disk_full(path: pathlib.Path) -> CommandError:
    """Returns what to tell the user when writing to `path` failed for lack of space."""
    return CommandError(
        f"No space left on device while writing to {path}. What was saved before is "
        "intact: free some space and run the same command again to go on."
    )
