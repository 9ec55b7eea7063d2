"""What many runs share is in a page once: texts, and lists of numbers."""

import math
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

# Significant digits of numbers in a page. No table shows as many.
_DIGITS = 7


class Pool(Generic[Item]):
    """Items by number, equal ones once."""

    def __init__(self) -> None:
        self._numbers: dict[Item, int] = {}

    def add(self, item: Item) -> int:
        """Returns the number of an item, a new one if it was not there."""
        return self._numbers.setdefault(item, len(self._numbers))

    @property
    def items(self) -> list[Item]:
        """The items by their numbers."""
        return list(self._numbers)


class Pools:
    """The pools of a page.

    Attributes:
        texts: Errors, settings, problems, lines of configurations.
        numbers: Axes of curves, which are those of most other runs, too.
        grids: Further tables as JSON, which are those of other rules, too.
    """

    def __init__(self) -> None:
        self.texts: Pool[str] = Pool()
        self.numbers: Pool[tuple[float | None, ...]] = Pool()
        self.grids: Pool[str] = Pool()


def number(value: float | None) -> float | None:
    """Returns a number with few digits; None, which JSON has, for what is not finite.

    Whole numbers stay exact.
    """
    if value is None or not math.isfinite(value):
        return None
    if value == int(value):
        return int(value)
    return float(f"{value:.{_DIGITS}g}")


def numbers(values: Sequence[Any]) -> list[float | None]:
    """Returns `number` of each value."""
    return [number(value) for value in values]
