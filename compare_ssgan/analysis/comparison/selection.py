"""Rules that choose one number from the curve of a run.

Which rule was used is part of a result: reporting the best checkpoint is optimistic,
since it is chosen by the reported metric itself.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from compare_ssgan.analysis.records.measurements import Curve
from compare_ssgan.errors import InputError
from compare_ssgan.protocols import read


class Selected(NamedTuple):
    """A point of a curve.

    Attributes:
        step: Generator steps; None if the curve has no such point.
        value: NaN if there is no such point, or if it was measured as NaN.
    """

    step: int | None
    value: float


NOTHING = Selected(None, float("nan"))


class Selection(NamedTuple):
    """A named rule.

    Attributes:
        name: As the user writes it and the tables print it.
        title: The rule in words.
        of_unfinished: Whether what it selects is the same once the run has finished,
            so that it may be used before, and of runs that diverged after it.
        needs_direction: Whether there is nothing to select where neither low nor high
            values are better.
        pick: (curve, lower_is_better) -> the selected point. Refuses if another
            metric decides: its curve is to be given to `best`.
        by: Kind or full name of the metric whose curve decides; None if it is the
            reported one.
    """

    name: str
    title: str
    of_unfinished: bool
    needs_direction: bool
    pick: Callable[[Curve, bool | None], Selected]
    by: str | None = None


def parse_selection(text: str) -> Selection:
    """Returns the rule called "last", "best", "step:N" or "by:METRIC".

    Raises:
        InputError: If there is no such rule.
    """
    if text == "last":
        return Selection("last", "last measurement", False, False, _last)
    if text == "best":
        title = "best measurement, chosen by the reported metric itself"
        return Selection("best", title, False, True, best)
    match = re.fullmatch(r"step:(\d[\d_]*)", text)
    if match:
        return _at_step(int(match[1].replace("_", "")))
    if text.startswith("by:") and len(text) > 3:
        metric = text.removeprefix("by:")
        title = f"measurement at the step where {metric} is best"
        return Selection(text, title, False, True, _refuse, metric)
    raise InputError(
        f"There is no selection rule '{text}'. Rules: last, best, step:N (the "
        "measurement at generator step N, e.g. step:5000), by:METRIC (the measurement "
        "at the step where another metric is best, e.g. by:fid10k_train_inception)."
    )


def check_apart(reported: str, chosen_by: str) -> None:
    """Raises InputError unless one metric may choose what another one reports.

    A step that is chosen by the images it is judged on is the best one for them, so
    both may not be of the same split, whatever the metrics are. One without real
    images, such as the Inception score, has no split.

    Args:
        reported: Full name.
        chosen_by: Full name.
    """
    if reported == chosen_by:
        raise InputError(
            f"--select by:{chosen_by}: that is the reported metric itself. Use "
            "--select best, which says so, or a metric of another split."
        )
    names = read(reported), read(chosen_by)
    splits = [name.split for name in names if name and name.split]
    if len(splits) == 2 and (splits[0] == splits[1] or "all" in splits):
        raise InputError(
            f"--select by:{chosen_by}: {reported} is measured on the same images "
            f"({' and '.join(sorted({*splits}))}). Choose by a metric of another "
            "split, such as train."
        )


def best(curve: Curve, lower_is_better: bool | None) -> Selected:
    """Returns the best finite point of a curve, the first of equal ones.

    Args:
        curve: Of the metric that decides.
        lower_is_better: Its direction, not None.
    """
    assert lower_is_better is not None
    if not np.isfinite(curve.values).any():
        return NOTHING
    worst = np.inf if lower_is_better else -np.inf
    values = np.where(np.isfinite(curve.values), curve.values, worst)
    index = int(np.argmin(values) if lower_is_better else np.argmax(values))
    return Selected(int(curve.steps[index]), float(curve.values[index]))


def _last(curve: Curve, lower_is_better: bool | None) -> Selected:
    del lower_is_better
    if not len(curve.steps):
        return NOTHING
    return Selected(int(curve.steps[-1]), float(curve.values[-1]))


def _refuse(curve: Curve, lower_is_better: bool | None) -> Selected:
    del curve, lower_is_better
    raise InputError(
        "--select by:METRIC: only tables choose by another metric than the one they "
        "show. Use last, best or step:N."
    )


def _at_step(step: int) -> Selection:
    def pick(curve: Curve, lower_is_better: bool | None) -> Selected:
        del lower_is_better
        (found,) = np.nonzero(curve.steps == step)
        return Selected(step, float(curve.values[found[0]])) if len(found) else NOTHING

    title = f"measurement at step {step:,}"
    return Selection(f"step:{step}", title, True, False, pick)
