"""Frechet distance between Gaussians fitted to features."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.moments import Moments


@config.register("metrics")
def fid() -> Metric:
    """Frechet inception distance, of whichever features are evaluated.

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500, Eq. 6, with unbiased
    covariances, in float64. Only with the features of the Inception network is it
    the number of that name.
    """

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        return (frechet_distance(evidence.fake.moments, evidence.real.moments),)

    return Metric(
        kinds=("fid",), compute=compute, needs=frozenset(["moments"]), needs_real=True
    )


def frechet_distance(a: Moments, b: Moments) -> float:
    """Returns the squared Frechet distance between two Gaussians.

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)), where the trace of the root
    is that of (A^(1/2) B A^(1/2))^(1/2), a symmetric matrix: its eigenvalues are real
    also when sets are smaller than their features are long. Zero at least, NaN if a
    moment is not finite.

    Args:
        a: Moments of one set.
        b: Moments of the other.
    """
    if not all(np.all(np.isfinite(part)) for part in (*a[1:], *b[1:])):
        return float("nan")
    values, vectors = np.linalg.eigh(a.covariance)
    # Rounding makes the eigenvalues that are zero slightly negative.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = root @ b.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    trace_of_root = np.sum(np.sqrt(np.maximum(eigenvalues, 0)))
    difference = a.mean - b.mean
    distance = difference @ difference - 2 * trace_of_root
    distance += np.trace(a.covariance) + np.trace(b.covariance)
    return max(float(distance), 0.0)
