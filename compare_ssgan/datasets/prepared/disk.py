"""Whether files that are to be written fit on the disk."""

import pathlib
import shutil

from compare_ssgan.errors import InputError

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def check_disk(directory: pathlib.Path, needed: int, what: str) -> None:
    """Refuses to start what would fill the disk.

    Args:
        directory: Where files will be written; it need not exist yet.
        needed: Bytes that they take at most.
        what: What they are, for the message, as "cifar10".

    Raises:
        InputError: If less than `needed` bytes are free.
    """
    existing = directory.absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise InputError(
            f"{what} needs {_text(needed)} below {directory}, where {_text(free)} are "
            "free. Make room, or choose another directory."
        )


def _text(number: int) -> str:
    """Returns bytes as people read them, and exactly."""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    exact = f"{number} bytes"
    return exact if unit == 0 else f"{value:.1f} {_UNITS[unit]} ({exact})"
