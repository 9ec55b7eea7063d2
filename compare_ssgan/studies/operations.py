"""What the steps of a training compute, without taking one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import tensorflow as tf

from compare_ssgan.layers.spectral_norm import update_spectral_norms
from compare_ssgan.studies import products
from compare_ssgan.studies.layers import Recorder
from compare_ssgan.types import Objective, Problem, Samples, variables_of


class Operations(NamedTuple):
    """Floating-point operations: multiplications plus additions of products.

    Attributes:
        per_discriminator_step: Of a discriminator step, its generated images included.
        per_generator_step: Of a generator step alone.
        per_step: Of a training iteration: a generator step and the discriminator
            steps before it.
    """

    per_discriminator_step: int
    per_generator_step: int
    per_step: int


def count(
    game: Any,
    discriminator_steps: int,
    *,
    micro_batches: int = 1,
    recorders: Sequence[Recorder] = (),
) -> Operations:
    """Counts what a training iteration computes.

    A step is traced by itself, for the examples that the game sees at once, so that
    loops in a compiled iteration do not matter. Counted is what is executed:
    objectives, the gradients that a player needs, power iterations.

    Args:
        game: The players.
        discriminator_steps: Discriminator steps per generator step.
        micro_batches: Number of parts of a batch whose gradients are accumulated.
        recorders: Record the discriminator step.
    """
    discriminator = _count_step(
        game,
        game.discriminator_objective,
        game.discriminator_modules,
        micro_batches,
        recorders,
    )
    generator = _count_step(
        game, game.generator_objective, game.generator_modules, micro_batches, ()
    )
    return Operations(
        discriminator, generator, discriminator_steps * discriminator + generator
    )


def of_iteration(graph: Any) -> int:
    """Returns `Operations.per_step` of a training iteration that was traced anyway.

    Args:
        graph: As `experiment.trace` returns it.
    """
    return 2 * products.total(products.needed(graph))


def _count_step(
    game: Any,
    compute: Callable[[Samples], Objective],
    modules: Sequence[tf.Module],
    micro_batches: int,
    recorders: Sequence[Recorder],
) -> int:
    variables = variables_of(modules)

    @tf.function(autograph=False)
    def gradients(batch: Samples) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            with ExitStack() as stack:
                for recorder in recorders:
                    stack.enter_context(recorder.recording())
                result = compute(batch)
        # The terms are logged.
        return tape.gradient(result.total, variables), result.terms

    @tf.function(autograph=False)
    def power_iterations() -> None:
        update_spectral_norms(modules)

    per_batch, once = (
        products.total(products.needed(graph))
        for graph in (
            gradients.get_concrete_function(batch_spec(game.problem)).graph,
            power_iterations.get_concrete_function().graph,
        )
    )
    return 2 * (micro_batches * per_batch + once)


def batch_spec(problem: Problem, batch_size: int | None = None) -> Samples:
    """Returns the type of a batch of real data.

    Args:
        problem: The data.
        batch_size: None for that of the problem.
    """
    num = batch_size or problem.batch_size
    classes = problem.num_classes
    return Samples(
        tf.TensorSpec([num, *problem.image_shape], tf.float32),
        tf.TensorSpec([num, classes], tf.float32) if classes else None,
        None,
        tf.TensorSpec([num], tf.int64),
    )


def trace_networks(game: Any) -> Mapping[str, Recorder]:
    """Returns recordings of both networks' forward passes with one image."""
    generator, discriminator = Recorder(game.generator), Recorder(game.discriminator)
    rng = tf.random.Generator.from_seed(0)
    conditional = bool(getattr(game, "num_classes", 0))

    @tf.function(autograph=False)
    def generate() -> Any:
        with generator.recording():
            return game.sample(1, rng).images

    @tf.function(autograph=False)
    def judge(samples: Samples) -> Any:
        if not conditional:
            samples = samples._replace(labels=None)
        with discriminator.recording():
            return game.discriminator(samples).logits

    generate.get_concrete_function()
    judge.get_concrete_function(batch_spec(game.problem, 1))
    return {"generator": generator, "discriminator": discriminator}
