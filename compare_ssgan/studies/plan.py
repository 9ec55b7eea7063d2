"""Study files: from datasets x methods x settings x seeds to runs."""

import contextlib
import itertools
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.errors import InputError
from compare_ssgan.studies import experiment, spec

_PREFIX = "roots.study."
_SEED = "roots.run.seed = "


class Plan(NamedTuple):
    """The runs of a study.

    Attributes:
        study: Its name, the stem of its file.
        directory: Where its runs are.
        requests: Loaded requests, each run once, seeds outermost.
    """

    study: str
    directory: pathlib.Path
    requests: list[spec.RunRequest]


class Overrides(NamedTuple):
    """What the command line changes in every run of a study.

    Attributes:
        dataset: In place of the study's datasets.
        budget: In place of the study's budget.
        settings: Added to those of the study.
        threads: Number of threads of a run.
        strategy: How a run is distributed over devices.
        data_dir: Where data sets are.
    """

    dataset: str | None = None
    budget: str | None = None
    settings: tuple[str, ...] = ()
    threads: int | None = None
    strategy: str = "none"
    data_dir: str | None = None


@config.entry_point
def study(
    *,
    datasets: Sequence[str] = ("digits",),
    methods: Sequence[str] = config.REQUIRED,
    budget: str = "short",
    seeds: int | Sequence[int] = config.REQUIRED,
    grid: Mapping[str, Sequence[Any]] | None = None,
    zip: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Declares the runs of a study: all combinations of its parameters.

    It is read, never called: a call would build the components in `grid`.

    Args:
        datasets: Stems of files in gin_configs/datasets.
        methods: Stems of files in gin_configs.
        budget: Stem of a file in gin_configs/budgets.
        seeds: Their number (from 0 on), or a list of them.
        grid: Values by binding, e.g. {'run.discriminator_steps': [1, 2]}; all
            combinations are run.
        zip: Values by binding, of equal length; the first values of all bindings
            are run together, then the second.
    """
    raise AssertionError("A study is read with config.query.")


def plan(
    study_file: str,
    out: pathlib.Path | None = None,
    overrides: Overrides | None = None,
) -> Plan:
    """Returns the runs of a study file, having built what each of them would train.

    Args:
        study_file: Path of the study's gin file.
        out: Directory of the study; None for results/<study>.
        overrides: Changes by the command line.

    Raises:
        InputError: If the file or the configuration of any run is wrong.
    """
    overrides = overrides or Overrides()
    spec.import_roots()
    name = pathlib.PurePath(study_file).stem
    directory = out or pathlib.Path("results") / name
    _read(study_file)
    # A value of the grid may be the one that holds anyway.
    unique: dict[str, spec.RunRequest] = {}
    checked: set[tuple[str, ...]] = set()
    with _data_directory(overrides.data_dir):
        for unloaded in list(_requests(name, directory, overrides)):
            request = spec.load(unloaded)
            unique[request.run_id] = request
            lines = config.canonical()
            kind = tuple(line for line in lines if not line.startswith(_SEED))
            if kind not in checked:
                _check(request)
                checked.add(kind)
    return Plan(name, directory, list(unique.values()))


def _check(request: spec.RunRequest) -> None:
    """Builds what the current configuration describes, without training anything.

    Raises:
        InputError: If that is not possible, naming the run.
    """
    try:
        experiment.build()
    except InputError as error:
        settings = f" with {', '.join(request.settings)}" if request.settings else ""
        raise InputError(
            f"{request.method} on {request.dataset}{settings}: {error}"
        ) from error


@contextlib.contextmanager
def _data_directory(path: str | None) -> Iterator[None]:
    """Has datasets look for their files where the runs will."""
    previous = base.data_directory()
    if path is not None:
        base.set_data_directory(path)
    try:
        yield
    finally:
        base.set_data_directory(previous)


def _read(study_file: str) -> None:
    """Makes the study file the current configuration."""
    config.load([study_file])
    try:
        lines = config.canonical()
    except InputError as error:
        raise InputError(
            f"{study_file}: {error} A study file knows no macros; say what refers to "
            "one on the command line: sweep --set 'labels.keep.seed = %SEED'."
        ) from error
    others = [line for line in lines if not line.startswith(_PREFIX)]
    others += config.macros()
    if others:
        raise InputError(
            f"{study_file}: a study file sets parameters of study only, not "
            f"{', '.join(others)}. Use study.grid = "
            "{'name.parameter': [value]} for what all its runs shall have."
        )


def _requests(
    name: str, directory: pathlib.Path, overrides: Overrides
) -> Iterable[spec.RunRequest]:
    datasets = _names("datasets", ("digits",))
    methods = _methods(_names("methods", None))
    budget = overrides.budget or config.query("study.budget", "short")
    if overrides.dataset is not None:
        datasets = [overrides.dataset]
    seeds, combinations = _seeds(), _combinations()
    for seed, dataset, method, settings in itertools.product(
        seeds, datasets, methods, combinations
    ):
        yield spec.RunRequest(
            gin_files=(f"{spec.CONFIGS}/{method}.gin",),
            dataset=dataset,
            budget=budget,
            seed=seed,
            settings=(*settings, *overrides.settings),
            out=directory,
            study=name,
            threads=overrides.threads,
            strategy=overrides.strategy,
            data_dir=overrides.data_dir,
        )


def _names(parameter: str, default: Sequence[str] | None) -> list[str]:
    value = config.query(
        f"study.{parameter}", config.REQUIRED if default is None else default
    )
    right = isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    if not right or not value:
        raise InputError(
            f"study.{parameter} must be a list of names, such as ['gan', 'ssgan'], "
            f"not {value!r}."
        )
    return list(value)


def _methods(names: Sequence[str]) -> Sequence[str]:
    known = spec.shipped_names()
    for name in names:
        if name not in known:
            raise InputError(
                f"study.methods: there is no method '{name}' ({spec.CONFIGS}/"
                f"{name}.gin).{config.nearest(name, known)} There are: "
                f"{', '.join(known)}."
            )
    return names


def _seeds() -> list[int]:
    value = config.query("study.seeds")
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return list(range(value))
    if isinstance(value, list | tuple) and value and all(map(spec.is_seed, value)):
        return list(value)
    raise InputError(
        f"study.seeds must be a positive number of seeds or a list of them, such as "
        f"[0, 1, 2], not {value!r}."
    )


def _combinations() -> list[tuple[str, ...]]:
    """Returns the settings of every combination of the grid and the zip."""
    grid, zipped = _values("grid"), _values("zip")
    lengths = {name: len(values) for name, values in zipped.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"study.zip needs lists of equal length, not {lengths}.")
    rows = list(zip(*zipped.values(), strict=True)) if zipped else [()]
    return [
        tuple(
            f"{name} = {value!r}"
            for name, value in zip([*grid, *zipped], (*point, *row), strict=True)
        )
        for point in itertools.product(*grid.values())
        for row in rows
    ]


def _values(parameter: str) -> dict[str, Sequence[Any]]:
    found = config.query(f"study.{parameter}", None)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(values, list | tuple) and values
        for name, values in found.items()
    ):
        raise InputError(
            f"study.{parameter} must map bindings to lists of values, such as "
            f"{{'run.discriminator_steps': [1, 2]}}, not {found!r}."
        )
    if "SEED" in found or "run.seed" in found:
        raise InputError(f"study.{parameter} cannot vary the seed; use study.seeds.")
    return found
