"""Reading the gin files of a run that a user asks for, and naming it."""

import dataclasses
import importlib
import pathlib
import re
from collections.abc import Sequence

from compare_ssgan import components, config
from compare_ssgan.analysis.records import schema
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pairs import PairedDataset, refuse_pairs
from compare_ssgan.errors import InputError
from compare_ssgan.studies import files
from compare_ssgan.studies.request import STRATEGIES
from compare_ssgan.studies.request import RunRequest as RunRequest

CONFIGS = "gin_configs"
FAMILIES = ("unconditional", "conditional", "self-supervised", "fewer labels")

# Ids of runs are taken apart at hyphens, and are names of directories.
_METHOD = re.compile(r"[A-Za-z0-9_.]+")


def load(request: RunRequest) -> RunRequest:
    """Makes the request's gin files the current configuration.

    Read are, in this order, base.gin, the dataset's file, the --gin files, the
    budget's, every --set, and the seed.

    Returns:
        The request with its seed, method, family and run_id.

    Raises:
        InputError: If a file, dataset, budget or setting is unknown or wrong.
    """
    import_roots()
    _check(request)
    method = pathlib.PurePath(request.gin_files[-1]).stem
    request = dataclasses.replace(request, method=method)
    config.load(_files(request), request.settings)
    if request.seed is not None:
        config.bind_macro("SEED", request.seed, f"--seed {request.seed}")
    family = _family(request)
    _refuse_pairs(method)
    config.check_values()
    lines = config.canonical()
    seed = config.query("%SEED")
    if not is_seed(seed):
        raise InputError(f"SEED must be a whole number from 0 on, not {seed!r}.")
    name = f"{request.dataset}-{method}-seed{seed}-{config.digest(lines)}"
    return dataclasses.replace(request, seed=seed, family=family, run_id=name)


def load_dataset(name: str, settings: Sequence[str] = ()) -> Dataset | PairedDataset:
    """Returns the dataset of a file in gin_configs/datasets, without a run.

    Its gin file becomes the current configuration.

    Args:
        name: Stem of the file, as --dataset takes it.
        settings: --set lines; run.transforms is applied as in a run.

    Raises:
        InputError: If there is no such dataset, or a setting is unknown, wrong or
            without effect on it.
    """
    import_roots()
    base = config.shipped_directory() / "base.gin"
    file = _find("datasets", name, "--dataset")
    config.load([str(base), file], settings)
    dataset = config.make(str(config.query("%DATASET")))
    for transform in config.query("run.transforms", ()):
        refuse_pairs(dataset, f"run.transforms = {transform}")
        dataset = config.make(str(transform))(dataset)
    unread = [
        each
        for each in config.unread_bindings()
        # What is read here without a component; and the file is about runs, too.
        if not each.startswith(("DATASET ", "run.transforms ")) and file not in each
    ]
    if unread:
        raise InputError(f"No dataset reads {', '.join(unread)}.")
    assert isinstance(dataset, Dataset | PairedDataset)
    return dataset


def import_roots() -> None:
    """Imports everything that gin files may name."""
    components.import_all()
    # Here, because they import this module.
    for name in ("experiment", "study_file"):
        importlib.import_module(f"compare_ssgan.studies.{name}")


def study_name(request: RunRequest) -> str:
    """Returns the study a run belongs to: that of its directory, if it has one."""
    plan = request.directory / "study.json"
    if plan.exists():
        content = schema.check(files.read_json(plan), str(plan), {"study": str})
        return str(content["study"])
    return request.study


def check_strategy(request: RunRequest) -> None:
    """Raises InputError unless there is the strategy of a request."""
    if request.strategy not in STRATEGIES:
        raise InputError(
            f"--strategy must be {' or '.join(STRATEGIES)}, not '{request.strategy}'."
        )


def is_seed(value: object) -> bool:
    """Whether a value can be a seed."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 0 <= value < 2**31  # type: ignore[operator]


def shipped_names(folder: str = "") -> list[str]:
    """Returns the stems of the gin files in a folder of gin_configs.

    Without a folder these are the methods.
    """
    found = {
        path.stem
        for directory in _directories()
        for path in (directory / folder).glob("*.gin")
    }
    return sorted(found - {"base"})


def _family(request: RunRequest) -> str:
    """Returns the method's family, which only a method file sets."""
    file = request.gin_files[-1]
    for macro in ("GAN", "FAMILY"):
        if config.query(f"%{macro}", config.REQUIRED) is config.REQUIRED:
            raise InputError(
                f"{file} is not a method file: it sets no {macro}. The suite's methods "
                f"are {', '.join(shipped_names())}."
            )
    family = config.query("%FAMILY")
    if family not in FAMILIES:
        raise InputError(
            f"FAMILY is {family!r}, but a method is one of {', '.join(FAMILIES)}."
            f"{config.nearest(str(family), FAMILIES)}"
        )
    return str(family)


def _refuse_pairs(method: str) -> None:
    """Tells what is wrong where a dataset brings no networks because it has pairs."""
    # Declared in base.gin, and nothing sets it.
    if config.query("%GENERATOR", None) is config.REQUIRED:
        dataset = config.query("%DATASET", config.REQUIRED)
        if dataset is not config.REQUIRED:
            refuse_pairs(config.make(str(dataset)), method)


def _check(request: RunRequest) -> None:
    if not request.gin_files:
        raise InputError(
            "No method was given: name its file with --gin, e.g. --gin "
            f"{CONFIGS}/ssgan.gin. There are: {', '.join(shipped_names())}."
        )
    file = pathlib.PurePath(request.gin_files[-1])
    if not _METHOD.fullmatch(file.stem):
        raise InputError(
            f"The last --gin file, {file}, names the method '{file.stem}', but a "
            "method's name has only letters (a to z), digits, '_' and '.'. Rename the "
            "file."
        )
    if request.seed is not None and not is_seed(request.seed):
        raise InputError(
            f"--seed must be a whole number from 0 on, not {request.seed!r}."
        )
    check_strategy(request)


def _files(request: RunRequest) -> list[str]:
    """Returns the paths of the request's gin files in the order of reading."""
    base = config.shipped_directory() / "base.gin"
    dataset = _find("datasets", request.dataset, "--dataset")
    budget = _find("budgets", request.budget, "--budget")
    files = [str(base), dataset, *request.gin_files, budget]
    if request.budget == "paper":
        files.append(_find_paper(request.dataset, request.method))
    return files


def _directories() -> list[pathlib.Path]:
    """Where dataset, budget and method files are: the suite's, and the user's own."""
    return [config.shipped_directory(), pathlib.Path.cwd() / CONFIGS]


def _find(folder: str, name: str, option: str) -> str:
    for directory in _directories():
        path = directory / folder / f"{name}.gin"
        try:
            # No path: the name becomes part of that of the run's directory.
            if path.is_file() and path.stem == name:
                return str(path)
        except OSError as error:
            raise InputError(
                f"{option} cannot be '{name}': {error.strerror}. Give it another name."
            ) from error
    known = shipped_names(folder)
    raise InputError(
        f"There is no {option[2:]} '{name}' ({option}).{config.nearest(name, known)} "
        f"There are: {', '.join(known)}."
    )


def _find_paper(dataset: str, method: str) -> str:
    for directory in _directories():
        path = directory / "paper" / dataset / f"{method}.gin"
        if path.is_file():
            return str(path)
    pairs = {
        f"{path.parent.name} {path.stem}"
        for directory in _directories()
        for path in directory.glob("paper/*/*.gin")
    }
    raise InputError(
        f"--budget paper knows no settings of {method} on {dataset}. It knows (dataset "
        f"method): {_listed(sorted(pairs))}. Use --budget short, or add "
        f"{CONFIGS}/paper/{dataset}/{method}.gin."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
