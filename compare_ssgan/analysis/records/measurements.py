"""What was measured of a run: its rows, and the curves they are points of."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.records import jsonl


class Measurement(NamedTuple):
    """One metric of one checkpoint.

    Attributes:
        step: Generator steps taken.
        images_seen: Real images the discriminator was shown, repeats included.
        metric: Name that implies the protocol, e.g. "fid600_test_digits_cnn".
        value: NaN if the generator had diverged.
        eval_seed: Seed of the generated samples; not the seed of the training.
    """

    step: int
    images_seen: int
    metric: str
    value: float
    eval_seed: int


class Curve(NamedTuple):
    """One metric of one run.

    Attributes:
        steps: [measurements] int64 generator steps, ascending.
        values: [measurements] float64, the mean over the evaluation seeds.
        eval_seeds: Evaluation seeds the values are the mean of, of all steps together.
        evaluations: [measurements] those of each step: value by evaluation seed.
    """

    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    eval_seeds: tuple[int, ...]
    evaluations: Sequence[Mapping[int, float]] = ()


def read(directory: pathlib.Path) -> Sequence[Measurement]:
    """Returns those of the training, then those added later, each once."""
    metrics, evaluations = directory / "metrics.jsonl", directory / "evaluations.jsonl"
    found = jsonl.read(metrics, _measurement) if metrics.is_file() else []
    if not evaluations.is_file():
        return found
    known = {(m.step, m.metric, m.eval_seed): m for m in found}
    for added in jsonl.read(evaluations, _measurement):
        known.setdefault((added.step, added.metric, added.eval_seed), added)
    return list(known.values())


def curve(measurements: Sequence[Measurement], metric: str) -> Curve:
    """Returns the curve of a metric by its full name; empty if never measured."""
    by_step: dict[int, dict[int, float]] = {}
    for measurement in measurements:
        if measurement.metric == metric:
            values = by_step.setdefault(measurement.step, {})
            values[measurement.eval_seed] = measurement.value
    steps = sorted(by_step)
    means = [sum(by_step[s].values()) / len(by_step[s]) for s in steps]
    return Curve(
        np.array(steps, np.int64),
        np.array(means, np.float64),
        tuple(sorted({seed for values in by_step.values() for seed in values})),
        [by_step[step] for step in steps],
    )


def _measurement(line: Any) -> Measurement:
    step, metric = line["step"], line["metric"]
    if type(step) is not int or type(metric) is not str:
        raise TypeError("step is a whole number, metric a text")
    return Measurement(
        step,
        line.get("images_seen", 0),
        metric,
        float(line["value"]),
        line.get("eval_seed", 0),
    )
