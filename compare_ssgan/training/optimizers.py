"""Optimizers, under names of our own so that gin files outlive Keras versions."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError

OptimizerFactory = Callable[[int], Any]


@config.register("optimizers")
def adam(
    learning_rate: float = config.REQUIRED,
    beta_1: float = 0.5,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    decay_start: int = 0,
    decay_end: int | None = None,
) -> OptimizerFactory:
    """Adam, Kingma and Ba, arXiv 1412.6980, with optional linear decay to zero.

    Args:
        learning_rate: Step size, until `decay_start`.
        beta_1: Decay of the first moment.
        beta_2: Decay of the second moment.
        epsilon: The paper's 1e-8 (Keras has 1e-7).
        decay_start: Generator step at which the learning rate begins to fall.
        decay_end: Generator step at which it reaches zero; None for no decay.

    Returns:
        A function of the number of updates per generator step (a discriminator may
        have several) that returns a Keras optimizer.
    """
    for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
        if not 0 <= beta < 1:
            raise InputError(f"optimizers.adam.{name} must be in [0, 1), not {beta}.")
    if learning_rate <= 0:
        raise InputError(
            f"optimizers.adam.learning_rate must be positive, not {learning_rate}."
        )
    if epsilon <= 0:
        raise InputError(f"optimizers.adam.epsilon must be positive, not {epsilon}.")
    if decay_end is None and decay_start:
        raise InputError(
            "optimizers.adam.decay_start has no effect without decay_end; set "
            "optimizers.adam.decay_end to the generator step of rate zero."
        )
    if decay_end is not None and not 0 <= decay_start < decay_end:
        raise InputError(
            "optimizers.adam.decay_start must be before decay_end, received "
            f"{decay_start} and {decay_end}."
        )

    def make(updates_per_step: int) -> Any:
        rate: Any = learning_rate
        if decay_end is not None:
            rate = LinearDecay(
                learning_rate,
                decay_start * updates_per_step,
                decay_end * updates_per_step,
            )
        return tf.keras.optimizers.Adam(rate, beta_1, beta_2, epsilon)

    return make


class LinearDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Constant until `start`, then falls linearly to zero at `end` (in updates)."""

    def __init__(self, rate: float, start: int, end: int) -> None:
        """Stores the three corners of the schedule."""
        super().__init__()
        self.rate, self.start, self.end = rate, start, end

    def __call__(self, step: Any) -> Any:
        past = (tf.cast(step, tf.float32) - self.start) / (self.end - self.start)
        return self.rate * (1.0 - tf.clip_by_value(past, 0.0, 1.0))
