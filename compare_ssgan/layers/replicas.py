"""What replicas of one training step share: examples, noise, statistics of a batch.

Under a `tf.distribute` strategy every accelerator (replica) does the step on its part
of the batch, and together they do what one replica does on the whole batch. Elsewhere
there is one replica, and the functions here return what they are given.

Of any batch, replica r of n has the rows r, r + n, r + 2n, ... The first or last rows
of all parts are then the first or last rows of the whole, and parts that are joined
one after the other are the part of what the wholes are joined to: whatever takes an
equal share of the rows at one end, or of a joint batch, needs to know nothing.
"""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def count() -> int:
    """Returns the number of replicas that the current step is done by."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def local_rows(x: tf.Tensor) -> tf.Tensor:
    """Returns the rows of this replica, of those that its process has read.

    Processes take turns in a batch just as replicas do; see `datasets.base.Worker`.
    """
    local, num_local, _ = _place()
    return _every(x, local, num_local)


def mean(values: Any) -> Any:
    """Returns the means over replicas of a structure of tensors, differentiably."""
    if count() == 1:
        return values
    return _all_reduce("MEAN", tf.nest.map_structure(tf.convert_to_tensor, values))


def total(x: tf.Tensor) -> tf.Tensor:
    """Returns the sum over replicas."""
    return x if count() == 1 else _all_reduce("SUM", x)


def gather(x: tf.Tensor) -> tf.Tensor:
    """Returns the [count(), ...] tensors of all replicas, differentiably."""
    if count() == 1:
        return x[None]
    # A sum with zeros: defined for every strategy, and for any rank of x.
    chosen = tf.one_hot(_index(), count(), dtype=x.dtype)
    return total(tf.tensordot(chosen, x, axes=0))


def all_rows(x: tf.Tensor) -> tf.Tensor:
    """Returns [rows, ...] of the whole batch, in another order."""
    if count() == 1:
        return x
    return tf.reshape(gather(x), [count() * x.shape[0], *x.shape[1:]])


def share(number: tf.Tensor) -> tf.Tensor:
    """Returns `count()` times this replica's share in a sum over replicas.

    The factor of a mean over examples that count, where replicas have different numbers
    of them; 0 where there are none at all.

    Args:
        number: [] float32, examples of this replica that count.
    """
    return tf.math.divide_no_nan(number, mean(number))


def standard_deviation(x: tf.Tensor) -> tf.Tensor:
    """Returns the scalar standard deviation of all elements of the whole batch."""
    if count() == 1:
        return tf.math.reduce_std(x)
    centered = x - mean(tf.reduce_mean(x))
    return tf.sqrt(mean(tf.reduce_mean(tf.square(centered))))


def noise(rng: tf.random.Generator) -> Any:
    """Returns a source of this replica's part of the numbers of one replica.

    Every replica draws for the whole batch, keeps its rows and advances its own copy
    of the state, so that all stay equal.

    Args:
        rng: Whose state every replica has a copy of.

    Returns:
        An object with the methods `normal` and `uniform` of `rng`, which take the
        shape of this replica's part.
    """
    return rng if count() == 1 else _Noise(rng)


class _Noise:
    """Draws as `tf.random.Generator` does outside any strategy.

    Under a strategy that gives each replica a stream of its own.
    """

    def __init__(self, rng: tf.random.Generator) -> None:
        self._rng = rng

    def normal(
        self,
        shape: Sequence[int],
        mean: float = 0.0,
        stddev: float = 1.0,
        dtype: tf.DType = tf.float32,
    ) -> tf.Tensor:
        """Returns this replica's part of Gaussian numbers."""
        drawn = self._draw(tf.raw_ops.StatelessRandomNormalV2, shape, dtype=dtype)
        return drawn * tf.constant(stddev, dtype) + tf.constant(mean, dtype)

    def uniform(
        self,
        shape: Sequence[int],
        minval: float = 0,
        maxval: float | None = None,
        dtype: tf.DType = tf.float32,
    ) -> tf.Tensor:
        """Returns this replica's part of uniform numbers."""
        low = tf.convert_to_tensor(minval, dtype)
        high = tf.convert_to_tensor(1 if maxval is None else maxval, dtype)
        if dtype.is_integer:
            kernel = tf.raw_ops.StatelessRandomUniformIntV2
            return self._draw(kernel, shape, minval=low, maxval=high)
        drawn = self._draw(tf.raw_ops.StatelessRandomUniformV2, shape, dtype=dtype)
        return drawn * (high - low) + low

    def _draw(self, kernel: Any, shape: Sequence[int], **options: Any) -> tf.Tensor:
        whole = [count() * shape[0], *shape[1:]]
        state = tf.bitcast(self._rng.skip(math.prod(whole)), tf.uint64)
        drawn = kernel(
            shape=tf.constant(whole),
            # As Philox has it: two numbers that count, and a key.
            counter=state[:2],
            key=state[2:3],
            alg=self._rng.algorithm,
            **options,
        )
        return _every(drawn, _index(), count())


def _all_reduce(operation: str, values: Any) -> Any:
    return tf.distribute.get_replica_context().all_reduce(operation, values)


def _place() -> tuple[Any, int, Any]:
    """Returns this replica's number in its process, how many that has, and its own."""
    context = tf.distribute.get_replica_context()
    num_local = len(context.strategy.extended.worker_devices)
    number = context.replica_id_in_sync_group
    return number % num_local, num_local, number // num_local


def _index() -> Any:
    """Returns r: replicas are numbered across processes, as rows are dealt out."""
    local, num_local, process = _place()
    return process + local * (count() // num_local)


def _every(x: tf.Tensor, index: Any, step: int) -> tf.Tensor:
    """Returns the rows index, index + step, index + 2 step, ... of x."""
    # Unlike that of a slice, this shape is known whatever the index.
    rounds = tf.reshape(x, [x.shape[0] // step, step, *x.shape[1:]])
    return tf.gather(rounds, index, axis=1)
