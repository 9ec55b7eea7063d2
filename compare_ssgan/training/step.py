"""The training step shared by all games."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from compare_ssgan.layers import replicas
from compare_ssgan.layers.spectral_norm import update_spectral_norms
from compare_ssgan.training.distribute import replicated
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.types import Game, Objective, variables_of

Batch = TypeVar("Batch")
Terms = dict[str, tf.Tensor]


def minimize(
    compute: Callable[[Batch], Objective],
    batch: Batch,
    variables: Sequence[tf.Variable],
    optimizer: Any,
    accumulation: int = 1,
) -> Terms:
    """Does one gradient step and returns the terms of the objective.

    Args:
        compute: The objective on a batch, or on a part of one.
        batch: Real data, this replica's share.
        variables: What to move.
        optimizer: How to move it.
        accumulation: Number of equal parts of the batch that gradients and terms are
            averaged over, one after the other, so that memory has to hold one part.

    Raises:
        ValueError: If the objective does not depend on one of the variables.
    """

    def differentiate(part: Batch) -> tuple[Terms, list[tf.Tensor]]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            result = compute(part)
        gradients = tape.gradient(result.total, variables)
        unreached = [
            variable.name
            for variable, gradient in zip(variables, gradients, strict=True)
            if gradient is None
        ]
        if unreached:
            raise ValueError(f"No gradient reaches the variables {unreached}.")
        return result.terms, gradients

    if accumulation > 1:
        parts = _map(lambda x: _split(x, accumulation), batch)
        terms, gradients = _mean(differentiate, parts, accumulation)
    else:
        terms, gradients = differentiate(batch)
    terms, gradients = replicas.mean((terms, gradients))
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return terms


def make_train_step(
    game: Game[Batch],
    discriminator_optimizer: Any,
    generator_optimizer: Any,
    discriminator_steps: int = 1,
    ema: ExponentialMovingAverage | None = None,
    *,
    accumulation: int = 1,
    jit_compile: bool = False,
) -> Any:
    """Compiles one generator step preceded by discriminator steps.

    Spectral norms advance by one power iteration per step of the player they
    belong to, before the step. Made in the scope of a `training.distribute.Team`, the
    step is done by all its replicas.

    Args:
        game: Whose players are trained.
        discriminator_optimizer: Has `build` and `apply_gradients`.
        generator_optimizer: Has `build` and `apply_gradients`.
        discriminator_steps: Discriminator steps per generator step.
        ema: Follows the generator, if given.
        accumulation: Equal parts that the batch of each step is processed in.
        jit_compile: Whether XLA compiles the step, which pays on GPUs.

    Returns:
        A `tf.function` of a list of `discriminator_steps` batches of real data that
        updates the players, counts the generator step, and returns scalars by name:
        "discriminator/<term>", averaged over the steps, and "generator/<term>".
    """
    d_variables = variables_of(game.discriminator_modules)
    g_variables = variables_of(game.generator_modules)
    # Slots are variables: they have to exist before the step is traced.
    discriminator_optimizer.build(d_variables)
    generator_optimizer.build(g_variables)

    @replicated
    def prepare() -> None:
        update_spectral_norms(game.generator_modules)

    @replicated
    def discriminator_step(batch: Batch) -> Terms:
        update_spectral_norms(game.discriminator_modules)
        return minimize(
            game.discriminator_objective,
            batch,
            d_variables,
            discriminator_optimizer,
            accumulation,
        )

    @replicated
    def generator_step(batch: Batch) -> Terms:
        terms = minimize(
            game.generator_objective,
            batch,
            g_variables,
            generator_optimizer,
            accumulation,
        )
        step = game.generator_steps.assign_add(1)
        if ema is not None:
            ema.update(step)
        return terms

    # Control flow below is Python's, so AutoGraph would only blur stack traces.
    @tf.function(autograph=False, jit_compile=jit_compile)
    def train_step(batches: Sequence[Batch]) -> Terms:
        if len(batches) != discriminator_steps:
            raise ValueError(
                f"Expected {discriminator_steps} batches, received {len(batches)}."
            )
        prepare()
        if discriminator_steps == 1:
            d_terms = discriminator_step(batches[0])
        else:
            stacked = _map(lambda *x: tf.stack(x), *batches)
            d_terms = _mean(discriminator_step, stacked, discriminator_steps)
        g_terms = generator_step(batches[-1])
        terms = {f"discriminator/{name}": term for name, term in d_terms.items()}
        return terms | {f"generator/{name}": term for name, term in g_terms.items()}

    return train_step


def _map(function: Callable[..., Any], *structures: Any) -> Any:
    """Maps tensors of equal structures; what an example does not have stays None."""
    return tf.nest.map_structure(
        lambda *x: None if x[0] is None else function(*x), *structures
    )


def _split(tensor: tf.Tensor, parts: int) -> tf.Tensor:
    """Returns the rows of a tensor in equal parts, [parts, rows / parts, ...]."""
    return tf.reshape(tensor, [parts, tensor.shape[0] // parts, *tensor.shape[1:]])


def _mean(function: Callable[[Any], Any], stacked: Any, num: int) -> Any:
    """Returns the mean of a function over the slices of its argument, in order.

    A loop of the graph, not of Python: the function is traced once, and one slice is
    done before the next one begins, so that memory holds the intermediate values of
    one slice only.

    Args:
        function: Of a structure of tensors, returns one of tensors; may have effects.
        stacked: The arguments, stacked along a new first axis.
        num: Number of slices.
    """
    compiled = tf.function(function, autograph=False)
    slices = _map(lambda x: tf.TensorSpec(x.shape[1:], x.dtype), stacked)
    results = compiled.get_concrete_function(slices).structured_outputs
    start = tf.nest.map_structure(lambda x: tf.zeros(x.shape, x.dtype), results)

    def body(index: tf.Tensor, total: Any) -> tuple[tf.Tensor, Any]:
        values = compiled(_map(lambda x: x[index], stacked))
        return index + 1, tf.nest.map_structure(tf.add, total, values)

    _, total = tf.while_loop(
        lambda index, _: index < num,
        body,
        (tf.constant(0), start),
        maximum_iterations=num,
        parallel_iterations=1,
    )
    return tf.nest.map_structure(lambda x: x / num, total)
