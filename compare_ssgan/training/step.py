"""The training step shared by all games."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from compare_ssgan.layers.spectral_norm import update_spectral_norms
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.types import Game, Objective, variables_of

Batch = TypeVar("Batch")
Terms = dict[str, tf.Tensor]


def minimize(
    compute: Callable[[], Objective],
    variables: Sequence[tf.Variable],
    optimizer: Any,
) -> Terms:
    """Does one gradient step and returns the terms of the objective.

    Raises:
        ValueError: If the objective does not depend on one of the variables.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        result = compute()
    gradients = tape.gradient(result.total, variables)
    unreached = [
        variable.name
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is None
    ]
    if unreached:
        raise ValueError(f"No gradient reaches the variables {unreached}.")
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return result.terms


def make_train_step(
    game: Game[Batch],
    discriminator_optimizer: Any,
    generator_optimizer: Any,
    discriminator_steps: int = 1,
    ema: ExponentialMovingAverage | None = None,
) -> Any:
    """Compiles one generator step preceded by discriminator steps.

    Spectral norms advance by one power iteration per step of the player they
    belong to, before the step.

    Args:
        game: Whose players are trained.
        discriminator_optimizer: Has `build` and `apply_gradients`.
        generator_optimizer: Has `build` and `apply_gradients`.
        discriminator_steps: Discriminator steps per generator step.
        ema: Follows the generator, if given.

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

    # Control flow below is Python's, so AutoGraph would only blur stack traces.
    @tf.function(autograph=False)
    def train_step(batches: Sequence[Batch]) -> Terms:
        if len(batches) != discriminator_steps:
            raise ValueError(
                f"Expected {discriminator_steps} batches, received {len(batches)}."
            )
        update_spectral_norms(game.generator_modules)
        d_terms: list[Terms] = []
        for batch in batches:
            update_spectral_norms(game.discriminator_modules)
            compute = functools.partial(game.discriminator_objective, batch)
            d_terms.append(minimize(compute, d_variables, discriminator_optimizer))
        compute = functools.partial(game.generator_objective, batches[-1])
        g_terms = minimize(compute, g_variables, generator_optimizer)
        step = game.generator_steps.assign_add(1)
        if ema is not None:
            ema.update(step)
        terms = {
            f"discriminator/{name}": tf.add_n([t[name] for t in d_terms]) / len(d_terms)
            for name in d_terms[0]
        }
        return terms | {f"generator/{name}": term for name, term in g_terms.items()}

    return train_step
