"""Puts together the runs that differ in nothing but their seed."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis.records import config_file, measurements, protocols
from compare_ssgan.analysis.records.run_records import FINISHED, STATUSES, Run
from compare_ssgan.errors import InputError

FAMILIES = ("unconditional", "conditional", "self-supervised", "fewer labels")

# config.gin holds the seed under whatever parameters read it.
_SEED = re.compile(r"(\S+\.seed) = (\d+)")
_RUN_SEED = "roots.run.seed"
_SHOWN = 3

# A setting of what labels training examples have.
_LABELS = re.compile(r"\blabels\.\w")

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
    that is there twice (copied, or planned by two studies) counts once, with what was
    measured in either place.

    Raises:
        InputError: If runs have equal names and settings, but were configured
            differently or trained on different data: they are no two seeds of one
            method. If a run that is there twice has different numbers or ends.
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


def counterpart(
    group: Group, groups: Sequence[Group], method: str, *, all_labels: bool = False
) -> Group | None:
    """Returns the group of another method that is fair to compare with.

    That is the one with equal budget and settings; if the other method was not
    trained with these settings, the one with all but those of labels; or else the only
    one with equal budget, if it has no settings that the group has not.

    Args:
        group: What is to be compared.
        groups: Those of the same dataset.
        method: The other method.
        all_labels: Whether it has to have all labels, whatever the group has.
    """
    candidates = [g for g in groups if g.method == method and g.budget == group.budget]
    others = tuple(s for s in group.settings if not _LABELS.search(s))
    if all_labels:
        candidates = [g for g in candidates if not any(map(_LABELS.search, g.settings))]
    for settings in (group.settings, others):
        alike = [g for g in candidates if g.settings == settings]
        if alike:
            return alike[0]
    alike = [g for g in candidates if set(g.settings) <= set(group.settings)]
    return alike[0] if len(alike) == len(candidates) == 1 else None


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
        if other is run:
            continue
        _check_data(run, other)
        _check_measured(run, other)
        _check_ended(run, other)
        first, second = sorted((other, run), key=_incompleteness)
        every = measurements.joined(first.measurements, second.measurements)
        chosen[run.run_id] = first._replace(measurements=every)
    return list(chosen.values())


def _incompleteness(run: Run) -> tuple[int, int]:
    return STATUSES.index(run.status), -len(run.measurements)


def _check_measured(run: Run, other: Run) -> None:
    """Raises InputError if one run has different numbers in two places."""
    found = measurements.first_conflict(other.measurements, run.measurements)
    if found is not None:
        first, second = found
        raise InputError(
            f"{_place(other)} and {_place(run)} are the same run, but its "
            f"{first.metric} at step {first.step} is {first.value:g} in one and "
            f"{second.value:g} in the other. Move one of them elsewhere."
        )


def _check_ended(run: Run, other: Run) -> None:
    """Raises InputError if one run has ended differently in two places."""
    both = {run.status, other.status} <= {*FINISHED}
    if both and _end(run) != _end(other):
        raise InputError(
            f"{_place(other)} and {_place(run)} are the same run, but it is "
            f"{_end(other)} in one and {_end(run)} in the other. Move one of them "
            "elsewhere."
        )


def _end(run: Run) -> str:
    if run.status != "diverged" or run.diverged_step is None:
        return run.status
    return f"diverged at step {run.diverged_step:,}"


def _check_alike(runs: Sequence[Run]) -> None:
    """Raises InputError unless the runs differ in nothing but their seed."""
    seeds: dict[int, Run] = {}
    configured: dict[frozenset[str], Run] = {}
    configurations = [_configuration(run) for run in runs]
    every = [
        (match[1], int(match[2]) == run.seed)
        for run, lines in zip(runs, configurations, strict=True)
        for line in lines or ()
        if (match := _SEED.fullmatch(line))
    ]
    # A seed that is not that of the run is a setting like any other.
    fixed = {name for name, is_that_of_the_run in every if not is_that_of_the_run}
    for run, lines in zip(runs, configurations, strict=True):
        if lines is not None:
            configured.setdefault(_without_seeds(lines, fixed), run)
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
    # Data that are drawn by the seed of the run are other data for each.
    if {name for name, _ in every} - fixed <= {_RUN_SEED}:
        told = [run for run in runs if run.data]
        for run in told:
            _check_data(run, told[0])


def _check_data(run: Run, other: Run) -> None:
    """Raises InputError if it is known that the runs had different data."""
    known = run.data.keys() & other.data.keys()
    changed = sorted(name for name in known if run.data[name] != other.data[name])
    if changed:
        raise InputError(
            f"{_place(run)} and {_place(other)} have the same method and settings, but "
            f"not the same data: their {' and '.join(changed)} splits differ, in "
            "images or in labels. Move one of them elsewhere."
        )


def _configuration(run: Run) -> list[str] | None:
    lines = config_file.lines(run.directory)
    if lines is None:
        return None
    stripped = [line.strip() for line in lines]
    return [line for line in stripped if line and not line.startswith("#")]


def _without_seeds(lines: Sequence[str], fixed: set[str]) -> frozenset[str]:
    """Returns lines of a configuration without the seed of the run."""
    found = {line: _SEED.fullmatch(line) for line in lines}
    return frozenset(
        line for line, match in found.items() if match is None or match[1] in fixed
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
