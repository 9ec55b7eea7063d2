"""Computes comparison tables: one number a run, statistics a method, differences."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.analysis import groups, protocols, records, statistics
from compare_ssgan.analysis.groups import Group
from compare_ssgan.analysis.records import Directories, Run
from compare_ssgan.analysis.selection import NOTHING, Selection
from compare_ssgan.errors import InputError

# What labels buy is measured from the first to the second.
BASELINE = "sn_gan"
LABELLED = "cond_gan"
WITHOUT_ALL_LABELS = ("self-supervised", "fewer labels")


class Cell(NamedTuple):
    """The number selected from one run.

    Attributes:
        seed: Training seed.
        run_id: Of the run.
        status: Of the run.
        step: Generator step of the number; None if there is none.
        value: NaN if the run diverged or has no such number.
        problem: Why there is no finite number; "" if there is one.
        eval_seeds: Evaluation seeds that the value is the mean of.
        eval_deviation: Standard deviation over these, with n - 1 in the denominator;
            NaN if there are fewer than two.
    """

    seed: int
    run_id: str
    status: str
    step: int | None
    value: float
    problem: str
    eval_seeds: tuple[int, ...] = ()
    eval_deviation: float = float("nan")


class Row(NamedTuple):
    """A method with its settings, over seeds.

    Attributes:
        group: The runs.
        cells: One a seed.
        summary: Over the finite values.
        num_diverged: Seeds that diverged.
        difference: To the baseline, on equal seeds; None for the baseline itself and
            where there is none.
        gap_applies: Whether the method does without labels, or with fewer, both
            ends of the gap were trained, and the metric has a direction.
        gap_closed: As `statistics.gap_closed`.
    """

    group: Group
    cells: Sequence[Cell]
    summary: statistics.Summary
    num_diverged: int
    difference: statistics.Paired | None
    gap_applies: bool
    gap_closed: float | None

    @property
    def steps(self) -> list[int]:
        """Steps of the finite values, ascending, each once."""
        return sorted({c.step for c in self.cells if c.step is not None})

    @property
    def eval_deviation(self) -> float:
        """Mean over runs of the deviation over evaluation seeds; NaN without any."""
        found = [c.eval_deviation for c in self.cells if c.eval_seeds]
        finite = [deviation for deviation in found if math.isfinite(deviation)]
        return sum(finite) / len(finite) if finite else float("nan")


class Table(NamedTuple):
    """The methods of one dataset, compared by one protocol.

    Attributes:
        dataset: Name of the dataset.
        metric: Full name of the metric.
        lower_is_better: Its direction; None where neither is better.
        selection: Rule that chose a number from each run.
        eval_seeds: Evaluation seeds that numbers are the mean of, of all together.
        mixed_eval_seeds: Whether these are not the same for all that was compared.
        shared: What all rows agree on.
        rows: Ordered by family.
    """

    dataset: str
    metric: str
    lower_is_better: bool | None
    selection: Selection
    eval_seeds: tuple[int, ...]
    mixed_eval_seeds: bool
    shared: groups.Shared
    rows: Sequence[Row]

    @property
    def has_baseline(self) -> bool:
        """Whether any row is compared with the baseline."""
        return any(row.difference is not None for row in self.rows)

    @property
    def has_eval_deviation(self) -> bool:
        """Whether any number is the mean of several evaluations."""
        return any(math.isfinite(row.eval_deviation) for row in self.rows)

    @property
    def has_gap(self) -> bool:
        """Whether any row says how much of the gap it closes."""
        return any(row.gap_applies for row in self.rows)


class Comparison(NamedTuple):
    """The tables of some directories.

    Attributes:
        tables: One a dataset.
        unmeasured: Number of runs by dataset, of datasets where none has the metric.
    """

    tables: Sequence[Table]
    unmeasured: Mapping[str, int]


def compare(directories: Directories, metric: str, selection: Selection) -> Comparison:
    """Computes one table for each dataset in which a metric was measured.

    Args:
        directories: As for `records.read`.
        metric: A kind such as "fid", or a full name.
        selection: Which number of a run counts.

    Raises:
        InputError: If a directory has no records; if the metric was not measured,
            stands for several protocols in one dataset, is of unknown kind, or has no
            best value that is to be selected.
    """
    datasets = groups.by_dataset(records.read(directories))
    return compare_groups(datasets, metric, selection)


def compare_groups(
    datasets: dict[str, list[Group]], metric: str, selection: Selection
) -> Comparison:
    """Computes what `compare` does of runs that were read before.

    Args:
        datasets: As `groups.by_dataset` returns them.
        metric: A kind such as "fid", or a full name.
        selection: Which number of a run counts.

    Raises:
        InputError: As for `compare`, but for what concerns directories.
    """
    resolved = groups.resolve(datasets, metric)
    tables = [
        _table(dataset, name, members, selection)
        for dataset, (name, members) in resolved.items()
    ]
    unmeasured = {
        dataset: sum(len(group.runs) for group in members)
        for dataset, members in datasets.items()
        if dataset not in resolved
    }
    return Comparison(tables, unmeasured)


def _table(
    dataset: str, metric: str, members: Sequence[Group], selection: Selection
) -> Table:
    lower = protocols.lower_is_better(metric)
    if lower is None and selection.needs_direction:
        raise InputError(
            f"--select {selection.name}: of {metric} neither low nor high values are "
            "better. Use --select last, or step:N."
        )
    cells = {
        group.key: [_cell(run, metric, selection, lower) for run in group.runs]
        for group in members
    }
    seeds = {cell.eval_seeds for row in cells.values() for cell in row}
    if selection.needs_direction:
        # What was not chosen was compared, too.
        curves = [run.curve(metric) for group in members for run in group.runs]
        seeds |= {tuple(sorted(e)) for curve in curves for e in curve.evaluations}
    seeds.discard(())
    return Table(
        dataset,
        metric,
        lower,
        selection,
        tuple(sorted({seed for some in seeds for seed in some})),
        len(seeds) > 1,
        groups.shared(members),
        [_row(group, members, cells, lower) for group in members],
    )


def _row(
    group: Group,
    members: Sequence[Group],
    cells: Mapping[groups.Key, Sequence[Cell]],
    lower: bool | None,
) -> Row:
    def values(one: Group) -> dict[int, float]:
        return {cell.seed: cell.value for cell in cells[one.key]}

    own = values(group)
    baseline = groups.counterpart(group, members, BASELINE)
    labelled = groups.counterpart(group, members, LABELLED, all_labels=True)
    difference, gap_applies, gap = None, False, None
    if baseline and baseline.key != group.key:
        difference = statistics.paired(own, values(baseline))
    unlabelled = group.family in WITHOUT_ALL_LABELS
    if baseline and labelled and unlabelled and lower is not None:
        gap_applies = True
        gap = statistics.gap_closed(
            values(baseline), values(labelled), own, lower_is_better=lower
        )
    return Row(
        group,
        cells[group.key],
        statistics.summarize(list(own.values())),
        sum(cell.status == "diverged" for cell in cells[group.key]),
        difference,
        gap_applies,
        gap,
    )


def _cell(run: Run, metric: str, selection: Selection, lower: bool | None) -> Cell:
    usable = run.status == "complete" or (
        selection.of_unfinished and run.status not in ("diverged", "missing")
    )
    curve = run.curve(metric)
    chosen = selection.pick(curve, lower) if usable else NOTHING
    problem = ""
    if run.status == "diverged":
        where = "" if run.diverged_step is None else f" at step {run.diverged_step:,}"
        term = f" ({run.diverged_term})" if run.diverged_term else ""
        problem = f"diverged{where}{term}"
    elif run.status == "missing":
        problem = "not run"
    elif not usable:
        state = {"partial": "interrupted"}.get(run.status, run.status)
        problem = f"{state}, not counted by '{selection.name}'"
    elif chosen.step is None:
        state = "" if run.status == "complete" else f" ({run.status})"
        wanted = selection.title if selection.of_unfinished else "finite measurement"
        problem = f"no {wanted}{state}"
    elif not math.isfinite(chosen.value):
        problem = f"measured {chosen.value} at step {chosen.step:,}"
    value = chosen.value if math.isfinite(chosen.value) else float("nan")
    step = None if problem else chosen.step
    cell = Cell(run.seed, run.run_id, run.status, step, value, problem)
    if step is None:
        return cell
    by_seed = curve.evaluations[int(np.searchsorted(curve.steps, step))]
    deviation = statistics.summarize([*by_seed.values()]).standard_deviation
    return cell._replace(eval_seeds=tuple(sorted(by_seed)), eval_deviation=deviation)
