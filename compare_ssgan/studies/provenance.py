"""What run.json says about code, machine and networks."""

import pathlib
import platform
import subprocess
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import compare_ssgan
from compare_ssgan.types import variables_of

_PACKAGE = pathlib.Path(compare_ssgan.__file__).resolve().parent


def versions() -> dict[str, str]:
    """Returns the versions of what the numbers depend on."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def git_commit() -> str | None:
    """Returns the commit of the suite's checkout, None for an installed package.

    A commit with changes that are not committed ends in "-dirty".
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(_PACKAGE), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        # A virtual environment may lie in somebody else's repository.
        git("ls-files", "--error-unmatch", "__init__.py")
        dirty = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return git("rev-parse", "HEAD") + ("-dirty" if dirty else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def device(threads: int) -> dict[str, Any]:
    """Returns kind and name of the device that trains, and the number of threads."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        name = details.get("device_name", gpus[0].name)
        return {"kind": "gpu", "name": name, "threads": threads}
    return {"kind": "cpu", "name": _processor(), "threads": threads}


def networks(game: Any) -> dict[str, Any]:
    """Returns names and numbers of trainable parameters of a game's networks.

    Heads of tasks are not counted as the discriminator's.

    Returns:
        {"generator": {"name", "parameters"}, "discriminator": {"name", "parameters"},
        "tasks": {name: {"parameters"}}}.
    """
    tasks = {
        task.name: variables_of([task])
        for task in getattr(game, "tasks", ())
        if isinstance(task, tf.Module)
    }
    of_tasks = {id(v) for variables in tasks.values() for v in variables}
    discriminator = [
        v for v in variables_of(game.discriminator_modules) if id(v) not in of_tasks
    ]
    generator = variables_of(game.generator_modules)
    trunk = getattr(game, "discriminator", game.discriminator_modules[0])
    return {
        "generator": {
            "name": _name(getattr(game.generator, "network", game.generator)),
            "parameters": _count(generator),
        },
        "discriminator": {
            "name": _name(getattr(trunk, "backbone", trunk)),
            "parameters": _count(discriminator),
        },
        "tasks": {
            name: {"parameters": _count(variables)} for name, variables in tasks.items()
        },
    }


def _count(variables: list[tf.Variable]) -> int:
    return sum(variable.shape.num_elements() for variable in variables)


def _name(module: Any) -> str:
    kind = type(module)
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"


def _processor() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
