"""What was measured of a run: its rows, and the curves they are points of."""

import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.records import jsonl, schema
from compare_ssgan.errors import InputError


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
        evaluations: [measurements] those of each step: value by evaluation seed.
    """

    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    evaluations: Sequence[Mapping[int, float]] = ()


def read(directory: pathlib.Path) -> Sequence[Measurement]:
    """Returns those of the training, then those added later, each once.

    Of a measurement that both have, the value is that of the training.

    Raises:
        InputError: If a line is malformed, or a file has two values of one
            measurement.
    """
    return joined(
        _of_file(directory / "metrics.jsonl"), _of_file(directory / "evaluations.jsonl")
    )


def joined(
    one: Sequence[Measurement], other: Sequence[Measurement]
) -> Sequence[Measurement]:
    """Returns each measurement of two records once, those of the first one first."""
    known = {_key(measurement): measurement for measurement in one}
    for measurement in other:
        known.setdefault(_key(measurement), measurement)
    return list(known.values())


def first_conflict(
    one: Sequence[Measurement], other: Sequence[Measurement]
) -> tuple[Measurement, Measurement] | None:
    """Returns the first measurement that two records have different values of.

    Two NaN are not different.
    """
    known = {_key(measurement): measurement for measurement in reversed(one)}
    for second in other:
        first = known.get(_key(second), second)
        both_nan = math.isnan(first.value) and math.isnan(second.value)
        if first.value != second.value and not both_nan:
            return first, second
    return None


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
        [by_step[step] for step in steps],
    )


def _of_file(path: pathlib.Path) -> Sequence[Measurement]:
    rows = jsonl.read(path, _measurement) if path.is_file() else []
    several = len({_key(measurement) for measurement in rows}) < len(rows)
    twice = first_conflict(rows, rows) if several else None
    if twice is not None:
        raise InputError(
            f"{path} has two values of {twice[0].metric} at step {twice[0].step}: "
            f"{twice[0].value:g} and {twice[1].value:g}. Remove a line, or the run and "
            "repeat it."
        )
    return rows


def _key(measurement: Measurement) -> tuple[int, str, int]:
    return measurement.step, measurement.metric, measurement.eval_seed


def _measurement(line: Any) -> Measurement:
    metric, value = line["metric"], line["value"]
    step, seen = line["step"], line.get("images_seen", 0)
    seed = line.get("eval_seed", 0)
    if type(metric) is not str or type(value) is bool:
        raise TypeError("metric is a text, value a number")
    for number in (step, seen, seed):
        if type(number) is not int:
            raise TypeError("step, images_seen and eval_seed are whole numbers")
        if not 0 <= number <= schema.LARGEST:
            raise ValueError("step, images_seen and eval_seed are in [0, 2**63)")
    return Measurement(step, seen, metric, float(value), seed)
