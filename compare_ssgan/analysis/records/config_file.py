"""Reads the config.gin of a run."""

import pathlib

from compare_ssgan.errors import InputError


def lines(directory: pathlib.Path | None) -> list[str] | None:
    """Returns the lines of a run's config.gin, comments and blank ones included.

    Args:
        directory: Of the run; None for one that never started.

    Returns:
        None if there is no such file.

    Raises:
        InputError: If it cannot be read, or is no text.
    """
    path = None if directory is None else directory / "config.gin"
    if path is None or not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Cannot read {path}: {error}. Restore it, or remove the run and repeat it."
        ) from error
