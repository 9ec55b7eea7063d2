"""Checks what is read from the JSON files of records, which anybody may have edited."""

from collections.abc import Mapping
from typing import Any

from compare_ssgan.errors import InputError

Types = type | tuple[type, ...]

NUMBER = (int, float)
# What arrays of whole numbers can hold.
LARGEST = 2**63 - 1
_WORDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def check(
    content: Any,
    place: str,
    required: Mapping[str, Types],
    optional: Mapping[str, Types] | None = None,
) -> dict[str, Any]:
    """Returns a decoded JSON object if its fields are what they should be.

    Args:
        content: What was decoded.
        place: Where it stands, for the message.
        required: Types by name of fields.
        optional: The same of fields that may be absent or null.

    Raises:
        InputError: Naming the place and what is wrong.
    """
    if not isinstance(content, dict):
        raise InputError(f"{place} does not hold a JSON object, but {_short(content)}.")
    absent = [name for name in required if name not in content]
    if absent:
        raise InputError(f"{place} has no {' and no '.join(absent)}.")
    for name, types in {**required, **(optional or {})}.items():
        value = content.get(name)
        if value is None and name not in required:
            continue
        if isinstance(value, bool) or not isinstance(value, types):
            raise InputError(
                f"{place}: {name} must be {_word(types)}, not {_short(value)}."
            )
        if isinstance(value, int) and abs(value) > LARGEST:
            raise InputError(f"{place}: {name} is too large: {_short(value)}.")
    return content


def check_texts(values: Any, place: str) -> None:
    """Raises InputError unless all values of a list are texts."""
    for value in values or ():
        if not isinstance(value, str):
            raise InputError(f"{place} must hold texts, not {_short(value)}.")


def _word(types: Types) -> str:
    # The most general one comes last.
    return _WORDS[types[-1] if isinstance(types, tuple) else types]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
