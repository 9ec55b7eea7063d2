"""Exponential moving average of a generator's weights."""

import copy
import dataclasses
from typing import Any

import tensorflow as tf

from compare_ssgan.errors import InputError


@dataclasses.dataclass
class _Untracked:
    """Keeps a module out of the variables and checkpoints of its owner."""

    module: Any


class ExponentialMovingAverage(tf.Module):
    """A copy of a generator whose weights trail those of the original.

    As in BigGAN (arXiv 1809.11096, App. C) weights are averaged from `start_step`
    on and copied before. Batch-norm statistics are not averaged but copied.
    """

    def __init__(self, generator: Any, decay: float, start_step: int) -> None:
        """Copies the generator.

        Args:
            generator: The module to follow.
            decay: Share of the old average that an update keeps, in (0, 1).
            start_step: First generator step that is averaged.

        Raises:
            InputError: If decay or start_step is out of range.
        """
        super().__init__("ema")
        if not 0.0 < decay < 1.0:
            raise InputError(f"run.ema_decay must be in (0, 1) or None, not {decay}.")
        if start_step < 0:
            raise InputError(f"run.ema_start_step must not be negative: {start_step}.")
        self.generator = copy.deepcopy(generator)
        self.decay, self.start_step = decay, start_step
        self._original = _Untracked(generator)

    def update(self, step: tf.Tensor) -> None:
        """Moves the average towards the generator after generator step `step`."""
        keep = tf.where(step >= self.start_step, self.decay, 0.0)
        originals = self._original.module.variables
        for average, current in zip(self.generator.variables, originals, strict=True):
            if average.trainable:
                share = tf.cast(1.0 - keep, average.dtype)
                # Each replica moves its own copy: they are equal as it is.
                tf.raw_ops.AssignAddVariableOp(
                    resource=average.handle, value=share * (current - average)
                )
            else:
                average.assign(current)
