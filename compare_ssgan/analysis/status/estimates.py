"""How long runs will take, or what is left of them, judged by past runs.

The unit is the generator step with its share of discriminator steps, evaluations and
checkpoints. Past runs are assumed to have been on machines like the next one's.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from compare_ssgan.analysis.records import run_records, timings
from compare_ssgan.analysis.records.run_records import Run

# What an estimate rests on, best first; see `Estimate`.
DONE, OWN = "done", "the run itself"
SETTINGS, METHOD, DATASET = "same settings", "same method", "same dataset"

_Key = tuple[str | tuple[str, ...], ...]


class Work(NamedTuple):
    """A run whose time is asked for.

    Attributes:
        run_id: Of the run.
        dataset: Stem of its file, as --dataset has it.
        method: Name of the method file.
        settings: Bindings that differ from the files, in any order.
        budget: Name of the budget file.
        steps: Generator steps to take; 0 if unknown: then those of past runs.
    """

    run_id: str
    dataset: str
    method: str
    settings: Sequence[str]
    budget: str
    steps: int = 0


class Estimate(NamedTuple):
    """Seconds that a run will still take.

    Attributes:
        seconds: Wall-clock seconds; None if nothing is known.
        basis: Whose speed it is: "the run itself", of past runs those with the "same
            settings" (and dataset, method, budget), of the "same method" on that
            dataset, or on the "same dataset"; "done" if nothing is left; None if
            nothing is known.
    """

    seconds: float | None
    basis: str | None


class Total(NamedTuple):
    """The sum of estimates.

    Attributes:
        seconds: Of those that are known, as if one run followed the other.
        num_unknown: Number of the others.
    """

    seconds: float
    num_unknown: int


class Past(NamedTuple):
    """What past runs tell; made by `learn`.

    Attributes:
        speeds: (seconds per generator step, generator steps it was found in) by what
            runs have in common.
        lengths: Generator steps to take, in the same way.
        own: Steps taken and own speed, NaN if unknown, of runs that are not over.
        over: Ids of runs that are.
    """

    speeds: dict[_Key, list[tuple[float, float]]]
    lengths: dict[_Key, list[tuple[float, float]]]
    own: dict[str, tuple[int, float]]
    over: frozenset[str]

    def remaining(self, work: Work) -> Estimate:
        """Returns how long a run, begun or not, will still take."""
        if work.run_id in self.over:
            return Estimate(0.0, DONE)
        step, own_speed = self.own.get(work.run_id, (0, math.nan))
        steps = work.steps or self._steps(work)
        if not steps:
            return Estimate(None, None)
        left = max(0, steps - step)
        if math.isfinite(own_speed):
            return Estimate(left * own_speed, OWN)
        for basis, key in _keys(work).items():
            if key in self.speeds:
                return Estimate(left * _weighted_median(self.speeds[key]), basis)
        return Estimate(None, None)

    def _steps(self, work: Work) -> int:
        for key in _length_keys(work):
            if key in self.lengths:
                return int(_weighted_median(self.lengths[key]))
        return 0


def learn(runs: Sequence[Run], elsewhere: Iterable[Run] = ()) -> Past:
    """Returns what runs tell.

    Args:
        runs: Of the study that is asked about, as `run_records.read` has them.
        elsewhere: Of other studies: how fast they were, not how far. A run may have
            been done elsewhere and be missing here.
    """
    told = Past({}, {}, {}, frozenset(r.run_id for r in runs if _is_over(r)))
    here = {id(run) for run in runs}
    for run in itertools.chain(runs, elsewhere):
        work = of_run(run)
        if run.steps:
            for key in _length_keys(work):
                told.lengths.setdefault(key, []).append((run.steps, 1.0))
        step, speed = _progress(run)
        if id(run) in here and not _is_over(run):
            told.own[run.run_id] = step, speed
        if math.isfinite(speed):
            for key in _keys(work).values():
                told.speeds.setdefault(key, []).append((speed, step))
    return told


def of_run(run: Run) -> Work:
    """Returns a run as something whose time can be asked for."""
    # run.json has the name of what its dataset found, the id that of the file.
    parts = run.run_id.rsplit("-", 3)
    dataset = parts[0] if len(parts) == 4 else run.dataset
    return Work(run.run_id, dataset, run.method, run.settings, run.budget, run.steps)


def total(estimates: Iterable[Estimate]) -> Total:
    """Returns the sum of estimates."""
    seconds = [each.seconds for each in estimates]
    known = [each for each in seconds if each is not None]
    return Total(math.fsum(known), len(seconds) - len(known))


def _is_over(run: Run) -> bool:
    return run.status in run_records.FINISHED


def _keys(work: Work) -> dict[str, _Key]:
    settings = tuple(sorted(work.settings))
    return {
        SETTINGS: (work.dataset, work.method, settings, work.budget),
        METHOD: (work.dataset, work.method),
        DATASET: (work.dataset,),
    }


def _length_keys(work: Work) -> list[_Key]:
    """Returns what runs of the same number of steps have in common, best first."""
    budget = ("budget", work.budget)
    exact = _keys(work)[SETTINGS]
    return [
        exact,
        (*budget, work.dataset, work.method),
        (*budget, work.dataset),
        budget,
    ]


def _progress(run: Run) -> tuple[int, float]:
    """Returns steps taken, as far as timed, and seconds per step, NaN if unknown."""
    if _is_over(run):
        step = run.steps if run.status == "done" else run.diverged_step or 0
        return step, run.wall_seconds / step if step else math.nan
    rows = timings.rows(run.directory)
    last = max((row.step for row in rows), default=0)
    # Up to here there was the first evaluation, and the compiling of the step.
    first = min((row.step for row in rows if row.step > 0), default=0)
    if last == first:
        return last, math.nan
    seconds = math.fsum(row.seconds for row in rows if row.step > first)
    return last, seconds / (last - first)


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    """Returns the median of (value, weight): a few odd runs do not move it."""
    half = math.fsum(weight for _, weight in values) / 2
    reached = 0.0
    for value, weight in sorted(values):
        reached += weight
        if reached >= half:
            return value
    raise AssertionError("There are no values.")
