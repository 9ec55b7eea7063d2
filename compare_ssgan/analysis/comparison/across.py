"""Methods compared over several datasets."""

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.analysis.comparison import groups, ranking
from compare_ssgan.analysis.comparison.rows import BASELINE, Table
from compare_ssgan.analysis.statistics.improvement import Improvement, Pair, improvement


class Across(NamedTuple):
    """Methods compared over several datasets.

    Attributes:
        metric: Kind of the metric, or its full name.
        against: Method that the others are compared with.
        datasets: Those compared on; without rows, those with anything to compare.
        rows: Label of each other method, and how probably it is better; none if no
            method is compared with the reference on several datasets.
        own_settings: Whether budgets or settings that a dataset's methods share differ
            between datasets.
    """

    metric: str
    against: str
    datasets: Sequence[str]
    rows: Sequence[tuple[str, Improvement]]
    own_settings: bool = False


class _Found(NamedTuple):
    dataset: str
    key: groups.Key
    label: str
    pair: Pair


def across(metric: str, tables: Sequence[Table]) -> Across:
    """Compares each method with the reference on all datasets that have both.

    Each probability is of one dataset, so that what all methods of a dataset share,
    its budget for instance, may be another on the next: methods are the same if their
    labels are, unless more are by budget and settings.

    Args:
        metric: What the tables have in common, for their title.
        tables: One a dataset.
    """
    found = [each for table in tables for each in _compared(table)]
    by_key = _several([(each.key, each) for each in found])
    by_label = _several([(each.label, each) for each in found])
    several = max(by_key, by_label, key=lambda lists: sum(map(len, lists)))
    used = [each for members in several for each in members] or found
    return Across(
        metric,
        tables[0].against if tables else BASELINE,
        sorted({each.dataset for each in used}),
        [
            (members[0].label, improvement([each.pair for each in members]))
            for members in several
        ],
        own_settings=several is not by_key,
    )


def _compared(table: Table) -> Iterator[_Found]:
    """Yields the methods of a dataset that have a reference, with their values."""
    members = [row.group for row in table.rows]
    values = {
        row.group.key: np.array(ranking.outcomes(row.cells)) for row in table.rows
    }
    for group in members:
        other = ranking.reference(group, members, table.against)
        if not other or other.key == group.key or table.lower_is_better is None:
            continue
        one, two = values[group.key], values[other.key]
        if len(one) and len(two):
            pair = (one, two, table.lower_is_better)
            yield _Found(table.dataset, group.key, group.label, pair)


def _several(named: Sequence[tuple[Hashable, _Found]]) -> list[list[_Found]]:
    """Returns what has one name on several datasets."""
    lists: dict[Hashable, list[_Found]] = {}
    for name, each in named:
        lists.setdefault(name, []).append(each)
    return [members for members in lists.values() if len(members) > 1]
