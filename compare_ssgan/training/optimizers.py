"""Optimizers."""

from collections.abc import Callable, Iterable, Sequence

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError

OptimizerFactory = Callable[[int], "Adam"]


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
        have several) that returns an `Adam`.
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

    def make(updates_per_step: int) -> Adam:
        decay = None
        if decay_end is not None:
            decay = (decay_start * updates_per_step, decay_end * updates_per_step)
        return Adam(learning_rate, beta_1, beta_2, epsilon, decay)

    return make


class Adam(tf.Module):
    """Adam by TensorFlow's fused kernel: one operation per variable and update.

    Its formula is the last one of Sec. 2 of the paper, where epsilon is added to the
    root of the uncorrected second moment. Written out in operations, as Keras does
    it, the updates are half of the graph of a training step with narrow networks.
    """

    def __init__(
        self,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        decay: tuple[int, int] | None = None,
    ) -> None:
        """Stores the settings; `build` makes the variables.

        Args:
            learning_rate: Step size before any decay.
            beta_1: Decay of the first moment.
            beta_2: Decay of the second moment.
            epsilon: Added to the root of the second moment.
            decay: Updates between which the learning rate falls linearly to zero.
        """
        super().__init__("adam")
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._rate, self._decay = learning_rate, decay
        self._iterations = tf.Variable(0, dtype=tf.int64, trainable=False)
        # In checkpoints everything lies where Keras's Adam has it, so that runs that
        # were begun with that go on: a constant rate is a variable, too.
        self._variables: list[tf.Variable] = [self._iterations]
        if decay is None:
            self._variables.append(tf.Variable(learning_rate, trainable=False))
        self._moments: slice = slice(len(self._variables), None)

    def build(self, variables: Sequence[tf.Variable]) -> None:
        """Makes the moments of variables; to be called once."""
        assert not self._variables[self._moments]
        for variable in variables:
            zeros = tf.zeros_like(variable)
            self._variables += [tf.Variable(zeros, trainable=False) for _ in range(2)]

    @property
    def learning_rate(self) -> tf.Tensor:
        """The step size of the next update, a scalar."""
        rate = tf.constant(self._rate, tf.float32)
        if self._decay is None:
            return rate
        start, end = self._decay
        past = (tf.cast(self._iterations, tf.float32) - start) / (end - start)
        return rate * (1.0 - tf.clip_by_value(past, 0.0, 1.0))

    def apply_gradients(
        self, gradients: Iterable[tuple[tf.Tensor, tf.Variable]]
    ) -> None:
        """Does an update.

        Args:
            gradients: Pairs of a gradient and its variable, for all variables, in the
                order in which they were built.
        """
        number = tf.cast(self._iterations, tf.float32) + 1.0
        common = {
            "beta1_power": tf.pow(self.beta_1, number),
            "beta2_power": tf.pow(self.beta_2, number),
            "lr": self.learning_rate,
            "beta1": tf.constant(self.beta_1, tf.float32),
            "beta2": tf.constant(self.beta_2, tf.float32),
            "epsilon": tf.constant(self.epsilon, tf.float32),
        }
        moments = iter(self._variables[self._moments])
        moments = zip(moments, moments, strict=True)
        for (gradient, variable), (m, v) in zip(gradients, moments, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=m.handle,
                v=v.handle,
                grad=gradient,
                **common,
            )
        self._iterations.assign_add(1)
