"""Where what can be computed or fetched again is kept."""

import os
import pathlib

VARIABLE = "COMPARE_SSGAN_CACHE"


def directory() -> pathlib.Path:
    """Returns the cache directory: $COMPARE_SSGAN_CACHE, or below ~/.cache."""
    default = pathlib.Path("~/.cache/compare_ssgan").expanduser()
    return pathlib.Path(os.environ.get(VARIABLE) or default)
