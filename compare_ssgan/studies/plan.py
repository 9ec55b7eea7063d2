"""From a study file to runs, each of them built once before the first is trained."""

import contextlib
import pathlib
import time
from collections.abc import Iterator
from typing import NamedTuple

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.errors import InputError
from compare_ssgan.studies import experiment, progress, spec, study_file
from compare_ssgan.studies.study_file import Declared

_SEED = "roots.run.seed = "
# A plan that takes longer tells how far it is.
_SILENT_SECONDS = 5.0


class Unit(NamedTuple):
    """A planned run.

    Attributes:
        request: What to do; loaded.
        frozen: Its configuration.
        steps: Generator steps to take.
    """

    request: spec.RunRequest
    frozen: config.Frozen
    steps: int


class Plan(NamedTuple):
    """The runs of a study.

    Attributes:
        study: Its name, the stem of its file.
        directory: Where its runs are.
        units: Each run once, seeds outermost.
    """

    study: str
    directory: pathlib.Path
    units: list[Unit]

    @property
    def requests(self) -> list[spec.RunRequest]:
        """What to do, one for each unit."""
        return [unit.request for unit in self.units]


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


def plan(
    file: str,
    out: pathlib.Path | None = None,
    overrides: Overrides | None = None,
    nodes: int = 1,
) -> Plan:
    """Returns the runs of a study file, having built what each of them would train.

    Runs that differ in nothing but the seed are built once.

    Args:
        file: Path of the study's gin file.
        out: Directory of the study; None for results/<study>.
        overrides: Changes by the command line.
        nodes: Number of nodes of a run, where its strategy takes several.

    Raises:
        InputError: If the file or the configuration of any run is wrong, has a setting
            without effect, or cannot be distributed as its strategy does.
    """
    overrides = overrides or Overrides()
    spec.import_roots()
    name = pathlib.PurePath(file).stem
    directory = out or pathlib.Path("results") / name
    requests = list(_requests(study_file.read(file), name, directory, overrides))
    # A value of the grid may be the one that holds anyway.
    unique: dict[str, Unit] = {}
    checked: set[tuple[str, ...]] = set()
    told = time.monotonic()
    with _data_directory(overrides.data_dir):
        for number, unloaded in enumerate(requests, start=1):
            with _naming(unloaded, overrides):
                request = spec.load(unloaded)
            unit = Unit(request, config.freeze(), config.query("run.steps"))
            unique.setdefault(request.run_id, unit)
            lines = config.canonical()
            kind = tuple(line for line in lines if not line.startswith(_SEED))
            if kind not in checked:
                with _naming(request, overrides):
                    _check()
                    experiment.check_strategy(request.strategy, nodes)
                checked.add(kind)
            if time.monotonic() - told > _SILENT_SECONDS:
                progress.say(f"checked {number} of {len(requests)} configurations")
                told = time.monotonic()
    return Plan(name, directory, list(unique.values()))


def _requests(
    declared: Declared, name: str, directory: pathlib.Path, overrides: Overrides
) -> Iterator[spec.RunRequest]:
    for setting in overrides.settings:
        if setting.partition("=")[0].strip() in declared.varied:
            raise InputError(
                f"--set '{setting}' would give all runs the same value of what the "
                "study varies. Change study.grid or study.zip in its file."
            )
    if overrides.dataset is not None:
        declared = declared._replace(datasets=[overrides.dataset])
    for seed, dataset, method, settings in declared.cells():
        yield spec.RunRequest(
            gin_files=(f"{spec.CONFIGS}/{method}.gin",),
            dataset=dataset,
            budget=overrides.budget or declared.budget,
            seed=seed,
            settings=(*settings, *overrides.settings),
            out=directory,
            study=name,
            threads=overrides.threads,
            strategy=overrides.strategy,
            data_dir=overrides.data_dir,
        )


def _check() -> None:
    """Builds what the current configuration describes, without training anything.

    Raises:
        InputError: If that is not possible, or a setting has no effect.
    """
    built = experiment.build()
    if config.unread_bindings():
        # Some are read by the first step only, which is slow to trace.
        experiment.trace(built)
        experiment.refuse_unread()


@contextlib.contextmanager
def _naming(request: spec.RunRequest, overrides: Overrides) -> Iterator[None]:
    """Has what is wrong with a run say which one it is."""
    try:
        yield
    except InputError as error:
        text = str(error)
        for setting in set(request.settings) - set(overrides.settings):
            # The grid is read as --set lines, which nobody typed.
            text = text.replace(f"--set '{setting}'", f"'{setting}' of the study")
        method = pathlib.PurePath(request.gin_files[-1]).stem
        settings = f" with {', '.join(request.settings)}" if request.settings else ""
        raise InputError(f"{method} on {request.dataset}{settings}: {text}") from error


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
