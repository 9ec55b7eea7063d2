"""Run records as pandas frames: what a notebook works with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from compare_ssgan.analysis.records import config_file, run_records, timings
from compare_ssgan.analysis.records.measurements import Measurement
from compare_ssgan.analysis.records.run_records import Directories, Run
from compare_ssgan.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY = (
    "study",
    "run_id",
    "dataset",
    "method",
    "family",
    "budget",
    "bindings",
    "seed",
    "status",
)


def load(directories: Directories) -> "pd.DataFrame":
    """Returns measurements, one a row, with the run each belongs to.

    Columns:
        study, run_id, dataset, method, family, budget: Of the run, texts.
        bindings: Settings of the run beyond its files, joined by "; "; all of them
            are in `configurations`.
        seed: Of the training.
        status: Of the run; those of diverged runs are here, with value NaN.
        step: Generator steps taken.
        images_seen: Real images the discriminator was shown, repeats included.
        metric: Full name, which implies the protocol.
        value: NaN if the generator had diverged.
        eval_seed: Of the generated samples.
        wall_seconds: Training up to that step, as `timings.Timings` defines it; NaN
            if it is not on record.
        operations: Floating-point operations of the training up to that step,
            products of the networks counted, a multiply-add being two; NaN if it is
            not on record.

    Runs without measurements have no row here; `runs` has them all. A run that lies
    in two directories is there twice, once for each.

    Args:
        directories: One or several directories, each of a run, of a study, or of
            several studies.

    Raises:
        InputError: If a directory has no records, or a record cannot be read.
    """
    import pandas as pd

    found: list[Run] = []
    parts: list[tuple[Any, ...]] = []
    names: dict[str, int] = {}
    for run in run_records.each(directories):
        parts.append(_columns(run, names))
        # The rows themselves take ten times the memory of the columns.
        found.append(run._replace(measurements=()))
    found = run_records.with_names(found)
    counts = [len(part[0]) for part in parts]
    rows = np.repeat(np.arange(len(found)), counts)
    columns = {name: _spread(values, rows) for name, values in _identity(found).items()}
    step, seen, metric, value, seed, seconds, operations = (
        np.concatenate([part[index] for part in parts]) for index in range(7)
    )
    columns |= {"step": step, "images_seen": seen}
    columns["metric"] = _spread(list(names), metric)
    columns |= {"value": value, "eval_seed": seed}
    columns |= {"wall_seconds": seconds, "operations": operations}
    return pd.DataFrame(columns)


def runs(directories: Directories) -> "pd.DataFrame":
    """Returns one row a run, planned ones that were never started included.

    Columns: study, run_id, dataset, method, family, budget, bindings, seed, status,
    steps, wall_seconds (of all attempts, evaluations included), error, diverged_step,
    diverged_term, directory, git_commit, device, generator_parameters,
    discriminator_parameters, operations_per_step, num_measurements, last_step (of a
    measurement). See `run_records.Run`. Numbers that are unknown are NaN, but for
    steps, which is then 0.

    Args:
        directories: As for `load`.

    Raises:
        InputError: As for `load`.
    """
    import pandas as pd

    found = run_records.read(directories)
    columns: dict[str, Any] = dict(_identity(found))
    names = ["steps", "wall_seconds", "error", "diverged_step", "diverged_term"]
    for name in names:
        columns[name] = [getattr(run, name) for run in found]
    columns["directory"] = [str(run.directory or "") for run in found]
    for name in ("git_commit", "device"):
        columns[name] = [getattr(run, name) for run in found]
    for player in ("generator", "discriminator"):
        parameters = [run.parameters.get(player) for run in found]
        columns[f"{player}_parameters"] = parameters
    columns["operations_per_step"] = [run.operations_per_step for run in found]
    columns["num_measurements"] = [len(run.measurements) for run in found]
    columns["last_step"] = [
        max((m.step for m in run.measurements), default=None) for run in found
    ]
    numbers = ["diverged_step", "last_step", "wall_seconds", "operations_per_step"]
    numbers += ["generator_parameters", "discriminator_parameters"]
    return pd.DataFrame(columns).astype(dict.fromkeys(numbers, "float64"))


def configurations(directories: Directories) -> "pd.DataFrame":
    """Returns the whole configuration of runs, one row a run, one column a parameter.

    The index is run_id, so that `load(d).join(configurations(d), on="run_id")` gives
    every measurement its configuration. Values are texts as gin writes them; None
    where a configuration does not name the parameter. Runs that never started have
    no row.

    Args:
        directories: As for `load`.

    Raises:
        InputError: As for `load`, or if a config.gin cannot be read or has a line
            that is no binding.
    """
    import pandas as pd

    found: dict[str, dict[str, str]] = {}
    for run in run_records.each(directories):
        lines = config_file.lines(run.directory)
        if lines is not None:
            found.setdefault(
                run.run_id, _bindings(lines, f"{run.directory}/config.gin")
            )
    names = sorted({name for bindings in found.values() for name in bindings})
    columns = {name: [b.get(name) for b in found.values()] for name in names}
    index = pd.Index(list(found), name="run_id", dtype=object)
    return pd.DataFrame(columns, index=index, dtype=object)


def _bindings(lines: Sequence[str], place: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition(" = ")
        if not equals:
            raise InputError(f"{place}, line {number} is no binding: '{line[:80]}'.")
        found[name.strip()] = value.strip()
    return found


def _columns(run: Run, names: dict[str, int]) -> tuple[Any, ...]:
    """Returns arrays of a run's measurements, metrics as numbers of their names.

    Args:
        run: With its measurements.
        names: Number by full name of a metric; new ones are added.
    """
    rows: Sequence[Sequence[Any]] = [*zip(*run.measurements, strict=True)]
    steps, seen, metrics, values, seeds = rows or [()] * len(Measurement._fields)
    step = np.array(steps, np.int64)
    times = timings.read(run.directory) if len(steps) else timings.UNKNOWN
    per_step = run.operations_per_step
    return (
        step,
        np.array(seen, np.int64),
        np.array([names.setdefault(name, len(names)) for name in metrics], np.int64),
        np.array(values, np.float64),
        np.array(seeds, np.int64),
        times.at(step),
        # Whole numbers would overflow: 10**14 a step are not rare.
        step * float("nan" if per_step is None else per_step),
    )


def _spread(values: Sequence[Any], rows: Any) -> Any:
    """Returns the values of rows, as pandas keeps texts or whole numbers."""
    import pandas as pd

    kind = "int64" if values and isinstance(values[0], int) else "str"
    # Repeating what pandas made of each is many times faster than making it of all.
    return pd.Series(values, dtype=kind).take(rows).reset_index(drop=True)


def _identity(found: Sequence[Run]) -> dict[str, list[Any]]:
    columns = {
        name: [getattr(run, name) for run in found]
        for name in _IDENTITY
        if name != "bindings"
    }
    columns["bindings"] = ["; ".join(run.settings) for run in found]
    return {name: columns[name] for name in _IDENTITY}
