"""Which row a row is compared with, and which rows are the best of a table."""

from collections.abc import Mapping, Sequence

import numpy as np

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.comparison.cells import Cell
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.statistics.differences import holm, paired
from compare_ssgan.errors import InputError

Values = Mapping[groups.Key, Mapping[int, float]]


def reference(group: Group, members: Sequence[Group], against: str) -> Group | None:
    """Returns the group that another one is to be compared with.

    Args:
        group: What is to be compared.
        members: Those of the same dataset.
        against: Label of a row that is not just its method, then of equal budget; or
            a method, then as `groups.counterpart`.
    """
    for other in members:
        if other.label == against != other.method and other.budget == group.budget:
            return other
    return groups.counterpart(group, members, against)


def check_reference(against: str, datasets: Mapping[str, Sequence[Group]]) -> None:
    """Raises InputError unless there is such a method, or such a row, anywhere."""
    every = [group for members in datasets.values() for group in members]
    names = dict.fromkeys(name for g in every for name in (g.method, g.label))
    if against not in names:
        raise InputError(
            f"--against {against}: there is no such method. There are: "
            f"{', '.join(names)}."
        )


def ranks(
    members: Sequence[Group],
    cells: Mapping[groups.Key, Sequence[Cell]],
    lower_is_better: bool | None,
) -> dict[groups.Key, str]:
    """Returns "best" for the best mean of each budget, "tied" for what ties with it.

    Ties are those of `differences.paired`: none can be told from the best. Only
    methods with a number from every run take part, so that none wins by the runs it
    lost, and only those with several runs: by a single one nobody wins, and nobody
    can be told from anybody. Where a budget has one such method, or the metric has no
    direction, there is no best.
    """
    found: dict[groups.Key, str] = {}
    if lower_is_better is None:
        return found
    for budget in {group.budget for group in members}:
        values = {
            group.key: {cell.seed: cell.value for cell in cells[group.key]}
            for group in members
            if group.budget == budget
            and len(cells[group.key]) > 1
            and not any(cell.problem for cell in cells[group.key])
        }
        if len(values) < 2:
            continue
        means = {key: np.mean(list(of.values())) for key, of in values.items()}
        best = (min if lower_is_better else max)(means, key=lambda key: means[key])
        for key, own in values.items():
            if key == best or paired(own, values[best]).tied:
                found[key] = "best" if key == best else "tied"
    return found


def corrected(p_values: Mapping[groups.Key, float]) -> dict[groups.Key, float]:
    """Returns p-values corrected for the number of comparisons of a table."""
    return dict(zip(p_values, holm(list(p_values.values())), strict=True))


def outcomes(cells: Sequence[Cell]) -> list[float]:
    """Returns what runs came to, NaN for lost ones; others have no result."""
    return [cell.value for cell in cells if not cell.problem or cell.is_lost]


def is_reference(group: Group, against: str) -> bool:
    """Returns whether a group is one that others are compared with."""
    return against in (group.method, group.label)
