"""Where what can be computed or fetched again is kept."""

import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import IO

VARIABLE = "COMPARE_SSGAN_CACHE"


def directory() -> pathlib.Path:
    """Returns the cache directory: $COMPARE_SSGAN_CACHE, or below ~/.cache."""
    default = pathlib.Path("~/.cache/compare_ssgan").expanduser()
    return pathlib.Path(os.environ.get(VARIABLE) or default)


def write(path: pathlib.Path, write_to: Callable[[IO[bytes]], None]) -> None:
    """Writes a file that is complete or absent, whenever the process ends.

    Args:
        path: The file; directories are made.
        write_to: Writes the content into an open file.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            write_to(file)
        os.replace(partial, path)
    except BaseException:
        pathlib.Path(partial).unlink(missing_ok=True)
        raise
