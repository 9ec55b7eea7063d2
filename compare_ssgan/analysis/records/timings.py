"""How long a training took up to each of its steps."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.records import jsonl, schema


class Row(NamedTuple):
    """Something that took time.

    Attributes:
        step: Generator steps taken when it was over.
        event: What it was: "train", "evaluate" or "checkpoint".
        seconds: Since the row before.
    """

    step: int
    event: str
    seconds: float


class Timings(NamedTuple):
    """Seconds of training, those of all attempts together.

    Counted is what timing.jsonl calls "train": taking steps and, in the first one of
    an attempt, tracing them. Evaluations, checkpoints and the start of a process are
    not, nor what a killed process had done after its last checkpoint, since its
    successor does that again; the `wall_seconds` of a run have all of these.

    Attributes:
        steps: [points] int64 generator steps, ascending, the first one 0.
        seconds: [points] float64 until that step was taken.
    """

    steps: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]

    def at(self, steps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Returns the seconds until steps, in between linearly, NaN where unknown.

        Args:
            steps: [any] generator steps.
        """
        if not len(self.steps):
            return np.full(np.shape(steps), np.nan)
        points = np.asarray(steps, np.float64)
        return np.interp(points, self.steps, self.seconds, right=np.nan)


UNKNOWN = Timings(np.zeros(0, np.int64), np.zeros(0))


def rows(directory: pathlib.Path | None) -> Sequence[Row]:
    """Returns what timing.jsonl has, in order; nothing if there is none.

    Args:
        directory: Of the run; None for one that never started.

    Raises:
        InputError: If a line is malformed, unless it is the last.
    """
    path = None if directory is None else directory / "timing.jsonl"
    return jsonl.read(path, _row) if path is not None and path.is_file() else ()


def read(directory: pathlib.Path | None) -> Timings:
    """Returns the timings of a run, without any point if there is no timing.jsonl.

    Args:
        directory: As for `rows`.

    Raises:
        InputError: As for `rows`.
    """
    found = rows(directory)
    if not found:
        return UNKNOWN
    trained = [row for row in found if row.event == "train"]
    steps = np.array([0, *(row.step for row in trained)], np.int64)
    seconds = np.cumsum(np.array([0.0, *(row.seconds for row in trained)]))
    # Of several rows with one step the last one has them all.
    last = np.append(steps[1:] != steps[:-1], True)
    return Timings(steps[last], seconds[last])


def _row(line: Any) -> Row:
    step, seconds = line["step"], line["seconds"]
    if type(step) is not int or abs(step) > schema.LARGEST:
        raise TypeError("step is a whole number below 2**63")
    return Row(step, line["event"], float(seconds))
