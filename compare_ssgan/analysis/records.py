"""Run records as plain values and as pandas frames.

A study's directory holds `study.json` (what was planned) and `runs/<run_id>/`; see
`read` for the files of a run. Absence is visible: a planned run that was never
started, or one without measurements, is a run like any other here.
"""

import json
import os
import pathlib
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from compare_ssgan.analysis import locks, measurements, schema
from compare_ssgan.analysis.measurements import Curve, Measurement
from compare_ssgan.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Directories = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

SCHEMA = 1
FINISHED = ("complete", "diverged")
STATUSES = ("complete", "diverged", "running", "partial", "failed", "missing")

_RUN_ID = re.compile(r"(?P<dataset>.+)-(?P<method>[^-]+)-seed(?P<seed>\d+)-[0-9a-f]{8}")


# What run.json must hold to be read, and what may be absent.
_REQUIRED: dict[str, schema.Types] = {
    "run_id": str,
    "dataset": str,
    "method": str,
    "seed": int,
    "status": str,
}
_OPTIONAL: dict[str, schema.Types] = {
    "schema": int,
    "study": str,
    "family": str,
    "budget": str,
    "settings": list,
    "steps": int,
    "wall_seconds": schema.NUMBER,
    "error": str,
    "diverged": dict,
    "data": dict,
    "git_commit": str,
    "package_version": str,
}
_PLANNED = {name: types for name, types in _REQUIRED.items() if name != "status"}
_MAY_BE_PLANNED: dict[str, schema.Types] = {"budget": str, "settings": list}


class Run(NamedTuple):
    """One training with one seed.

    Attributes:
        study: Name of the study.
        run_id: <dataset>-<method>-seed<k>-<8 hexadecimal digits>.
        dataset: Name of the dataset.
        method: Name of the method file.
        family: "unconditional", "conditional", "self-supervised", "fewer labels" or
            "" if nothing says.
        budget: Name of the budget file.
        settings: Bindings that differ from the files, "name = value", sorted.
        seed: Seed of weights, noise and data order.
        status: One of `STATUSES`. "partial" was interrupted, "missing" is planned
            and has no directory.
        steps: Generator steps to take; 0 if unknown.
        wall_seconds: Over all attempts; NaN if unknown.
        error: Why a failed run failed.
        diverged_step: Generator step of the non-finite term, None if none was.
        diverged_term: Name of that term.
        directory: None if missing.
        measurements: What the training measured, in the order of the file, then what
            was measured later.
        data: Content hash by name of the split; empty if nothing says.
        version: Version and commit of the package that trained it; "" if unknown.
    """

    study: str
    run_id: str
    dataset: str
    method: str
    family: str
    budget: str
    settings: tuple[str, ...]
    seed: int
    status: str
    steps: int = 0
    wall_seconds: float = float("nan")
    error: str | None = None
    diverged_step: int | None = None
    diverged_term: str | None = None
    directory: pathlib.Path | None = None
    measurements: Sequence[Measurement] = ()
    data: Mapping[str, str] = types.MappingProxyType({})
    version: str = ""

    @property
    def metrics(self) -> list[str]:
        """Full names of what was measured, sorted."""
        return sorted({m.metric for m in self.measurements})

    def curve(self, metric: str) -> Curve:
        """Returns the curve of a metric by its full name; empty if never measured."""
        return measurements.curve(self.measurements, metric)


def load(directories: Directories) -> "pd.DataFrame":
    """Returns measurements, one a row, with the run each belongs to.

    Columns: study, run_id, dataset, method, family, budget, settings (joined by
    "; "), seed, status, step, images_seen, metric, value, eval_seed. Runs without
    measurements have no row here; `runs` has them all.

    Args:
        directories: As for `read`.
    """
    import pandas as pd

    found = read(directories)
    counts = [len(run.measurements) for run in found]
    columns: dict[str, Any] = {
        name: np.repeat(np.array(values, dtype=object), counts)
        for name, values in _identity(found).items()
    }
    for index, name in enumerate(Measurement._fields):
        columns[name] = [m[index] for run in found for m in run.measurements]
    types = dict.fromkeys(columns, "str")
    types |= dict.fromkeys(("seed", "step", "images_seen", "eval_seed"), "int64")
    types["value"] = "float64"
    return pd.DataFrame(columns).astype(types)


def runs(directories: Directories) -> "pd.DataFrame":
    """Returns one row a run, planned ones that were never started included.

    Columns: study, run_id, dataset, method, family, budget, settings, seed, status,
    steps, wall_seconds, error, diverged_step, diverged_term, directory,
    num_measurements, last_step (of a measurement; NaN if there is none).

    Args:
        directories: As for `read`.
    """
    import pandas as pd

    found = read(directories)
    columns: dict[str, Any] = dict(_identity(found))
    first, last = Run._fields.index("steps"), Run._fields.index("measurements")
    for name in Run._fields[first:last]:
        columns[name] = [getattr(run, name) for run in found]
    columns["directory"] = [str(run.directory or "") for run in found]
    columns["num_measurements"] = [len(run.measurements) for run in found]
    columns["last_step"] = [
        max((m.step for m in run.measurements), default=None) for run in found
    ]
    frame = pd.DataFrame(columns)
    numbers = ["diverged_step", "last_step", "wall_seconds"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def read(directories: Directories) -> list[Run]:
    """Returns every run, in the order of the plan where there is one.

    Read are run.json, metrics.jsonl, evaluations.jsonl (what was measured later), the
    presence of DONE (it alone means finished) and whether somebody holds lock.

    Args:
        directories: One or several directories, each of a run, of a study, or of
            several studies.

    Raises:
        InputError: If a directory has no records, or a record cannot be read.
    """
    if isinstance(directories, str | os.PathLike):
        directories = [directories]
    found: dict[pathlib.Path, Run] = {}
    for directory in directories:
        try:
            for place in _places(pathlib.Path(directory)):
                for key, run in _runs_below(place):
                    found.setdefault(key, run)
        except OSError as error:
            raise InputError(f"Cannot read the records of {directory}: {error}.") from (
                error
            )
    if not found:
        names = ", ".join(str(d) for d in directories)
        raise InputError(f"There are no runs in {names}.")
    return _with_families(list(found.values()))


def _places(directory: pathlib.Path) -> list[pathlib.Path]:
    """Returns the run or the studies that a directory given by the user means."""
    if not directory.is_dir():
        raise InputError(f"There is no directory {directory}.")
    if _is_place(directory):
        return [directory]
    below = sorted(child for child in directory.iterdir() if _is_place(child))
    if not below:
        raise InputError(
            f"{directory} holds no run records: it has no run.json, no runs/ and no "
            "study.json, and no directory in it has."
        )
    return below


def _is_place(directory: pathlib.Path) -> bool:
    return (
        (directory / "run.json").is_file()
        or (directory / "runs").is_dir()
        or (directory / "study.json").is_file()
    )


def _runs_below(place: pathlib.Path) -> Iterator[tuple[pathlib.Path, Run]]:
    place = place.resolve()
    if (place / "run.json").is_file():
        yield place, _read_run(place, {})
        return
    plan, study = list[dict[str, Any]](), place.name
    if (place / "study.json").is_file():
        plan, study = _read_plan(place / "study.json")
    directory = place / "runs"
    present = {
        entry.name
        for entry in (os.scandir(directory) if directory.is_dir() else ())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    planned = {entry["run_id"]: {**entry, "study": study} for entry in plan}
    for run_id in [*planned, *sorted(present - set(planned))]:
        path, known = directory / run_id, planned.get(run_id, {})
        if run_id in present:
            yield path, _read_run(path, known)
        else:
            yield path, _unstarted(run_id, "missing", known, path)


def _read_run(directory: pathlib.Path, planned: Mapping[str, Any]) -> Run:
    path = directory / "run.json"
    if not path.is_file():
        # Killed before the first record was written.
        status = "running" if locks.is_held(directory / "lock") else "partial"
        started = _unstarted(directory.name, status, planned, directory)
        return started._replace(directory=directory)
    content = _read_json(path, _REQUIRED, _OPTIONAL)
    if (content.get("schema") or SCHEMA) > SCHEMA:
        raise InputError(
            f"{path} was written by a newer version (schema {content['schema']}, this "
            f"one reads {SCHEMA}). Update compare_ssgan."
        )
    schema.check_texts(content.get("settings"), f"{path}: settings")
    diverged = content.get("diverged") or {}
    schema.check(diverged, f"{path}: diverged", {}, {"step": int, "term": str})
    seconds = content.get("wall_seconds")
    return Run(
        study=content.get("study") or directory.parent.parent.name,
        run_id=content["run_id"],
        dataset=content["dataset"],
        method=content["method"],
        family=content.get("family") or "",
        budget=content.get("budget") or "",
        settings=tuple(sorted(content.get("settings") or ())),
        seed=content["seed"],
        status=_status(directory, content["status"], bool(diverged)),
        steps=content.get("steps") or 0,
        wall_seconds=float("nan") if seconds is None else float(seconds),
        error=content.get("error"),
        diverged_step=diverged.get("step"),
        diverged_term=diverged.get("term"),
        directory=directory,
        measurements=measurements.read(directory),
        data=content.get("data") or {},
        version=_version(content),
    )


def _version(content: Mapping[str, Any]) -> str:
    version, commit = content.get("package_version"), content.get("git_commit")
    if not version:
        return ""
    if not commit:
        return version
    dirty = "-dirty" if commit.endswith("-dirty") else ""
    return f"{version} at {commit[:7]}{dirty}"


def _unstarted(
    run_id: str, status: str, planned: Mapping[str, Any], path: pathlib.Path
) -> Run:
    match = _RUN_ID.fullmatch(run_id)
    if not planned and not match:
        raise InputError(
            f"{path} is not a run: it has no run.json, and its name is not "
            "<dataset>-<method>-seed<k>-<8 hexadecimal digits>. Move it elsewhere."
        )
    known = {**(match.groupdict() if match else {}), **planned}
    return Run(
        study=known.get("study") or path.parent.parent.name,
        run_id=run_id,
        dataset=known["dataset"],
        method=known["method"],
        family=known.get("family") or "",
        budget=known.get("budget") or "",
        settings=tuple(sorted(known.get("settings") or ())),
        seed=int(known["seed"]),
        status=status,
    )


def _read_plan(path: pathlib.Path) -> tuple[list[dict[str, Any]], str]:
    """Returns the planned runs and the name of a study."""
    content = _read_json(path, {"study": str, "planned": list})
    for number, entry in enumerate(content["planned"], start=1):
        place = f"{path}, planned run {number}"
        schema.check(entry, place, _PLANNED, _MAY_BE_PLANNED)
        schema.check_texts(entry.get("settings"), f"{place}: settings")
    return content["planned"], content["study"]


def _read_json(
    path: pathlib.Path,
    required: Mapping[str, schema.Types],
    optional: Mapping[str, schema.Types] | None = None,
) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from error
    return schema.check(content, str(path), required, optional)


def _status(directory: pathlib.Path, recorded: str, diverged: bool) -> str:
    if (directory / "DONE").is_file():
        if recorded in ("failed", "diverged"):
            return recorded
        return "diverged" if diverged else "complete"
    if locks.is_held(directory / "lock"):
        return "running"
    return "failed" if recorded == "failed" else "partial"


def _with_families(found: list[Run]) -> list[Run]:
    """Gives runs that never started the family of the runs of the same method."""
    families = {run.method: run.family for run in found if run.family}
    return [
        run if run.family else run._replace(family=families.get(run.method, ""))
        for run in found
    ]


def _identity(found: Sequence[Run]) -> dict[str, list[Any]]:
    names = Run._fields[: Run._fields.index("steps")]
    columns = {name: [getattr(run, name) for run in found] for name in names}
    columns["settings"] = ["; ".join(run.settings) for run in found]
    return columns
