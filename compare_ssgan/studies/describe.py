"""What a run would train, without training it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.studies import experiment, operations, provenance, spec
from compare_ssgan.studies.layers import Layer, Recorder, parent

_HEADER = ("layer", "output", "parameters", "multiply-adds", "variables")
_Cells = tuple[str, str, str, str, str]


def describe(request: spec.RunRequest) -> dict[str, Any]:
    """Builds what a run would train and returns its description.

    Args:
        request: A run as the command line describes it; not yet loaded.

    Returns:
        Names; networks with their layers, numbers of trainable parameters and
        multiply-adds of one image's forward pass (the heads of tasks apart, under
        "tasks"); operations of a training iteration and of the players' steps; and
        the lines of the resolved configuration.

    Raises:
        InputError: If a setting is wrong.
    """
    request = spec.load(request)
    with config.construction():
        built = experiment.run()
    game = built.game
    tasks = {
        task.name: Recorder(task)
        for task in getattr(game, "tasks", ())
        if isinstance(task, tf.Module)
    }
    counted = operations.count(
        game,
        built.discriminator_steps,
        micro_batches=built.batch_size // built.problem.batch_size,
        recorders=list(tasks.values()),
    )
    networks: dict[str, Any] = provenance.networks(game)
    for player, recorder in operations.trace_networks(game).items():
        networks[player] |= _layers(recorder.layers())
    for name, recorder in tasks.items():
        networks["tasks"][name] |= _layers(recorder.layers(batch=None))
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
        "operations_per_step": counted.per_step,
        "operations_per_discriminator_step": counted.per_discriminator_step,
        "operations_per_generator_step": counted.per_generator_step,
        "config": config.canonical(),
    }


def _layers(layers: Sequence[Layer]) -> dict[str, Any]:
    return {
        "multiply_adds": sum(layer.multiply_adds for layer in layers),
        "layers": [layer._asdict() for layer in layers],
    }


def render(found: Mapping[str, Any], as_json: bool) -> str:
    """Returns a description as JSON or as text for the terminal."""
    if as_json:
        return json.dumps(found, indent=2)
    height, width, channels = found["image_shape"]
    step, discriminator_step, generator_step = (
        f"{found[f'operations_per_{name}'] / 1e9:,.1f}"
        for name in ("step", "discriminator_step", "generator_step")
    )
    lines = [
        f"{found['method']} ({found['family']}) on {found['dataset']}, "
        f"{height}x{width}x{channels}, {found['num_classes']} classes",
        f"budget {found['budget']}: {found['steps']:,} generator steps, "
        f"{found['discriminator_steps']} discriminator steps each, "
        f"batch {found['batch_size']}",
        f"{step} GFLOP per iteration: {found['discriminator_steps']} x "
        f"{discriminator_step} (discriminator) + {generator_step} (generator)",
        f"run id {found['run_id']}",
        "",
        "configuration",
        *(f"  {line}" for line in found["config"]),
    ]
    parts = {
        f"{player}: {found[player]['name']}": found[player]
        for player in ("generator", "discriminator")
    }
    parts |= {f"task {name}": task for name, task in found["tasks"].items()}
    rows: list[_Cells | str] = []
    for title, part in parts.items():
        numbers = (
            f"{part['parameters']:,} parameters, {part['multiply_adds']:,} "
            "multiply-adds per image"
        )
        rows += ["", f"{title}, {numbers}", *_rows(part["layers"])]
    return "\n".join([*lines, *_table(rows)])


def _rows(layers: Sequence[Mapping[str, Any]]) -> list[_Cells]:
    """Returns a row per layer, indented below the layer that it is part of."""
    paths = {layer["path"]: 0 for layer in layers}
    rows: list[_Cells] = [_HEADER]
    for layer in layers:
        path, owner = layer["path"], parent(layer["path"], paths)
        # Every row of a network is within it: its own would indent all of them.
        depth = 0 if owner is None else paths[owner] + 1
        paths[path] = depth
        name = path if owner is None else path.removeprefix(f"{owner}.")
        shape = layer["output_shape"]
        rows.append(
            (
                f"{'  ' * depth}{name or '(itself)'}",
                "" if shape is None else _times(shape),
                f"{layer['parameters']:,}" if layer["parameters"] else "",
                f"{layer['multiply_adds']:,}" if layer["multiply_adds"] else "",
                " + ".join(_times(shape) or "1" for shape in layer["shapes"].values()),
            )
        )
    return rows


def _table(rows: Sequence[_Cells | str]) -> list[str]:
    """Aligns cells over all tables; texts stay as they are."""
    cells = [row for row in rows if not isinstance(row, str)]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    lines = []
    for row in rows:
        if isinstance(row, str):
            lines.append(row)
            continue
        name, output, parameters, products, variables = row
        aligned = (
            f"  {name:<{widths[0]}}  {output:<{widths[1]}}  {parameters:>{widths[2]}}"
            f"  {products:>{widths[3]}}  {variables}"
        )
        lines.append(aligned.rstrip())
    return lines


def _times(shape: Sequence[int]) -> str:
    return "x".join(str(size) for size in shape)
