"""Methods compared over several datasets."""

from collections.abc import Sequence
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
        datasets: Those compared on.
        rows: Label of each other method, and how probably it is better.
    """

    metric: str
    against: str
    datasets: Sequence[str]
    rows: Sequence[tuple[str, Improvement]]


def across(metric: str, tables: Sequence[Table]) -> Across:
    """Compares each method with the reference on all datasets that have both.

    Args:
        metric: What the tables have in common, for their title.
        tables: One a dataset.
    """
    pairs: dict[groups.Key, list[tuple[str, str, Pair]]] = {}
    for table in tables:
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
                known = pairs.setdefault(group.key, [])
                known.append((table.dataset, group.label, pair))
    several = [found for found in pairs.values() if len(found) > 1]
    return Across(
        metric,
        tables[0].against if tables else BASELINE,
        sorted({dataset for found in several for dataset, _, _ in found}),
        [
            (found[0][1], improvement([pair for _, _, pair in found]))
            for found in several
        ],
    )
