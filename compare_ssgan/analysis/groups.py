"""Puts together the runs that differ in nothing but their seed."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis import protocols
from compare_ssgan.analysis.records import STATUSES, Run
from compare_ssgan.errors import InputError

FAMILIES = ("unconditional", "conditional", "self-supervised", "fewer labels")

# config.gin holds the seed under whatever parameters read it.
_SEED = re.compile(r"\S+\.seed = \d+")
_SHOWN = 3

# Method, budget, settings: what identifies a group within a dataset.
Key = tuple[str, str, tuple[str, ...]]


class Group(NamedTuple):
    """A method with its settings: one row of a table, one line of a figure.

    Attributes:
        dataset: Name of the dataset.
        method: Name of the method file.
        family: One of `FAMILIES`, or "".
        budget: Name of the budget file.
        settings: Bindings that differ from the files, sorted.
        label: The method, with what sets it apart from others in the dataset.
        runs: By ascending seed, each seed once.
    """

    dataset: str
    method: str
    family: str
    budget: str
    settings: tuple[str, ...]
    label: str
    runs: Sequence[Run]

    @property
    def key(self) -> Key:
        """Identifies the group within its dataset."""
        return self.method, self.budget, self.settings

    @property
    def metrics(self) -> list[str]:
        """Full names of what was measured in any of the runs."""
        return sorted({metric for run in self.runs for metric in run.metrics})


class Shared(NamedTuple):
    """What all groups of a dataset agree on.

    Attributes:
        budget: None if they have several.
        settings: Bindings that each of them has.
    """

    budget: str | None
    settings: tuple[str, ...]


def by_dataset(found: Sequence[Run]) -> dict[str, list[Group]]:
    """Groups runs, datasets in alphabetical order.

    The groups of a dataset are ordered by family, then as the plan has them. A run
    that is there twice (copied, or planned by two studies) counts once.

    Raises:
        InputError: If runs have equal names and settings, but were configured
            differently: they are no two seeds of one method.
    """
    members: dict[tuple[str, Key], list[Run]] = {}
    for run in _once_each(found):
        key = (run.dataset, (run.method, run.budget, run.settings))
        members.setdefault(key, []).append(run)
    names = sorted({dataset for dataset, _ in members})
    datasets: dict[str, list[Group]] = {name: [] for name in names}
    for (dataset, (method, budget, settings)), runs in members.items():
        _check_alike(runs)
        runs.sort(key=lambda run: run.seed)
        family = next((run.family for run in runs if run.family), "")
        group = Group(dataset, method, family, budget, settings, method, runs)
        datasets[dataset].append(group)
    return {name: _labelled(groups) for name, groups in datasets.items()}


def shared(groups: Sequence[Group]) -> Shared:
    """Returns what need not be repeated in the label of each group."""
    budgets = {group.budget for group in groups}
    common = set.intersection(*(set(group.settings) for group in groups))
    return Shared(budgets.pop() if len(budgets) == 1 else None, tuple(sorted(common)))


def counterpart(group: Group, groups: Sequence[Group], method: str) -> Group | None:
    """Returns the group of another method that is fair to compare with.

    That is the one with equal budget and settings, or, if the other method was not
    trained with these settings, the only one with equal budget.
    """
    candidates = [g for g in groups if g.method == method and g.budget == group.budget]
    alike = [g for g in candidates if g.settings == group.settings]
    if alike:
        return alike[0]
    return candidates[0] if len(candidates) == 1 else None


def resolve(
    datasets: dict[str, list[Group]], metric: str
) -> dict[str, tuple[str, list[Group]]]:
    """Returns the full name of a metric for each dataset where it was measured.

    Args:
        datasets: As `by_dataset` returns them.
        metric: A kind such as "fid", or a full name.

    Raises:
        InputError: If it was measured nowhere, or by several protocols in a dataset.
    """
    resolved = {}
    for dataset, groups in datasets.items():
        measured = sorted({name for group in groups for name in group.metrics})
        name = protocols.resolve(metric, measured, f"the dataset {dataset}")
        if name is not None:
            resolved[dataset] = (name, groups)
    if not resolved:
        every = [g for groups in datasets.values() for g in groups]
        names = sorted({name for group in every for name in group.metrics})
        count = sum(len(group.runs) for group in every)
        raise InputError(
            f"None of {count} runs has a measurement of '{metric}'. Measured: "
            f"{', '.join(names) or 'nothing yet'}."
        )
    return resolved


def _once_each(found: Sequence[Run]) -> list[Run]:
    chosen: dict[str, Run] = {}
    for run in found:
        other = chosen.setdefault(run.run_id, run)
        if STATUSES.index(run.status) < STATUSES.index(other.status):
            chosen[run.run_id] = run
    return list(chosen.values())


def _check_alike(runs: Sequence[Run]) -> None:
    """Raises InputError unless the runs differ in nothing but their seed."""
    seeds: dict[int, Run] = {}
    configured: dict[frozenset[str], Run] = {}
    for run in runs:
        lines = _configuration(run)
        if lines is not None:
            configured.setdefault(lines, run)
        other = seeds.setdefault(run.seed, run)
        if other is not run and len(configured) < 2:
            raise InputError(
                f"{_place(run)} and {_place(other)} have the same method, settings "
                "and seed, but different configurations. Move one of them elsewhere."
            )
    if len(configured) > 1:
        (one, first), (two, second) = list(configured.items())[:2]
        raise InputError(
            f"{_place(first)} and {_place(second)} have the same method and settings, "
            f"but were configured differently: {_some(one - two)} against "
            f"{_some(two - one)}. Move one of them elsewhere."
        )


def _configuration(run: Run) -> frozenset[str] | None:
    if run.directory is None or not (run.directory / "config.gin").is_file():
        return None
    text = (run.directory / "config.gin").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return frozenset(
        line
        for line in lines
        if line and not line.startswith("#") and not _SEED.fullmatch(line)
    )


def _place(run: Run) -> str:
    return str(run.directory or f"the planned run {run.run_id}")


def _some(lines: frozenset[str]) -> str:
    shown = [f"'{line}'" for line in sorted(lines)[:_SHOWN]]
    more = [f"{len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return ", ".join(shown + more) or "nothing"


def _labelled(groups: list[Group]) -> list[Group]:
    common = shared(groups)
    labelled = []
    for group in groups:
        apart = [s for s in group.settings if s not in common.settings]
        if common.budget is None and group.budget:
            apart.insert(0, f"budget {group.budget}")
        label = f"{group.method} ({', '.join(apart)})" if apart else group.method
        labelled.append(group._replace(label=label))
    order = {family: index for index, family in enumerate(FAMILIES)}
    return sorted(labelled, key=lambda g: order.get(g.family, len(FAMILIES)))
