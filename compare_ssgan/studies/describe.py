"""What a run would train, without training it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.types import Samples, variables_of


class Layer(NamedTuple):
    """A module that owns variables.

    Attributes:
        path: Attributes that lead to it from the network.
        kind: Name of its class.
        shapes: Shapes of its trainable variables, by name.
        parameters: Number of trainable parameters.
    """

    path: str
    kind: str
    shapes: dict[str, list[int]]
    parameters: int


def count_parameters(modules: Any) -> int:
    """Returns the number of trainable parameters of some modules."""
    return sum(int(np.prod(v.shape)) for v in variables_of(modules))


def layers(module: tf.Module, path: str = "") -> Iterator[Layer]:
    """Yields the modules inside `module` that own trainable variables."""
    own: dict[str, tf.Variable] = {}
    for name, value in vars(module).items():
        if name.startswith("_") and not isinstance(value, tf.Module | list | tuple):
            continue
        inner = f"{path}.{name.lstrip('_')}".lstrip(".")
        if isinstance(value, tf.Variable) and value.trainable:
            own[name] = value
        elif isinstance(value, tf.Module):
            yield from layers(value, inner)
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value):
                if isinstance(item, tf.Module):
                    yield from layers(item, f"{inner}[{i}]")
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, tf.Module):
                    yield from layers(item, f"{inner}.{key}")
    if own:
        shapes = {name: list(v.shape) for name, v in own.items()}
        parameters = sum(int(np.prod(shape)) for shape in shapes.values())
        yield Layer(path, type(module).__name__, shapes, parameters)


def networks(game: Any) -> dict[str, Any]:
    """Returns parameter counts of both players and of each task's head.

    Returns:
        {"generator": {"parameters": n}, "discriminator": {"parameters": n},
        "tasks": {name: {"parameters": n}}}; heads of tasks are counted apart from
        the discriminator.
    """
    return {
        "generator": {"parameters": count_parameters([game.generator])},
        "discriminator": {"parameters": count_parameters([game.discriminator])},
        "tasks": {
            task.name: {"parameters": count_parameters([task])} for task in game.tasks
        },
    }


def operations(game: Any, train_step: Any, discriminator_steps: int) -> int:
    """Returns the floating-point operations of one training iteration.

    Counted by TensorFlow's profiler on the traced step: multiplications and
    additions of all operations it knows, convolutions and matrix products above
    all.

    Args:
        game: Has `problem`.
        train_step: The compiled step, `training.step.make_train_step`.
        discriminator_steps: Batches the step takes.
    """
    height, width, channels = game.problem.image_shape
    batch, classes = game.problem.batch_size, game.problem.num_classes
    images = tf.TensorSpec([batch, height, width, channels], tf.float32)
    labels = tf.TensorSpec([batch, classes], tf.float32) if classes else None
    samples = Samples(images, labels, None, tf.TensorSpec([batch], tf.int64))
    graph = train_step.get_concrete_function([samples] * discriminator_steps).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return int(tf.compat.v1.profiler.profile(graph, options=options).total_float_ops)
