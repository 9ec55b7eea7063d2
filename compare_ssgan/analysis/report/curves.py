"""The curves of a run over what a page can put on its horizontal axis."""

from typing import Any, NamedTuple

from compare_ssgan.analysis.records import timings
from compare_ssgan.analysis.records.run_records import Run
from compare_ssgan.analysis.report.pools import Pools, numbers


class Axis(NamedTuple):
    """Something that grows while a run trains.

    Attributes:
        name: Key in the page.
        label: What stands at the axis.
        absent: Why it may not be recorded.
    """

    name: str
    label: str
    absent: str


AXES = (
    Axis("steps", "generator steps", ""),
    Axis("images", "real images seen", "these records do not count images"),
    Axis("wall", "time of training", "these records do not time their steps"),
    Axis("operations", "operations", "these records do not count operations"),
)


def of(run: Run, metrics: list[str], pools: Pools) -> dict[str, Any]:
    """Returns the axes of a run at all steps measured, and its values by metric.

    Args:
        run: The run.
        metrics: Full names; what is returned has their numbers.
        pools: What receives the axes.

    Returns:
        {"axes": {name of axis: number of its list}, "curves": {metric:
        [number of the list of steps, values]}}.
    """
    by_step = {m.step: m for m in run.measurements}
    steps = sorted(by_step)
    columns: dict[str, list[Any]] = {
        "steps": steps,
        "images": [by_step[step].images_seen for step in steps],
        "wall": timings.read(run.directory).at(steps).tolist(),
        "operations": [(run.operations_per_step or 0) * step for step in steps],
    }
    axes = {
        name: pools.numbers.add(tuple(numbers(column)))
        for name, column in columns.items()
        # What nothing says, or says to be nothing, is not on record.
        if name == "steps" or any(value > 0 for value in column)
    }
    curves = {}
    for metric in run.metrics:
        curve = run.curve(metric)
        curves[metrics.index(metric)] = [
            pools.numbers.add(tuple(numbers(curve.steps.tolist()))),
            numbers(curve.values.tolist()),
        ]
    return {"axes": axes, "curves": curves}
