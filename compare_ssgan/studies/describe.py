"""What a run would train, without training it."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.types import Samples, variables_of


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


def count_parameters(modules: Any) -> int:
    """Returns the number of trainable parameters of some modules."""
    return sum(int(np.prod(v.shape)) for v in variables_of(modules))


def layers(module: tf.Module) -> list[Layer]:
    """Returns the parts of `module` that own trainable variables, in order."""
    owners: dict[str, dict[str, list[int]]] = {}
    for path, variable in module._flatten(
        predicate=lambda value: isinstance(value, tf.Variable), with_path=True
    ):
        if variable.trainable:
            owner = ".".join(str(part).lstrip("_") for part in path[:-1])
            owners.setdefault(owner, {})[str(path[-1])] = list(variable.shape)
    return [
        Layer(path, shapes, sum(int(np.prod(shape)) for shape in shapes.values()))
        for path, shapes in owners.items()
    ]


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
