"""study.json: what all sweeps of a directory have planned."""

import contextlib
import pathlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import schema, states
from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import RunHeldError
from compare_ssgan.studies import files, lock
from compare_ssgan.studies.plan import Plan, Unit
from compare_ssgan.studies.record import Record

FILE, LOCK = "study.json", "study.lock"

# Writing it takes milliseconds. What a killed process held is free after a minute at
# the latest; whoever holds it longer has been stopped.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 90.0, 0.05


class Added(NamedTuple):
    """What became of a plan.

    Attributes:
        study: Name of the study of the directory: that of the first sweep in it.
        others: Ids of runs that earlier sweeps planned and this one did not.
        forgotten: Ids of such runs that are planned no more.
        queued: Why runs stay planned that were to be forgotten, by id: their jobs may
            still begin them.
    """

    study: str
    others: list[str]
    forgotten: list[str]
    queued: Mapping[str, str] = {}


def add(planned: Plan, *, forget: bool = False, dry_run: bool = False) -> Added:
    """Writes the runs of a plan to study.json, before those planned earlier.

    Nothing that was planned is lost: a sweep with fewer methods or seeds, or of another
    study file, adds to what is there.

    Args:
        planned: The plan; its directory exists.
        forget: Whether to drop runs planned earlier that are not in this plan, that
            nobody has begun, and that are in no job that Slurm has not done with.
        dry_run: Whether to tell only what would become of them; writes nothing.

    Raises:
        InputError: If there is a study.json that is none.
        RunHeldError: If another process does not let go of it.
    """
    path = planned.directory / FILE
    queued = _queued(planned) if forget else {}
    alone = contextlib.nullcontext() if dry_run else _exclusively(planned.directory)
    with alone:
        study, earlier = _read(path) if path.exists() else (planned.study, [])
        rows = {unit.request.run_id: _row(unit) for unit in planned.units}
        others = {
            row["run_id"]: row for row in earlier if row.get("run_id") not in rows
        }
        unborn = [each for each in others if forget and _unborn(planned, each)]
        forgotten = [each for each in unborn if each not in queued]
        for run_id in forgotten:
            del others[run_id]
        content = {"study": study, "planned": [*rows.values(), *others.values()]}
        changed = not path.exists() or files.read_json(path) != content
        if changed and not dry_run:
            files.write_json(path, content)
    kept = {each: queued[each] for each in unborn if each in queued}
    return Added(study, list(others), forgotten, kept)


def _read(path: pathlib.Path) -> tuple[str, list[dict[str, Any]]]:
    content = files.read_json(path)
    schema.check(content, str(path), {"study": str, "planned": list})
    for number, row in enumerate(content["planned"], start=1):
        schema.check(row, f"{path}, planned run {number}", {"run_id": str})
    return content["study"], content["planned"]


def _row(unit: Unit) -> dict[str, Any]:
    request = unit.request
    return {
        "run_id": request.run_id,
        "dataset": request.dataset,
        "method": request.method,
        "family": request.family,
        "budget": request.budget,
        "seed": request.seed,
        "steps": unit.steps,
        "settings": list(request.settings),
    }


def _unborn(planned: Plan, run_id: str) -> bool:
    directory = planned.directory / "runs" / run_id
    return not Record(directory).exists and states.status(directory, None) == "missing"


def _queued(planned: Plan) -> dict[str, str]:
    """Returns why runs that are not in the plan may still be begun, by their ids."""
    ids = {unit.request.run_id for unit in planned.units}
    jobs = {
        run_id: job
        for run_id, job in queue.jobs(planned.directory).items()
        if run_id not in ids and _unborn(planned, run_id)
    }
    asked = queue.ask(jobs.values())
    return {
        run_id: f"{queue.explain(job, asked)} (scancel {job.job})"
        for run_id, job in jobs.items()
        if not queue.is_over(job, asked)
    }


@contextlib.contextmanager
def _exclusively(directory: pathlib.Path) -> Iterator[None]:
    """Waits until no other sweep writes the same study.json."""
    latest = time.monotonic() + _PATIENCE_SECONDS
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(lock.hold(directory, LOCK, "It writes study.json"))
                break
            except RunHeldError:
                if time.monotonic() > latest:
                    raise
                time.sleep(_PAUSE_SECONDS)
        yield
