"""The number that is selected from one run, or why there is none."""

import math
from typing import NamedTuple

import numpy as np

from compare_ssgan.analysis.comparison.selection import (
    NOTHING,
    Selected,
    Selection,
    best,
)
from compare_ssgan.analysis.records.measurements import Curve
from compare_ssgan.analysis.records.run_records import Run


class Cell(NamedTuple):
    """The number selected from one run.

    Attributes:
        seed: Training seed.
        run_id: Of the run.
        status: Of the run.
        step: Generator step of the number; None if there is none.
        value: NaN if the run has no such number, or diverged; but what a rule selects
            of unfinished runs counts if it was measured before the run diverged.
        problem: Why there is no finite number; "" if there is one.
        eval_seeds: Evaluation seeds that the value is the mean of.
        eval_deviation: Standard deviation over these, with n - 1 in the denominator;
            NaN if there are fewer than two.
        word: What stands in a table for the number that is not there.
    """

    seed: int
    run_id: str
    status: str
    step: int | None
    value: float
    problem: str
    eval_seeds: tuple[int, ...] = ()
    eval_deviation: float = float("nan")
    word: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the run came to no number, and will come to none."""
        return self.word in ("diverged", "not finite")


class Rule(NamedTuple):
    """A rule of selection, resolved for one dataset.

    Attributes:
        selection: The rule.
        metric: Full name of the reported metric.
        chosen_by: Full name of the metric whose curve decides; often the same.
        lower_is_better: Direction of that metric; None where neither is better.
    """

    selection: Selection
    metric: str
    chosen_by: str
    lower_is_better: bool | None


def cell(run: Run, rule: Rule) -> Cell:
    """Returns what a rule selects from a run."""
    usable = run.status == "done" or (
        rule.selection.of_unfinished and run.status != "missing"
    )
    curve = run.curve(rule.metric)
    elsewhere = rule.chosen_by != rule.metric
    judged = run.curve(rule.chosen_by) if elsewhere else curve
    chosen = NOTHING
    if usable:
        pick = best if elsewhere else rule.selection.pick
        chosen = pick(judged, rule.lower_is_better)
        if elsewhere and chosen.step is not None:
            chosen = Selected(chosen.step, _at(curve, chosen.step))
    if run.status == "diverged" and not _is_before(chosen.step, run.diverged_step):
        usable, chosen = False, NOTHING
    word, problem = _problem(run, rule, usable, chosen, curve)
    value = chosen.value if math.isfinite(chosen.value) else float("nan")
    step = None if problem else chosen.step
    found = Cell(run.seed, run.run_id, run.status, step, value, problem, word=word)
    if step is None:
        return found
    by_seed = curve.evaluations[int(np.searchsorted(curve.steps, step))]
    values = list(by_seed.values())
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return found._replace(eval_seeds=tuple(sorted(by_seed)), eval_deviation=deviation)


def _is_before(step: int | None, end: int | None) -> bool:
    return step is not None and end is not None and step < end


def _at(curve: Curve, step: int) -> float:
    (found,) = np.nonzero(curve.steps == step)
    return float(curve.values[found[0]]) if len(found) else float("nan")


def _problem(
    run: Run, rule: Rule, usable: bool, chosen: Selected, curve: Curve
) -> tuple[str, str]:
    """Returns why there is no finite number, as a word and in full; or twice ""."""
    selection = rule.selection
    if run.status == "diverged" and not usable:
        where = "" if run.diverged_step is None else f" at step {run.diverged_step:,}"
        term = f" ({run.diverged_term})" if run.diverged_term else ""
        return "diverged", f"diverged{where}{term}"
    if run.status == "missing":
        return "not run", "not run"
    if not usable:
        state = {"partial": "interrupted"}.get(run.status, run.status)
        return state, f"{state}, not counted by '{selection.name}'"
    state = "" if run.status == "done" else f" ({run.status})"
    if chosen.step is None:
        wanted = selection.title if selection.of_unfinished else "finite measurement"
        if rule.chosen_by != rule.metric:
            wanted += f" of {rule.chosen_by}"
        return "no value", f"no {wanted}{state}"
    if chosen.step not in curve.steps:
        return "no value", f"no measurement at step {chosen.step:,}{state}"
    if not math.isfinite(chosen.value):
        return "not finite", f"measured {chosen.value} at step {chosen.step:,}"
    return "", ""
