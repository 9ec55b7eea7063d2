"""What is said above and below a table, without which its numbers mean nothing."""

from collections.abc import Sequence

from compare_ssgan.analysis import protocols
from compare_ssgan.analysis.comparison import BASELINE, LABELLED, Table


def sentences(table: Table) -> list[str]:
    """Returns the sentences without which the numbers of a table mean nothing."""
    direction = {True: "lower", False: "higher", None: "neither"}
    rule = table.selection
    steps = sorted({step for row in table.rows for step in row.steps})
    # The rule step:N names its step itself.
    where = f" (step {span(steps)})" if steps and not rule.of_unfinished else ""
    seeds = sorted({cell.seed for row in table.rows for cell in row.cells})
    said = [
        f"{protocols.describe(table.metric)}; "
        f"{direction[table.lower_is_better]} is better.",
        f"Selection '{rule.name}': {rule.title}{where}.",
        f"Median, mean, range and standard deviation over training seeds "
        f"{_ranges(seeds)}; n: seeds with a finite value.",
    ]
    said += _of_evaluations(table)
    if table.shared.budget:
        said.append(f"Budget: {table.shared.budget}.")
    if table.shared.settings:
        said.append(f"Settings of all: {', '.join(table.shared.settings)}.")
    if table.has_baseline:
        said.append(
            f"Difference: method minus {BASELINE} on equal seeds, mean and 95 % "
            "Student-t interval; tied unless that excludes 0. p: exact permutation "
            "test, in brackets the smallest attainable with that many pairs."
        )
    if table.has_gap:
        said.append(
            f"Gap closed: share of the difference between {BASELINE} and {LABELLED}; "
            f"undefined where {LABELLED} is not better by that rule."
        )
    return said


def _of_evaluations(table: Table) -> list[str]:
    """Says which evaluations the values are of, unless each is of the only one."""
    sentences = []
    if table.mixed_eval_seeds:
        by_seeds: dict[tuple[int, ...], int] = {}
        for cell in (cell for row in table.rows for cell in row.cells):
            if cell.eval_seeds:
                number = by_seeds.get(cell.eval_seeds, 0)
                by_seeds[cell.eval_seeds] = number + 1
        parts = [
            f"{_ranges(seeds)} ({number} run{'s' * (number != 1)})"
            for seeds, number in sorted(by_seeds.items())
        ]
        sentences.append(
            f"Evaluation seeds differ, each value being the mean over its own: "
            f"{'; '.join(parts)}."
            if len(by_seeds) > 1
            else "Evaluation seeds differ between the measurements that the values "
            f"were chosen from; the chosen ones are of {', '.join(parts) or 'none'}."
        )
    elif len(table.eval_seeds) > 1:
        seeds = _ranges(table.eval_seeds)
        sentences.append(f"Each value is the mean over evaluation seeds {seeds}.")
    if table.has_eval_deviation:
        sentences.append(
            "eval std: standard deviation over evaluation seeds, mean over runs; std "
            "is over training seeds."
        )
    return sentences


def notes(table: Table) -> list[str]:
    """Returns a sentence for each row with runs that have no finite number."""
    sentences = []
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
            sentences.append(f"{row.group.label}: {'; '.join(parts)}.")
    return sentences


def span(steps: Sequence[int]) -> str:
    """Returns '100 to 500' for 100, 300, 500."""
    return " to ".join(f"{step:,}" for step in sorted({*steps[:1], *steps[-1:]}))


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
