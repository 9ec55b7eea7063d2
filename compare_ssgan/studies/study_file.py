"""What a study file declares: datasets, methods, settings and seeds."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.studies import spec

_PREFIX = "roots.study."


class Declared(NamedTuple):
    """What a study file declares.

    Attributes:
        datasets: Stems of files in gin_configs/datasets.
        methods: Stems of files in gin_configs.
        budget: Stem of a file in gin_configs/budgets.
        seeds: Seeds by method.
        combinations: The settings, "name = value", of every point of the grid.
        varied: Names of settings that have several values.
    """

    datasets: list[str]
    methods: list[str]
    budget: str
    seeds: dict[str, list[int]]
    combinations: list[tuple[str, ...]]
    varied: list[str]

    def cells(self) -> Iterable[tuple[int, str, str, tuple[str, ...]]]:
        """Yields (seed, dataset, method, settings), seeds outermost."""
        every = dict.fromkeys(itertools.chain(*self.seeds.values()))
        for seed, dataset, method, settings in itertools.product(
            every, self.datasets, self.methods, self.combinations
        ):
            if seed in self.seeds[method]:
                yield seed, dataset, method, settings


@config.entry_point
def study(
    *,
    datasets: Sequence[str] = ("digits",),
    methods: Sequence[str] = config.REQUIRED,
    budget: str = "short",
    seeds: int | Sequence[int] = config.REQUIRED,
    method_seeds: Mapping[str, int | Sequence[int]] | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
    zip: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Declares the runs of a study: all combinations of its parameters.

    It is read, never called: a call would build the components in `grid`.

    Args:
        datasets: Stems of files in gin_configs/datasets.
        methods: Stems of files in gin_configs.
        budget: Stem of a file in gin_configs/budgets.
        seeds: Their number (from 0 on), or a list of them. Not needed if
            `method_seeds` has every method.
        method_seeds: The same by method, in place of `seeds`, e.g.
            {'gan': 5, 'cond_gan': [0, 1, 2, 7]}.
        grid: Values by binding, e.g. {'run.discriminator_steps': [1, 2]}; all
            combinations are run.
        zip: Values by binding, of equal length; the first values of all bindings
            are run together, then the second.
    """
    raise AssertionError("A study is read with config.query.")


def read(study_file: str) -> Declared:
    """Returns what a study file declares; it becomes the current configuration.

    Args:
        study_file: Path of the gin file.

    Raises:
        InputError: If a parameter is wrong, or the file sets something else.
    """
    config.load([study_file])
    _refuse_others(study_file)
    methods = _methods(_names("methods", None))
    grid, zipped = _values("grid"), _values("zip")
    return Declared(
        datasets=_names("datasets", ("digits",)),
        methods=methods,
        budget=_budget(),
        seeds=_seeds(methods),
        combinations=_combinations(grid, zipped),
        varied=[n for n, values in {**grid, **zipped}.items() if len(values) > 1],
    )


def _refuse_others(study_file: str) -> None:
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
    return list(dict.fromkeys(value))


def _budget() -> str:
    value = config.query("study.budget", "short")
    if not isinstance(value, str):
        raise InputError(
            f"study.budget must be the name of a budget, such as 'short', not "
            f"{value!r}."
        )
    return value


def _methods(names: list[str]) -> list[str]:
    known = spec.shipped_names()
    for name in names:
        if name not in known:
            raise InputError(
                f"study.methods: there is no method '{name}' ({spec.CONFIGS}/"
                f"{name}.gin).{config.nearest(name, known)} There are: "
                f"{', '.join(known)}."
            )
    return names


def _seeds(methods: Sequence[str]) -> dict[str, list[int]]:
    """Returns the seeds of every method."""
    own = config.query("study.method_seeds", None)
    if own is None:
        own = {}
    if not isinstance(own, dict):
        raise InputError(
            "study.method_seeds must map methods to seeds, such as {'gan': 5, "
            f"'ssgan': [0, 1, 2]}}, not {own!r}."
        )
    for name in own:
        if name not in methods:
            raise InputError(
                f"study.method_seeds: '{name}' is not one of study.methods."
                f"{config.nearest(str(name), methods)}"
            )
    seeds = {
        name: _seed_list(f"study.method_seeds['{name}']", value)
        for name, value in own.items()
    }
    # They are checked even if no method is left to need them.
    default = config.REQUIRED if set(methods) - set(own) else 1
    shared = _seed_list("study.seeds", config.query("study.seeds", default))
    return {method: seeds.get(method, shared) for method in methods}


def _seed_list(name: str, value: Any) -> list[int]:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return list(range(value))
    if isinstance(value, list | tuple) and value and all(map(spec.is_seed, value)):
        return list(dict.fromkeys(value))
    raise InputError(
        f"{name} must be a positive number of seeds or a list of them, such as "
        f"[0, 1, 2], not {value!r}."
    )


def _combinations(
    grid: Mapping[str, Sequence[Any]], zipped: Mapping[str, Sequence[Any]]
) -> list[tuple[str, ...]]:
    """Returns the settings of every combination of the grid and the zip."""
    both = sorted(set(grid) & set(zipped))
    if both:
        raise InputError(
            f"{', '.join(both)} is in study.grid and in study.zip. Remove one of them."
        )
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
