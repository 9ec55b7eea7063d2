"""Reads files of one JSON object a line, as a killed process may leave them."""

import json
import logging
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

from compare_ssgan.errors import InputError

Record = TypeVar("Record")

_logger = logging.getLogger(__name__)
_MALFORMED = (ValueError, TypeError, KeyError, OverflowError)


def read(path: pathlib.Path, parse: Callable[[Any], Record]) -> list[Record]:
    """Returns what `parse` makes of each line of a file.

    A malformed last line without a newline is what a killed writer leaves: it is
    skipped, and a warning names the file.

    Args:
        path: An existing file.
        parse: Turns a decoded line, an object, into a record; its ValueError,
            TypeError, KeyError or OverflowError mean that the line is malformed.

    Raises:
        InputError: If any other line is malformed or no object, with its number.
    """
    text = path.read_bytes().decode("utf-8", errors="replace")
    lines = text.removesuffix("\n").split("\n") if text else []
    try:
        # One call for the whole file is several times faster than one a line.
        whole = json.loads(f"[{','.join(lines)}]")
        if len(whole) == len(lines):
            return [parse(_object(record)) for record in whole]
    except _MALFORMED:
        pass
    num_whole = len(lines) if text.endswith("\n") else len(lines) - 1
    return _read_lines(path, lines, num_whole, parse)


def _read_lines(
    path: pathlib.Path, lines: list[str], num_whole: int, parse: Callable[[Any], Record]
) -> list[Record]:
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(parse(_object(json.loads(line))))
        except _MALFORMED as error:
            if number <= num_whole:
                raise InputError(
                    f"{path}, line {number} is not a valid record ({error!r}): "
                    f"{line[:80]!r}. Remove the line, or the run and repeat it."
                ) from error
            _logger.warning(
                "%s: the last line is truncated and was skipped (%r).", path, line[:80]
            )
    return records


def _object(record: Any) -> Any:
    if not isinstance(record, dict):
        raise TypeError("it is no JSON object")
    return record
