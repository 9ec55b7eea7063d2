"""study.json: what all sweeps of a directory have planned."""

import contextlib
import pathlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import schema
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
    """

    study: str
    others: list[str]
    forgotten: list[str]


def add(planned: Plan, *, forget: bool = False, dry_run: bool = False) -> Added:
    """Writes the runs of a plan to study.json, before those planned earlier.

    Nothing that was planned is lost: a sweep with fewer methods or seeds, or of another
    study file, adds to what is there.

    Args:
        planned: The plan; its directory exists.
        forget: Whether to drop runs planned earlier that are not in this plan and have
            not been begun.
        dry_run: Whether to tell only what would become of them; writes nothing.

    Raises:
        InputError: If there is a study.json that is none.
        RunHeldError: If another process does not let go of it.
    """
    path = planned.directory / FILE
    alone = contextlib.nullcontext() if dry_run else _exclusively(planned.directory)
    with alone:
        study, earlier = _read(path) if path.exists() else (planned.study, [])
        rows = {unit.request.run_id: _row(unit) for unit in planned.units}
        others = {
            row["run_id"]: row for row in earlier if row.get("run_id") not in rows
        }
        forgotten = [each for each in others if forget and _unborn(planned, each)]
        for run_id in forgotten:
            del others[run_id]
        content = {"study": study, "planned": [*rows.values(), *others.values()]}
        changed = not path.exists() or files.read_json(path) != content
        if changed and not dry_run:
            files.write_json(path, content)
    return Added(study, list(others), forgotten)


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
    return not Record(planned.directory / "runs" / run_id).exists


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
