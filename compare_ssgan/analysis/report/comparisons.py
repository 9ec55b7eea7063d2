"""The tables of a page: `analysis.comparison` by every metric and rule."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from compare_ssgan.analysis.comparison import across, comparing, selection
from compare_ssgan.analysis.comparison.comparing import Comparison, Options
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.comparison.rows import Table
from compare_ssgan.analysis.records import protocols
from compare_ssgan.analysis.report.pools import Pools, number
from compare_ssgan.analysis.tables import layout
from compare_ssgan.analysis.tables.layout import Entry, Grid, Section
from compare_ssgan.errors import InputError
from compare_ssgan.protocols import KINDS, kind_of

# Steps that can be chosen, evenly spread over those measured. Each is a whole table.
_STEPS = 8
_STYLE = layout.Style()
# What stands on the page for the marks of other formats.
_MARK = "Bold"


class Found(NamedTuple):
    """A table of a dataset.

    Attributes:
        metric: Full name.
        rule: Name of the rule of selection.
        table: The table.
    """

    metric: str
    rule: str
    table: Table


def of_dataset(dataset: str, members: Sequence[Group]) -> list[Found]:
    """Returns the tables of a dataset: one for each metric and rule.

    Args:
        dataset: Its name.
        members: Its groups.
    """
    names = sorted({name for group in members for name in group.metrics})
    found = []
    # What nothing is known of has curves, but no table.
    for metric in (name for name in names if kind_of(name) in KINDS):
        for rule in rules(members, metric):
            chosen = selection.parse_selection(rule)
            wanted = {metric, chosen.by or metric}
            # Nothing looks at the other measurements, of which there may be many.
            reduced = [_only(group, wanted) for group in members]
            options = Options(chosen)
            table = comparing.table_of(dataset, metric, reduced, options)
            found.append(Found(metric, rule, table))
    return found


def rules(members: Sequence[Group], metric: str) -> list[str]:
    """Returns the rules of selection that there are tables of.

    Args:
        members: The groups of a dataset.
        metric: Full name.
    """
    found = ["last"]
    if protocols.lower_is_better(metric) is not None:
        found.append("best")
    names = sorted({name for group in members for name in group.metrics})
    found += [f"by:{name}" for name in names if _may_choose(metric, name)]
    measured = {
        m.step
        for group in members
        for run in group.runs
        for m in run.measurements
        if m.metric == metric and m.step
    }
    steps = sorted(measured)
    every = max(1, -(-len(steps) // _STEPS))
    # Counted from the end, which is the step that is asked for most.
    return found + [f"step:{step}" for step in steps[::-1][::every][::-1]]


def content(found: Found, metrics: Sequence[str], pools: Pools) -> dict[str, Any]:
    """Returns a table as JSON, its rows in the order of the groups.

    Args:
        found: The table.
        metrics: Full names of all that was measured anywhere.
        pools: What receives texts that are the same in many tables.
    """
    (section,) = layout.sections(Comparison([found.table], {}), _STYLE, _MARK)
    return {
        "metric": list(metrics).index(found.metric),
        "rule": found.rule,
        **_section(section, pools),
        # In the order of the runs of each group: value, step, problem.
        "cells": [
            [
                [
                    number(cell.value),
                    cell.step,
                    pools.texts.add(cell.problem) if cell.problem else None,
                ]
                for cell in row.cells
            ]
            for row in found.table.rows
        ],
    }


def across_datasets(
    datasets: Sequence[Sequence[Found]], pools: Pools
) -> list[dict[str, Any]]:
    """Returns what compares methods over several datasets, by kind and rule.

    Args:
        datasets: The tables of each dataset.
        pools: What receives texts.
    """
    tables: dict[tuple[str, str], list[Table]] = {}
    for tables_of_one in datasets:
        kinds = [kind_of(name) for name in {found.metric for found in tables_of_one}]
        for found in tables_of_one:
            kind = kind_of(found.metric)
            # Of several protocols of a kind in a dataset, none stands for it.
            if kinds.count(kind) == 1:
                tables.setdefault((kind, found.rule), []).append(found.table)
    several = []
    for (kind, rule), members in tables.items():
        compared = across.across(kind, members)
        if compared.rows:
            (section,) = layout.sections(Comparison([], {}, [compared]), _STYLE)
            shown = _section(section, pools)
            several.append({"kind": kind, "rule": rule, **shown})
    return several


def _may_choose(metric: str, other: str) -> bool:
    """Whether one metric may choose what another of its kind reports."""
    if kind_of(metric) != kind_of(other) or protocols.lower_is_better(other) is None:
        return False
    try:
        selection.check_apart(metric, other)
    except InputError:
        return False
    return True


def _only(group: Group, metrics: set[str]) -> Group:
    runs = [
        run._replace(measurements=[m for m in run.measurements if m.metric in metrics])
        for run in group.runs
    ]
    return group._replace(runs=runs)


def _section(section: Section, pools: Pools) -> dict[str, Any]:
    main, *others = section.grids
    return {
        "title": section.title,
        "caption": [pools.texts.add(text) for text in section.sentences],
        "notes": [pools.texts.add(text) for text in section.notes],
        **_grid(main),
        "others": [pools.grids.add(json.dumps(_grid(grid))) for grid in others],
    }


def _grid(grid: Grid) -> dict[str, Any]:
    return {
        "header": list(grid.header),
        "left": list(grid.left),
        "heading": grid.title,
        "prose": grid.prose,
        "rows": [
            [_entry(entry) for entry in line]
            for _, members in grid.blocks
            for line in members
        ],
    }


def _entry(entry: Entry) -> str | list[str]:
    """Returns a text, in a list if it is marked."""
    return [entry.text] if entry.marked else entry.text
