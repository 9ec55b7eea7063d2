"""Run records as plain values; `frames` has them as pandas frames.

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
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import commits, measurements, schema, states
from compare_ssgan.analysis.records.measurements import Curve, Measurement
from compare_ssgan.errors import InputError

Directories = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

SCHEMA = 1
FINISHED = ("done", "diverged")
STATUSES = ("done", "diverged", "running", "partial", "failed", "missing")

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
    "device": dict,
    "networks": dict,
    "operations_per_step": int,
    "package_version": str,
}
_DEVICE: dict[str, schema.Types] = {"kind": str, "name": str, "threads": int}
_PLANNED = {name: types for name, types in _REQUIRED.items() if name != "status"}
_MAY_BE_PLANNED: dict[str, schema.Types] = {
    "family": str,
    "budget": str,
    "settings": list,
    "steps": int,
}


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
        home: Directory of the study, of a missing one that which planned it.
        measurements: What the training measured, in the order of the file, then what
            was measured later.
        data: Content hash by name of the split; empty if nothing says.
        git_commit: Of the suite that trained; None if unknown.
        device: That trained it last, "cpu (AMD EPYC), 2 threads"; "" if unknown.
        parameters: Numbers of trainable ones by network, "generator" and
            "discriminator", heads of tasks not included; empty if unknown.
        operations_per_step: Floating-point operations of a training iteration (a
            generator step and the discriminator steps before it), a multiply-add
            being two; None if unknown.
        version: Version and commit of the package that trained it; "" if unknown.
        was_built: Whether it is on record with the name of the data that it found;
            before, its dataset is called after the file that is planned.
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
    home: pathlib.Path | None = None
    measurements: Sequence[Measurement] = ()
    data: Mapping[str, str] = types.MappingProxyType({})
    git_commit: str | None = None
    device: str = ""
    parameters: Mapping[str, int] = types.MappingProxyType({})
    operations_per_step: int | None = None
    version: str = ""
    was_built: bool = False

    @property
    def metrics(self) -> list[str]:
        """Full names of what was measured, sorted."""
        return sorted({m.metric for m in self.measurements})

    @property
    def steps_taken(self) -> int:
        """Generator steps, as far as measurements say where the run has not ended."""
        if self.status == "done":
            return self.steps
        if self.diverged_step is not None:
            return self.diverged_step
        return max((m.step for m in self.measurements), default=0)

    def curve(self, metric: str) -> Curve:
        """Returns the curve of a metric by its full name; empty if never measured."""
        return measurements.curve(self.measurements, metric)


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
    return with_names(list(each(directories)))


def each(directories: Directories) -> Iterator[Run]:
    """Yields what `read` returns, one after the other, so that few are in memory.

    What never started has no family here, unless the plan says.

    Args:
        directories: As for `read`.

    Raises:
        InputError: As for `read`.
    """
    if isinstance(directories, str | os.PathLike):
        directories = [directories]
    found: set[pathlib.Path] = set()
    for directory in directories:
        try:
            for place in _places(pathlib.Path(directory)):
                for key, run in _runs_below(place):
                    if key not in found:
                        found.add(key)
                        yield run
        except OSError as error:
            raise InputError(f"Cannot read the records of {directory}: {error}.") from (
                error
            )
    if not found:
        names = ", ".join(str(d) for d in directories)
        raise InputError(f"There are no runs in {names}.")


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
        status = states.status(directory, None)
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
        status=states.status(directory, content),
        steps=content.get("steps") or 0,
        wall_seconds=float("nan") if seconds is None else float(seconds),
        error=content.get("error"),
        diverged_step=diverged.get("step"),
        diverged_term=diverged.get("term"),
        directory=directory,
        home=directory.parent.parent,
        measurements=measurements.read(directory),
        data=content.get("data") or {},
        git_commit=content.get("git_commit"),
        device=_device(content.get("device") or {}, path),
        parameters=_parameters(content.get("networks") or {}, path),
        operations_per_step=content.get("operations_per_step"),
        version=_version(content),
        # One that failed before has a record without a length.
        was_built=bool(content.get("steps")),
    )


def _device(content: Mapping[str, Any], path: pathlib.Path) -> str:
    schema.check(content, f"{path}: device", {}, _DEVICE)
    if not content:
        return ""
    number = content.get("threads") or 0
    threads = f", {number} thread{'s' * (number != 1)}" if number else ""
    return f"{content.get('kind') or ''} ({content.get('name') or ''}){threads}"


def _parameters(networks: Mapping[str, Any], path: pathlib.Path) -> dict[str, int]:
    players = [name for name in ("generator", "discriminator") if name in networks]
    place = f"{path}: networks"
    schema.check(networks, place, dict.fromkeys(players, dict))
    for name in players:
        schema.check(networks[name], f"{place}: {name}", {"parameters": int})
    return {name: networks[name]["parameters"] for name in players}


def _version(content: Mapping[str, Any]) -> str:
    version, commit = content.get("package_version"), content.get("git_commit")
    if not version:
        return ""
    return f"{version} at {commits.short(commit)}" if commit else version


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
        steps=known.get("steps") or 0,
        home=path.parent.parent,
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


def with_names(found: Sequence[Run]) -> list[Run]:
    """Gives runs that never started what is known of them by others that did.

    That is the family, of their method, and the name of the dataset, which may be
    another than that of the file that is planned: of one that found a part of the
    data, for example.
    """
    families = {run.method: run.family for run in found if run.family}
    names: dict[str, set[str]] = {}
    for run in found:
        match = _RUN_ID.fullmatch(run.run_id)
        if match and run.was_built:
            names.setdefault(match["dataset"], set()).add(run.dataset)
    return [
        run._replace(
            family=run.family or families.get(run.method, ""),
            dataset=run.dataset
            if run.was_built
            else _only(names.get(run.dataset), run.dataset),
        )
        for run in found
    ]


def _only(values: set[str] | None, default: str) -> str:
    return next(iter(values)) if values and len(values) == 1 else default
