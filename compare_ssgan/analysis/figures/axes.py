"""What curves are drawn over: what a training had cost up to a step."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.records import timings
from compare_ssgan.analysis.records.run_records import Run
from compare_ssgan.errors import InputError

AXES = ("steps", "images", "wall", "operations")
_TIMES = ((1.0, "seconds"), (60.0, "minutes"), (3600.0, "hours"), (86400.0, "days"))
_OPERATIONS = (
    (1e9, "GFLOP"), (1e12, "TFLOP"), (1e15, "PFLOP"), (1e18, "EFLOP"), (1e21, "ZFLOP"),
)  # fmt: skip

Values = npt.NDArray[np.float64]


class Axis(NamedTuple):
    """The horizontal axis of curves.

    Attributes:
        name: One of `AXES`.
        label: What to write on it, with the unit.
        aligned: Whether runs of equal length end at the same place.
        note: A sentence for the caption; may be empty.
        positions: (run, steps) -> where generator steps of a run are, in the unit of
            the label; NaN where unknown.
    """

    name: str
    label: str
    aligned: bool
    note: str
    positions: Callable[[Run, npt.ArrayLike], Values]


def choose(name: str, members: Sequence[Group]) -> Axis:
    """Returns an axis that all measured runs can be drawn over.

    Args:
        name: One of `AXES`: "steps" (generator steps), "images" (real ones shown to
            the discriminator), "wall" (time of training, see `timings.Timings`), or
            "operations" (of floating point, see `run_records.Run`).
        members: What is to be drawn.

    Raises:
        InputError: If there is no such axis, or records do not say where a run is.
    """
    if name not in AXES:
        raise InputError(f"There is no axis '{name}'. --over takes {', '.join(AXES)}.")
    if name == "steps":
        return Axis(name, "generator steps", True, "", _steps)
    if name == "wall":
        return _wall(members)
    costs = {"images": _images_per_step, "operations": _operations_per_step}[name]
    # Seeds of a group have equal networks and batches: what one says holds for all.
    ratios = {
        id(run): next((c for c in map(costs, group.runs) if c is not None), None)
        for group in members
        for run in group.runs
    }
    _check(name, members, lambda run: ratios[id(run)] is not None)
    if name == "images":
        label, divisor, note = "real images seen", 1.0, ""
    else:
        most = max(
            (ratios[id(run)] or 0) * _last_step(run)
            for group in members
            for run in group.runs
        )
        divisor, unit = _unit(most, _OPERATIONS)
        label = f"training operations ({unit})"
        note = (
            "Operations: products of the networks in training, forward and backward, "
            "a multiply-add being two."
        )

    def positions(run: Run, steps: npt.ArrayLike) -> Values:
        ratio = ratios[id(run)]
        return _steps(run, steps) * (np.nan if ratio is None else ratio / divisor)

    return Axis(name, label, name == "images", note, positions)


def _wall(members: Sequence[Group]) -> Axis:
    found = {
        id(run): timings.read(run.directory) for group in members for run in group.runs
    }
    _check("wall", members, lambda run: len(found[id(run)].steps) > 1)
    most = max(float(t.seconds[-1]) for t in found.values() if len(t.steps))
    divisor, unit = _unit(most, _TIMES)

    def positions(run: Run, steps: npt.ArrayLike) -> Values:
        seconds: Values = found[id(run)].at(steps)
        return seconds / divisor

    devices = sorted({run.device for g in members for run in g.runs if run.device})
    where = "; ".join(devices) or "an unknown device"
    several = " Times on different devices do not compare." * (len(devices) > 1)
    note = f"Time of training steps alone, without evaluations, on {where}.{several}"
    return Axis("wall", f"training time ({unit})", False, note, positions)


def _check(name: str, members: Sequence[Group], is_known: Callable[[Run], Any]) -> None:
    """Raises InputError unless positions of all runs with curves are known."""
    measured = [run for group in members for run in group.runs if _last_step(run)]
    unknown = [run for run in measured if not is_known(run)]
    if not measured:
        raise InputError(f"--over {name}: no run has a measurement after step 0.")
    if unknown:
        wanted = {
            "images": "images_seen in metrics.jsonl",
            "wall": "timing.jsonl with the seconds of training steps",
            "operations": "operations_per_step in run.json",
        }[name]
        raise InputError(
            f"--over {name}: {len(unknown)} of {len(measured)} measured runs do not "
            f"have {wanted}, such as {unknown[0].run_id}. Draw them over steps, or "
            "repeat them in another directory."
        )


def _steps(run: Run, steps: npt.ArrayLike) -> Values:
    del run
    return np.asarray(steps, np.float64)


def _images_per_step(run: Run) -> float | None:
    return next(
        (m.images_seen / m.step for m in run.measurements if m.step and m.images_seen),
        None,
    )


def _operations_per_step(run: Run) -> float | None:
    return run.operations_per_step


def _last_step(run: Run) -> int:
    return max((m.step for m in run.measurements), default=0)


def _unit(most: float, units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """Returns the largest unit of which there is more than one."""
    return next((unit for unit in reversed(units) if most > 1.5 * unit[0]), units[0])
