"""Times the distance of two Gaussians beside the square root that others take.

Both in one process, in turns; every number is a median. The Gaussians are fitted to
features as a network makes them: correlated and not negative.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
import scipy.linalg

from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metrics.fid import frechet_distance
from compare_ssgan.evaluation.moments import Moments
from tools.benchmarks import machine


def measure(size: int, numbers: list[int], rounds: int) -> dict[str, Any]:
    """Returns seconds of both, their ratio, and by how much the results differ.

    Args:
        size: Dimensions.
        numbers: Numbers of examples, each a case of its own.
        rounds: Times that each is timed.
    """
    return {
        "size": size,
        "rounds": rounds,
        "cases": {f"examples{num}": _case(size, num, rounds) for num in numbers},
        "machine": machine.describe(),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }


def features(num: int, size: int, seed: int) -> np.ndarray:
    """Returns [num, size] float32, correlated and not negative."""
    # The same mixture for every seed, so that sets are of one kind.
    mixing = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    # Variances that fall over three orders of magnitude.
    mixing *= np.logspace(0, -1.5, size, dtype=np.float32)[:, np.newaxis]
    rng = np.random.default_rng([seed, 1])
    result = np.empty((num, size), np.float32)
    for first in range(0, num, 4096):
        block = result[first : first + 4096]
        drawn = rng.standard_normal(block.shape, np.float32)
        np.maximum(drawn @ mixing / np.float32(np.sqrt(size)) + 0.1, 0, out=block)
    return result


def by_square_root(a: Moments, b: Moments) -> float:
    """Returns the distance with the square root of the product of covariances."""
    root = scipy.linalg.sqrtm(a.covariance @ b.covariance)
    difference = a.mean - b.mean
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    return float(difference @ difference + traces - 2 * np.trace(root).real)


def _case(size: int, num: int, rounds: int) -> dict[str, Any]:
    a = moments.of(features(num, size, 1))
    b = moments.of(1.1 * features(num, size, 2))
    ours: list[float] = []
    theirs: list[float] = []
    found, expected = frechet_distance(a, b), float("nan")
    for _ in range(rounds):
        _timed(lambda: frechet_distance(a, b), ours)
        expected = _timed(lambda: by_square_root(a, b), theirs)
    seconds, root_seconds = statistics.median(ours), statistics.median(theirs)
    return {
        "seconds": seconds,
        "sqrtm_seconds": root_seconds,
        "ratio": root_seconds / seconds,
        "round_ratios": [b / a for a, b in zip(ours, theirs, strict=True)],
        "distance": found,
        "sqrtm_distance": expected,
        "relative_difference": abs(found - expected) / found,
    }


def _timed(compute: Callable[[], float], seconds: list[float]) -> float:
    start = time.perf_counter()
    result = compute()
    seconds.append(time.perf_counter() - start)
    return result
