"""Files of figures."""

import errno
import os
import pathlib
from typing import TYPE_CHECKING

from compare_ssgan.errors import CommandError, InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")


def checked(out: str | os.PathLike[str]) -> pathlib.Path:
    """Returns the path of a figure.

    Raises:
        InputError: If its suffix is another than `SUFFIXES`.
    """
    path = pathlib.Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"The figure '{path}' must be a file of type {', '.join(SUFFIXES)}."
        )
    return path


def save(figure: "Figure", path: pathlib.Path) -> pathlib.Path:
    """Writes a figure so that no reader ever sees half of it, and returns the file.

    Args:
        figure: What was drawn.
        path: As `checked` returns it.

    Raises:
        InputError: If that is not possible there.
        CommandError: If the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(figure, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CommandError(
                f"No space left on device while writing to {path}. Free some space and "
                "run the same command again."
            ) from error
        raise InputError(
            f"Cannot write the figure {path}: {error.strerror or error}. Choose "
            "another place with --out."
        ) from error
    return path


def _replace(figure: "Figure", path: pathlib.Path) -> None:
    temporary = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    # The date would make equal figures differ.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        figure.savefig(temporary, dpi=150, metadata=metadata.get(path.suffix.lower()))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
