"""Computes comparison tables: one number a run, statistics a method, differences."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compare_ssgan.analysis.comparison import cells, groups, published, ranking
from compare_ssgan.analysis.comparison.across import Across, across
from compare_ssgan.analysis.comparison.cells import Cell, Rule
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.comparison.rows import BASELINE, LABELLED, Row, Table
from compare_ssgan.analysis.comparison.selection import Selection, check_apart
from compare_ssgan.analysis.records import protocols, run_records
from compare_ssgan.analysis.records.run_records import Directories
from compare_ssgan.analysis.statistics import gaps, summaries
from compare_ssgan.analysis.statistics.differences import paired
from compare_ssgan.errors import InputError
from compare_ssgan.protocols import kind_of

WITHOUT_ALL_LABELS = ("self-supervised", "fewer labels")


class Comparison(NamedTuple):
    """The tables of some directories.

    Attributes:
        tables: One a dataset and metric, those of a dataset together.
        unmeasured: Number of runs by dataset, of datasets where none has the metric.
            With several metrics the key is "dataset, metric".
        across: One a metric by which methods are compared on several datasets.
        empty: For each dataset and metric of `unmeasured` a table without any number.
    """

    tables: Sequence[Table]
    unmeasured: Mapping[str, int]
    across: Sequence[Across] = ()
    empty: Sequence[Table] = ()


class Options(NamedTuple):
    """How to compare.

    Attributes:
        selection: Which number of a run counts.
        against: Method, or label of a row, that the others are compared with; None
            for `BASELINE`, if it is there.
        statistic: Name of one of `summaries.STATISTICS`.
        published: Which numbers of papers to show, one of `published.SHOWN`.
    """

    selection: Selection
    against: str | None = None
    statistic: str = "mean"
    published: str = "own"


def compare(directories: Directories, metric: str, options: Options) -> Comparison:
    """Computes one table for each dataset in which a metric was measured.

    Args:
        directories: As for `run_records.read`.
        metric: A kind such as "fid", or a full name; or several, joined by commas.
        options: How to compare.

    Raises:
        InputError: If a directory has no records; if a metric was not measured,
            stands for several protocols in one dataset, is of unknown kind, or has no
            best value that is to be selected; if there is no such method to compare
            with, statistic, or way to show published numbers.
    """
    if options.statistic not in summaries.STATISTICS:
        raise InputError(
            f"There is no statistic '{options.statistic}'. Statistics: "
            f"{', '.join(summaries.STATISTICS)}."
        )
    published.check_shown(options.published)
    datasets = groups.by_dataset(run_records.read(directories))
    asked = list(dict.fromkeys(name.strip() for name in metric.split(",")))
    resolved = {name: groups.resolve(datasets, name) for name in asked}
    if options.against is not None:
        ranking.check_reference(options.against, datasets)
    tables: list[Table] = []
    unmeasured, empty = {}, []
    of_metric: dict[str, list[Table]] = {name: [] for name in asked}
    for dataset, members in datasets.items():
        for name in asked:
            if dataset in resolved[name]:
                full, _ = resolved[name][dataset]
                if full not in {t.metric for t in tables if t.dataset == dataset}:
                    tables.append(table_of(dataset, full, members, options))
                    of_metric[name].append(tables[-1])
            else:
                key = dataset if len(asked) == 1 else f"{dataset}, {name}"
                unmeasured[key] = sum(len(group.runs) for group in members)
                empty.append(_empty(dataset, name, members, options))
    wide = [across(name, found) for name, found in of_metric.items()]
    several = [found for found in wide if len(found.datasets) > 1]
    return Comparison(tables, unmeasured, several, empty)


def table_of(
    dataset: str, metric: str, members: Sequence[Group], options: Options
) -> Table:
    """Computes the table of one dataset, of runs that were read before.

    Args:
        dataset: Its name.
        metric: Full name.
        members: Its groups, as `groups.by_dataset` returns them.
        options: How to compare.

    Raises:
        InputError: If the metric is of unknown kind, or the rule of selection cannot
            be applied to it.
    """
    lower = protocols.lower_is_better(metric)
    rule = rule_for(dataset, metric, members, options.selection)
    found = {g.key: [cells.cell(run, rule) for run in g.runs] for g in members}
    seeds = {cell.eval_seeds for row in found.values() for cell in row} - {()}
    mixed = len(seeds) > 1
    if options.selection.needs_direction:
        # What was not chosen was compared, too.
        curves = [run.curve(rule.chosen_by) for g in members for run in g.runs]
        rivals = {tuple(sorted(e)) for curve in curves for e in curve.evaluations}
        mixed |= len(rivals) > 1
        if rule.chosen_by == metric:
            seeds |= rivals
    against = options.against or BASELINE
    shown = options.published != "none"
    methods = {g.method for g in members} if options.published == "own" else None
    return Table(
        dataset,
        metric,
        lower,
        options.selection,
        tuple(sorted({seed for some in seeds for seed in some})),
        mixed,
        groups.shared(members),
        _rows(members, found, lower, against, options.statistic),
        against,
        options.statistic,
        rule.chosen_by,
        published.of(dataset, kind_of(metric), methods) if shown else (),
    )


def _empty(
    dataset: str, metric: str, members: Sequence[Group], options: Options
) -> Table:
    """Returns the table of a dataset in which a metric was not measured."""
    rows = []
    for group in members:
        cells = [
            Cell(run.seed, run.run_id, run.status, None, float("nan"), "not measured")
            for run in group.runs
        ]
        summary = summaries.summarize([cell.value for cell in cells])
        num_diverged = sum(cell.status == "diverged" for cell in cells)
        rows.append(Row(group, cells, summary, num_diverged, None, False, None))
    selection, shared = options.selection, groups.shared(members)
    against = options.against or BASELINE
    return Table(
        dataset,
        metric,
        None,
        selection,
        (),
        False,
        shared,
        rows,
        against,
        options.statistic,
    )


def rule_for(
    dataset: str, metric: str, members: Sequence[Group], selection: Selection
) -> Rule:
    """Returns a rule of selection for what was measured in a dataset.

    Args:
        dataset: Its name.
        metric: Full name of the reported metric.
        members: The groups of the dataset.
        selection: As the user names it.

    Raises:
        InputError: If the metric that is to choose was not measured there, is not fit
            to choose, or has no best value.
    """
    chosen_by = metric
    if selection.by is not None:
        measured = sorted({name for group in members for name in group.metrics})
        place = f"the dataset {dataset}"
        name = protocols.resolve(selection.by, measured, place)
        if name is None:
            raise InputError(
                f"--select {selection.name}: {selection.by} was not measured in "
                f"{place}. Measured: {', '.join(measured)}."
            )
        check_apart(metric, name)
        chosen_by = name
    lower = protocols.lower_is_better(chosen_by)
    if lower is None and selection.needs_direction:
        raise InputError(
            f"--select {selection.name}: of {chosen_by} neither low nor high values "
            "are better. Use --select last, or step:N."
        )
    return Rule(selection, metric, chosen_by, lower)


def _rows(
    members: Sequence[Group],
    found: Mapping[groups.Key, Sequence[Cell]],
    lower: bool | None,
    against: str,
    statistic: str,
) -> list[Row]:
    ranks = ranking.ranks(members, found, lower)
    rows = [_row(group, members, found, lower, against, statistic) for group in members]
    tests = {
        row.group.key: row.difference
        for row in rows
        if row.difference and row.difference.num_pairs
    }
    p = ranking.corrected({key: test.p_value for key, test in tests.items()})
    smallest = ranking.corrected(
        {key: test.smallest_p_value for key, test in tests.items()}
    )
    nan = float("nan")
    return [
        row._replace(
            corrected_p=p.get(row.group.key, nan),
            smallest_corrected_p=smallest.get(row.group.key, nan),
            rank=ranks.get(row.group.key, ""),
        )
        for row in rows
    ]


def _row(
    group: Group,
    members: Sequence[Group],
    found: Mapping[groups.Key, Sequence[Cell]],
    lower: bool | None,
    against: str,
    statistic: str,
) -> Row:
    def values(one: Group) -> dict[int, float]:
        return {cell.seed: cell.value for cell in found[one.key]}

    own = values(group)
    reference = ranking.reference(group, members, against)
    baseline = groups.counterpart(group, members, BASELINE)
    labelled = groups.counterpart(group, members, LABELLED, all_labels=True)
    difference, gap_applies, gap = None, False, None
    if reference and reference.key != group.key:
        difference = paired(own, values(reference))
    unlabelled = group.family in WITHOUT_ALL_LABELS
    if baseline and labelled and unlabelled and lower is not None:
        gap_applies = True
        gap = gaps.gap_closed(
            values(baseline), values(labelled), own, lower_is_better=lower
        )
    compared = (reference, baseline, labelled) if gap_applies else (reference,)
    present = {other.method for other in members if other.budget == group.budget}
    wanted = {against: reference}
    if unlabelled and lower is not None and {BASELINE, LABELLED} <= present:
        wanted |= {BASELINE: baseline, LABELLED: labelled}
    return Row(
        group,
        found[group.key],
        summaries.summarize(list(own.values()), statistic),
        sum(cell.status == "diverged" for cell in found[group.key]),
        difference,
        gap_applies,
        gap.share if gap else None,
        (gap.low, gap.high) if gap else None,
        apart=tuple(name for name in wanted if not wanted[name] and name in present),
        unequal_steps=any(
            _unequal_steps(found[group.key], found[other.key])
            for other in compared
            if other
        ),
    )


def _unequal_steps(cells: Sequence[Cell], others: Sequence[Cell]) -> bool:
    """Whether values that make a pair were measured at different steps."""
    steps = {cell.seed: cell.step for cell in others if cell.step is not None}
    own = [cell for cell in cells if cell.step is not None]
    return any(steps.get(cell.seed, cell.step) != cell.step for cell in own)
