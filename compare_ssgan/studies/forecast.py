"""What a sweep would do, and how long that may take."""

import itertools
import pathlib
from collections.abc import Mapping

from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.records.run_records import Run
from compare_ssgan.analysis.status import estimates
from compare_ssgan.analysis.status.estimates import Estimate, Work
from compare_ssgan.errors import InputError
from compare_ssgan.studies import progress
from compare_ssgan.studies.plan import Plan, Unit
from compare_ssgan.studies.sweep_report import DONE, count


def render(made: Plan, states: Mapping[str, str]) -> str:
    """Returns a line a run, with its state and the time left, and the totals.

    Times are judged by the runs in the directory of the study and in results/.

    Args:
        made: The runs.
        states: State of every run by id.
    """
    past = _past(made.directory)
    lines, left = [], []
    for unit in made.units:
        run_id = unit.request.run_id
        line = f"{run_id}  {states[run_id]}"
        if states[run_id] not in DONE:
            left.append(past.remaining(_work(unit)))
            line += _about(left[-1])
        lines.append(line)
    lines.append(f"{len(states)} run{'s' * (len(states) != 1)}: {count(states)}")
    return "\n".join([*lines, *_total(left)])


def duration(seconds: float) -> str:
    """Returns a rough time as text, such as "2 h 05 min"."""
    if seconds < 90:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min"


def _past(directory: pathlib.Path) -> estimates.Past:
    others = [
        place
        for place in sorted(pathlib.Path().glob("results/*"))
        if place.resolve() != directory.resolve()
    ]
    elsewhere = itertools.chain.from_iterable(map(_runs, others))
    return estimates.learn(_runs(directory), elsewhere)


def _runs(place: pathlib.Path) -> list[Run]:
    if (place / "runs").is_dir():
        try:
            return run_records.read(place)
        except InputError as error:
            # What is to be done is known without it.
            progress.say(f"No estimates from {place}: {error}")
    return []


def _work(unit: Unit) -> Work:
    request = unit.request
    return Work(
        request.run_id,
        request.dataset,
        request.method,
        request.settings,
        request.budget,
        unit.steps,
    )


def _about(estimate: Estimate) -> str:
    if estimate.seconds is None:
        return ""
    return f"  about {duration(estimate.seconds)} ({estimate.basis})"


def _total(left: list[Estimate]) -> list[str]:
    total = estimates.total(left)
    if not left:
        return []
    if total.num_unknown == len(left):
        return ["No past run tells how long they will take."]
    text = f"about {duration(total.seconds)} to go, one run after the other"
    if total.num_unknown:
        text += f", and {total.num_unknown} of which nothing is known"
    return [text]
