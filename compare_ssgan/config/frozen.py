"""The current configuration as plain values, to be restored by another process."""

import functools
from typing import NamedTuple

from gin import config as gin_config

from compare_ssgan.config.parsing import (
    MACRO,
    bind_line,
    clear,
    origins,
)
from compare_ssgan.errors import InputError


class Frozen(NamedTuple):
    """Every binding of a configuration, macros included, as it was written; sorted.

    Attributes:
        shipped: Lines "name = value" of the suite's own files.
        written: The same of what the user wrote, each with the place.
    """

    shipped: tuple[str, ...]
    written: tuple[tuple[str, str], ...]


def freeze() -> Frozen:
    """Returns the current configuration.

    Unlike `canonical` it keeps macros, values that are defaults, and what the user
    wrote where: a run from it leaves the same records, and finds the same settings
    without effect.

    Raises:
        InputError: If the user wrote a value that has no text.
    """
    shipped, written = [], []
    for (scope, selector), parameters in gin_config._CONFIG.items():
        for parameter, value in parameters.items():
            origin = origins[scope, selector, parameter]
            name = f"{scope}/{selector}.{parameter}".lstrip("/")
            line = f"{scope if selector == MACRO else name} = {value!r}"
            if origin.shipped:
                shipped.append(line)
                continue
            if not _is_text(repr(value)):
                raise InputError(
                    f"{origin.place}: {value!r} cannot be kept with the run. Write a "
                    "number, a text, a list or a component."
                )
            written.append((line, origin.place))
    return Frozen(tuple(sorted(shipped)), tuple(sorted(written)))


def thaw(frozen: Frozen) -> None:
    """Makes a frozen configuration the current one.

    Raises:
        InputError: If a component or parameter in it does not exist (any more).
    """
    clear()
    for line in frozen.shipped:
        bind_line(line, f"'{line}'", shipped=True)
    for line, place in frozen.written:
        bind_line(line, place, shipped=False)


@functools.cache
def _is_text(text: str) -> bool:
    """Whether gin reads a text; it does not read how Python shows infinity."""
    try:
        gin_config.parse_value(text)
    except (SyntaxError, ValueError):
        return False
    return True
