"""Files of figures."""

import os
import pathlib
from typing import TYPE_CHECKING

from compare_ssgan.analysis import output_files
from compare_ssgan.errors import InputError

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
    # The date would make equal figures differ.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    chosen = metadata.get(path.suffix.lower())
    output_files.write(
        path, lambda file: figure.savefig(file, dpi=150, metadata=chosen), "figure"
    )
    return path
