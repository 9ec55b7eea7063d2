"""What a run would train, without training it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.studies import experiment, provenance, spec


class Layer(NamedTuple):
    """A module that owns variables.

    Attributes:
        path: Attributes that lead to it from the network.
        shapes: Shapes of its trainable variables, by name.
        parameters: Number of trainable parameters.
    """

    path: str
    shapes: dict[str, list[int]]
    parameters: int


def layers(module: tf.Module) -> list[Layer]:
    """Returns the parts of `module` that own trainable variables, in order."""
    owners: dict[str, dict[str, list[int]]] = {}
    seen: set[int] = set()
    for path, variable in module._flatten(
        predicate=lambda value: isinstance(value, tf.Variable), with_path=True
    ):
        # Spectral norms refer to the kernel they belong to.
        if variable.trainable and id(variable) not in seen:
            seen.add(id(variable))
            # A kernel is a module of its own; the layer is what owns it.
            parts = [str(part).lstrip("_") for part in path if part != "raw"]
            owner = ".".join(parts[:-1])
            owners.setdefault(owner, {})[parts[-1]] = list(variable.shape)
    return [
        Layer(path, shapes, sum(int(np.prod(shape)) for shape in shapes.values()))
        for path, shapes in owners.items()
    ]


def operations(built: experiment.Experiment) -> int:
    """Returns the floating-point operations of one training iteration.

    Counted by TensorFlow's profiler on the traced step, all discriminator steps and
    the generator step together: multiplications and additions of every operation it
    knows, convolutions and matrix products above all.
    """
    graph = experiment.trace(built)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    # It warns that the profiler itself calls what is deprecated.
    log = tf.get_logger()
    level = log.level
    log.setLevel("ERROR")
    try:
        profile = tf.compat.v1.profiler.profile(graph, options=options)
    finally:
        log.setLevel(level)
    return int(profile.total_float_ops)


def describe(request: spec.RunRequest) -> dict[str, Any]:
    """Builds what a run would train and returns its description.

    Args:
        request: A run as the command line describes it; not yet loaded.

    Returns:
        Names, networks with their layers and numbers of trainable parameters (the
        heads of tasks apart, under "tasks"), operations of one training iteration,
        and the lines of the resolved configuration.

    Raises:
        InputError: If a setting is wrong.
    """
    request = spec.load(request)
    with config.construction():
        built = experiment.run()
    game = built.game
    networks: dict[str, Any] = provenance.networks(game)
    modules = {"generator": game.generator, "discriminator": game.discriminator}
    for player, module in modules.items():
        networks[player]["layers"] = [layer._asdict() for layer in layers(module)]
    return {
        "run_id": request.run_id,
        "dataset": request.dataset,
        "method": request.method,
        "family": request.family,
        "budget": request.budget,
        "image_shape": list(built.problem.image_shape),
        "num_classes": built.problem.num_classes,
        "batch_size": built.batch_size,
        "discriminator_steps": built.discriminator_steps,
        "steps": built.schedule.steps,
        **networks,
        "operations_per_step": operations(built),
        "config": config.canonical(),
    }


def render(found: Mapping[str, Any], as_json: bool) -> str:
    """Returns a description as JSON or as text for the terminal."""
    if as_json:
        return json.dumps(found, indent=2)
    height, width, channels = found["image_shape"]
    lines = [
        f"{found['method']} ({found['family']}) on {found['dataset']}, "
        f"{height}x{width}x{channels}, {found['num_classes']} classes",
        f"budget {found['budget']}: {found['steps']:,} generator steps, "
        f"{found['discriminator_steps']} discriminator steps each, "
        f"batch {found['batch_size']}",
        f"{found['operations_per_step'] / 1e9:,.1f} GFLOP per generator step",
        f"run id {found['run_id']}",
        "",
        "configuration",
        *(f"  {line}" for line in found["config"]),
    ]
    for player in ("generator", "discriminator"):
        network = found[player]
        title = f"{player}: {network['name']}, {network['parameters']:,} parameters"
        lines += ["", title]
        for layer in network["layers"]:
            shapes = "  ".join(f"{k} {v}" for k, v in layer["shapes"].items())
            lines.append(f"  {layer['path']:<34} {layer['parameters']:>11,}  {shapes}")
    for name, task in found["tasks"].items():
        lines += ["", f"task {name}: {task['parameters']:,} parameters"]
    return "\n".join(lines)
