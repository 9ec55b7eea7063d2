"""The tables of a page: `analysis.comparison` by every metric and rule."""

from collections.abc import Sequence
from typing import Any

from compare_ssgan.analysis import (
    captions,
    comparison,
    protocols,
    selection,
    tables,
)
from compare_ssgan.analysis.groups import Group
from compare_ssgan.analysis.report.pools import Pools, number

# Steps that can be chosen, evenly spread over those measured. Each is a whole table.
_STEPS = 8


def rules(members: Sequence[Group], metric: str) -> list[str]:
    """Returns the selection rules that a dataset's tables are made by.

    Args:
        members: The groups of a dataset.
        metric: Full name.
    """
    found = ["last"]
    if protocols.lower_is_better(metric) is not None:
        found.append("best")
    measured = {m.step for group in members for run in group.runs
                for m in run.measurements if m.metric == metric and m.step}
    steps = sorted(measured)
    every = max(1, -(-len(steps) // _STEPS))
    # Counted from the end, which is the step that is asked for most.
    return found + [f"step:{step}" for step in steps[::-1][::every][::-1]]


def of_dataset(
    dataset: str, members: Sequence[Group], metrics: list[str], pools: Pools
) -> list[dict[str, Any]]:
    """Returns the tables of a dataset: one for each metric and rule.

    Args:
        dataset: Its name.
        members: Its groups.
        metrics: Full names of all that was measured anywhere.
        pools: What receives problems of runs.
    """
    found = []
    for index, metric in enumerate(metrics):
        reduced = [_only(group, metric) for group in members]
        if not any(group.metrics for group in reduced):
            continue
        for rule in rules(reduced, metric):
            compared = comparison.compare_groups(
                {dataset: reduced}, metric, selection.parse_selection(rule)
            )
            (table,) = compared.tables
            found.append({"metric": index, "rule": rule, **_content(table, pools)})
    return found


def _only(group: Group, metric: str) -> Group:
    """Returns a group without its other measurements, which nothing looks at."""
    runs = [
        run._replace(measurements=[m for m in run.measurements if m.metric == metric])
        for run in group.runs
    ]
    return group._replace(runs=runs)


def _content(table: comparison.Table, pools: Pools) -> dict[str, Any]:
    shown = tables.texts(table)
    return {
        "caption": captions.sentences(table),
        "notes": captions.notes(table),
        "header": shown.header,
        "left": shown.left,
        "rows": shown.rows,
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
            for row in table.rows
        ],
    }
