"""The speed at which this process multiplies matrices, the limit of all others."""

import statistics
import time

import tensorflow as tf

SIZES = (2048, 3072, 4096)


class MatrixProducts:
    """Repeatedly timed products of square matrices of several sizes, in one type.

    A size's speed is the median over its repetitions, so that a disturbance of one of
    them does not matter; the peak is the speed of the fastest size.
    """

    def __init__(self, dtype: tf.DType) -> None:
        """Draws the factors and multiplies them once, which is not timed."""
        self._factors = {
            size: tf.cast(tf.random.stateless_normal([size, size], [0, size]), dtype)
            for size in SIZES
        }
        self._seconds: dict[int, list[float]] = {size: [] for size in SIZES}
        for size in SIZES:
            self._time(size)

    def measure(self) -> None:
        """Times one product of each size."""
        for size in SIZES:
            self._seconds[size].append(self._time(size))

    @property
    def flops_per_second(self) -> float:
        """Floating-point operations per second of the fastest size."""
        return max(
            2 * size**3 / statistics.median(seconds)
            for size, seconds in self._seconds.items()
        )

    def _time(self, size: int) -> float:
        factor = self._factors[size]
        start = time.perf_counter()
        # Fetching an element waits for devices that compute in the background.
        tf.matmul(factor, factor)[0, 0].numpy()
        return time.perf_counter() - start
