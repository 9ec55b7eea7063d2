"""Files that analysis makes: whole or not at all, and why they cannot be made."""

import errno
import os
import pathlib
import uuid
from collections.abc import Callable

from compare_ssgan.errors import CommandError, InputError


def write(
    path: pathlib.Path, write_to: Callable[[pathlib.Path], object], what: str
) -> None:
    """Writes a file so that no reader ever sees half of it.

    Args:
        path: The file; directories are made. What was there stays until the new file
            is complete.
        write_to: Writes the content to another path of the same suffix.
        what: The file is called that in messages.

    Raises:
        InputError: If that is not possible there.
        CommandError: If the disk is full.
    """
    # Not by the number of this process: containers that share a disk have equal ones.
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_to(temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CommandError(
                f"No space left on device while writing to {path}. Free some space and "
                "run the same command again."
            ) from error
        raise InputError(
            f"Cannot write the {what} {path}: {error.strerror or error}. Choose "
            "another place with --out."
        ) from error
