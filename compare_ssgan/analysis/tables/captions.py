"""What is said above and below a table, without which its numbers mean nothing."""

from collections import Counter
from collections.abc import Sequence

from compare_ssgan.analysis.comparison.cells import Cell
from compare_ssgan.analysis.comparison.rows import BASELINE, LABELLED, Table
from compare_ssgan.analysis.records import protocols
from compare_ssgan.analysis.statistics import summaries

_DIRECTION = {True: "lower", False: "higher", None: "neither"}
_STATISTIC = {"mean": "mean", "iqm": "interquartile mean"}


def sentences(table: Table, mark: str = "Bold") -> list[str]:
    """Returns the sentences without which the numbers of a table mean nothing.

    Args:
        table: The table.
        mark: How the best rows are marked.
    """
    enough = summaries.ENOUGH
    said = [
        _protocol(table),
        _selection(table),
        f"Median, mean and range over training seeds {_ranges(_seeds(table))}; n: "
        f"seeds with a finite value. std and intervals: from n = {enough} on.",
    ]
    if table.has_estimate:
        said.append(
            f"95 % interval of the {_STATISTIC[table.statistic]}: bootstrap over "
            "training seeds, expanded percentiles."
        )
    said += _of_evaluations([table]) + _of_all(table) + _of_diverged([table])
    if table.has_rank:
        said.append(_rank([table], mark))
    if table.has_baseline:
        said.append(
            f"Difference: method minus {table.against} on equal seeds, mean and 95 % "
            "Student-t interval; tied unless that excludes 0. p: exact permutation "
            "test, in brackets the smallest attainable with that many pairs; Holm p: "
            "the same, corrected for the number of comparisons in this table, "
            f"{table.num_comparisons}."
        )
    if table.has_gap:
        said.append(_gap(table))
    return said


def joint_sentences(tables: Sequence[Table], mark: str = "Bold") -> list[str]:
    """Returns what is said of several metrics side by side.

    Args:
        tables: Of one dataset and one rule of selection.
        mark: How the best rows are marked.
    """
    first = tables[0]
    said = [f"{table.metric}: {_protocol(table)}" for table in tables]
    by_rule = first.selection.needs_direction
    if not by_rule and len({step for table in tables for step in table.steps}) > 1:
        said += [f"{table.metric}: {_selection(table)}" for table in tables]
    else:
        said += dict.fromkeys(_selection(table, steps=False) for table in tables)
    if first.selection.name == "best":
        said.append("Each metric has steps of its own.")
    said.append(
        f"Mean and range over training seeds {_ranges(_seeds(first))}; where some have "
        "no finite value, their number is said."
    )
    said += _of_evaluations(tables) + _of_all(first) + _of_diverged(tables)
    if any(table.has_rank for table in tables):
        said.append(_rank(tables, mark))
    return said


def notes(table: Table) -> list[str]:
    """Returns a sentence for each row with runs that have no finite number.

    And others on what is not compared, or not at equal steps, and on the versions of
    the package that trained the runs, if there are several.
    """
    return [*_problems(table), *_comparisons(table), *_versions(table)]


def joint_notes(table: Table) -> list[str]:
    """Returns the notes on a metric that stands beside others.

    No two rows are compared there, and no column has their steps.
    """
    said = []
    if table.has_steps and not table.selection.needs_direction:
        steps = [f"{r.group.label} {span(r.steps)}" for r in table.rows if r.steps]
        said.append(f"At step: {'; '.join(steps)}.")
    return [*_problems(table), *said, *_versions(table)]


def span(steps: Sequence[int]) -> str:
    """Returns '100 to 500' for 100, 300, 500."""
    return " to ".join(f"{step:,}" for step in sorted({*steps[:1], *steps[-1:]}))


def _problems(table: Table) -> list[str]:
    found = []
    for row in table.rows:
        by_problem: dict[str, list[int]] = {}
        for cell in row.cells:
            if cell.problem:
                by_problem.setdefault(cell.problem, []).append(cell.seed)
        if by_problem:
            parts = [
                f"seed{'s' * (len(seeds) > 1)} {_ranges(seeds)} {problem}"
                for problem, seeds in by_problem.items()
            ]
            found.append(f"{row.group.label}: {'; '.join(parts)}.")
    return found


def _comparisons(table: Table) -> list[str]:
    """Says which rows are not compared, or not at equal steps."""
    found = []
    for method in dict.fromkeys(name for row in table.rows for name in row.apart):
        labels = [row.group.label for row in table.rows if method in row.apart]
        found.append(
            f"Without a {method} of equal settings to compare with: "
            f"{'; '.join(labels)}."
        )
    labels = [row.group.label for row in table.rows if row.unequal_steps]
    # Where the rule picks them, each run has a step of its own.
    if labels and not table.selection.needs_direction:
        found.append(f"Compared at unequal steps: {'; '.join(labels)}.")
    return found


def of_published(table: Table) -> str:
    """Returns what is said above published numbers."""
    whole = sorted({number.dataset for number in table.published})
    said = (
        f"Published for {', '.join(whole)}, each with a protocol, network and budget "
        "of its own: not to be compared with the numbers of runs unless all agree."
    )
    marks = {number.mark for number in table.published}
    if "quoted" in marks:
        said += " quoted: read in another text than its source."
    if "unconfirmed" in marks:
        said += " unconfirmed: recalled, and read in no source."
    return said


def _protocol(table: Table) -> str:
    return (
        f"{protocols.describe(table.metric)}; "
        f"{_DIRECTION[table.lower_is_better]} is better."
    )


def _selection(table: Table, steps: bool = True) -> str:
    rule = table.selection
    # The rule step:N names its step itself.
    said = steps and table.steps and not rule.of_unfinished
    where = f" (step {span(table.steps)})" if said else ""
    if rule.by is None:
        return f"Selection '{rule.name}': {rule.title}{where}."
    # The rule knows what the user wrote, which may be just a kind.
    lower = protocols.lower_is_better(table.chosen_by)
    return (
        f"Selection '{rule.name}': measurement at the step where {table.chosen_by} is "
        f"best{where}. {table.chosen_by}: {protocols.describe(table.chosen_by)}; "
        f"{_DIRECTION[lower]} is better."
    )


def _of_all(table: Table) -> list[str]:
    said = []
    if table.shared.budget:
        said.append(f"Budget: {table.shared.budget}.")
    if table.shared.settings:
        said.append(f"Settings of all: {', '.join(table.shared.settings)}.")
    return said


def _of_diverged(tables: Sequence[Table]) -> list[str]:
    cells = [cell for table in tables for cell in _cells(table)]
    if not any(cell.status == "diverged" and not cell.problem for cell in cells):
        return []
    return [
        "Runs that diverged after that step count with what they had there; diverged: "
        "how many did at any time."
    ]


def _rank(tables: Sequence[Table], mark: str) -> str:
    each = " of each budget" * (tables[0].shared.budget is None)
    each += " in each column" * (len(tables) > 1)
    how = (
        "paired as below"
        if len(tables) == 1 and tables[0].has_baseline
        else "the 95 % Student-t interval of the difference on equal seeds contains 0"
    )
    single = any(row.summary.num_runs == 1 for table in tables for row in table.rows)
    several = "more than one run, and " * single
    return (
        f"{mark}: the best mean{each}, and what cannot be told from it ({how}), among "
        f"methods with {several}a number from every run."
    )


def _gap(table: Table) -> str:
    incomplete = any(
        row.gap_applies
        and row.gap_closed is None
        and 0 < row.summary.num_values < len(_seeds(table))
        for row in table.rows
    )
    common = ", or its mean is not on the seeds that all three have" * incomplete
    return (
        f"Gap closed: share of the difference between {BASELINE} and {LABELLED}, with "
        f"95 % interval (Fieller); undefined where {LABELLED} is not better by the "
        f"rule for ties{common}."
    )


def _of_evaluations(tables: Sequence[Table]) -> list[str]:
    """Says which evaluations the values are of, unless each is of the only one."""
    said = []
    for table in tables:
        place = f"{table.metric}: " if len(tables) > 1 else ""
        if table.mixed_eval_seeds:
            said.append(place + _mixed(table))
        elif len(table.eval_seeds) > 1:
            seeds = _ranges(table.eval_seeds)
            said.append(f"{place}Each value is the mean over evaluation seeds {seeds}.")
    if len(tables) == 1 and tables[0].has_eval_deviation:
        said.append(
            "eval std: standard deviation over evaluation seeds, mean over runs; std "
            "is over training seeds."
        )
    return said


def _mixed(table: Table) -> str:
    by_seeds: Counter[tuple[int, ...]] = Counter(
        cell.eval_seeds for cell in _cells(table) if cell.eval_seeds
    )
    parts = [
        f"{_ranges(seeds)} ({number} run{'s' * (number != 1)})"
        for seeds, number in sorted(by_seeds.items())
    ]
    return (
        "Evaluation seeds differ, each value being the mean over its own: "
        f"{'; '.join(parts)}."
        if len(by_seeds) > 1
        else "Evaluation seeds differ between the measurements that the values were "
        f"chosen from; the chosen ones are of {', '.join(parts) or 'none'}."
    )


def _versions(table: Table) -> list[str]:
    counts = Counter(
        run.version or "unknown"
        for row in table.rows
        for run, cell in zip(row.group.runs, row.cells, strict=True)
        if not cell.problem or cell.status == "diverged"
    )
    parts = [f"{version} ({count} runs)" for version, count in sorted(counts.items())]
    if len(counts) > 1:
        return [f"Runs are of several versions of the package: {', '.join(parts)}."]
    if any(version.endswith("-dirty") for version in counts):
        return [f"Runs are of code with uncommitted changes: {', '.join(parts)}."]
    return []


def _cells(table: Table) -> list[Cell]:
    return [cell for row in table.rows for cell in row.cells]


def _seeds(table: Table) -> list[int]:
    return sorted({cell.seed for cell in _cells(table)})


def _ranges(seeds: Sequence[int]) -> str:
    """Returns '0 to 4, 7' for 0, 1, 2, 3, 4, 7."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run))
        for run in runs
    )
