"""Bootstrap intervals of a statistic of few values; the same input, the same output."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

NUM_RESAMPLES = 10_000
_SEED = 0

Array = npt.NDArray[np.float64]


def interval(
    values: Sequence[float] | Array, statistic: Callable[[Array], Array]
) -> tuple[float, float]:
    """Returns the expanded percentile interval of a statistic, of 95 %.

    Efron's percentile interval is too narrow for few values: of the mean of five
    normal ones it holds the truth in 84 % of the cases instead of 95 %. Hesterberg,
    "What Teachers Should Know About the Bootstrap", 2015,
    https://arxiv.org/abs/1411.5279, takes the percentiles of `expanded_tail` instead,
    which makes it 92 %, and 94 % from eight values on.

    Args:
        values: [n] finite, n > 1.
        statistic: [resamples, n] -> [resamples].
    """
    array = np.asarray(values, np.float64)
    found = statistic(array[resamples(len(array))])
    tail = expanded_tail(len(array))
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(count: int) -> float:
    """Returns the share of resamples to leave out on either side.

    That is Phi(-sqrt(n / (n - 1)) t), with t the quantile of Student's distribution
    that a 95 % interval of a mean has: Hesterberg's correction for a standard deviation
    with n instead of n - 1 in its denominator, and for its being estimated.

    Args:
        count: n > 1.
    """
    # scipy.stats takes four times as long to import.
    from scipy import special

    quantile = special.stdtrit(count - 1, 0.975)
    return float(special.ndtr(-np.sqrt(count / (count - 1)) * quantile))


@functools.lru_cache(maxsize=64)
def resamples(count: int, stream: int = 0) -> npt.NDArray[np.int64]:
    """Returns [NUM_RESAMPLES, count] indices drawn with replacement.

    Args:
        count: Number of values.
        stream: Resamples of other streams are independent.
    """
    rng = np.random.default_rng([_SEED, count, stream])
    drawn = rng.integers(0, count, (NUM_RESAMPLES, count))
    drawn.setflags(write=False)
    return drawn
