"""Frechet distance between Gaussians fitted to features."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from absl import logging
from scipy.linalg import lapack

from compare_ssgan import config
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.moments import Moments

# Largest error of the trace of the root, relative to both traces, for which its
# square is good enough.
_TOLERANCE = 1e-8
# Of so few dimensions nothing is gained by squares.
_SMALL = 512


@config.register("metrics")
def fid() -> Metric:
    """Frechet inception distance, of whichever features are evaluated.

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500, Eq. 6, with unbiased
    covariances, in float64. Only with the features of the Inception network is it
    the number of that name. Sets smaller than their features are long are compared
    with a warning; a set of one example is refused.
    """

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake.moments, evidence.real.moments
        warn_of_few(min(fake.num, real.num), len(fake.mean))
        return (frechet_distance(fake, real),)

    return Metric(
        kinds=("fid",), compute=compute, needs=frozenset(["moments"]), needs_real=True
    )


@functools.cache
def warn_of_few(num: int, feature_size: int) -> None:
    """Warns, once a process, of a covariance of fewer examples than dimensions.

    Args:
        num: Examples of the smaller set.
        feature_size: Dimensions of the features.
    """
    if num <= feature_size:
        logging.warning(
            "A covariance of %d features from %d examples is singular: the Frechet "
            "distance is defined, but its bias is large. Take more than %d examples.",
            feature_size,
            num,
            feature_size,
        )


def frechet_distance(a: Moments, b: Moments) -> float:
    """Returns the squared Frechet distance between two Gaussians.

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)). With A = R R^T and B = S S^T,
    the trace of the root is the sum of the singular values of R^T S, hence of roots
    of eigenvalues of R^T B R: no root of a matrix that is not symmetric, and sets
    that are smaller than their features are long, or collapsed, have factors of few
    columns. Zero at least, NaN if a moment is not finite.

    Args:
        a: Moments of one set.
        b: Moments of the other.
    """
    if not all(np.all(np.isfinite(part)) for part in (*a[1:], *b[1:])):
        return float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        difference = a.mean - b.mean
        traces = np.trace(a.covariance) + np.trace(b.covariance)
        distance = difference @ difference + traces
        if np.isfinite(distance):
            distance -= 2 * trace_of_root(a.covariance, b.covariance)
    return max(float(distance), 0.0) if np.isfinite(distance) else float("nan")


def trace_of_root(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the trace of (a b)^(1/2) of two covariances.

    Args:
        a: [size, size], symmetric and positive semidefinite up to rounding.
        b: [size, size], likewise.
    """
    scales = [float(np.max(np.diagonal(each), initial=0)) for each in (a, b)]
    if min(scales) <= 0:
        return 0.0
    # Squares of features that are far from 1 would leave the range of numbers.
    units = np.sqrt(scales)
    x, y = _factor(a, units[0]), None
    eigenvalues = None
    if x.columns.shape[1] == len(x.columns) > _SMALL:
        # x^T b x, only of its lower triangle. Symmetric matrices need not be
        # transposed for Fortran.
        product = b[np.ix_(x.order, x.order)].T
        product /= scales[1]
        product, _ = lapack.dsygst(product, x.columns, itype=2, lower=1, overwrite_a=1)
        eigenvalues = np.linalg.eigvalsh(product, UPLO="L")
        del product
    else:
        y = _factor(b, units[1])
        root = _product(x, y)
        if len(root) > _SMALL:
            eigenvalues = np.linalg.eigvalsh(root @ root.T)
    largest = np.trace(a) / scales[0] + np.trace(b) / scales[1]
    if eigenvalues is not None and _error(eigenvalues) <= _TOLERANCE * largest:
        trace = np.sum(np.sqrt(np.maximum(eigenvalues, 0)))
    else:
        # Slower, but squares of small singular values are not lost beside large ones.
        root = _product(x, y or _factor(b, units[1]))
        trace = np.sum(scipy.linalg.svdvals(root, check_finite=False))
    return float(units[0] * units[1] * trace)


class _Factor(NamedTuple):
    """A covariance as a product of a matrix with its transpose.

    Attributes:
        columns: [size, rank], lower triangular.
        order: [size] which dimension each row is.
    """

    columns: np.ndarray
    order: np.ndarray


def _factor(covariance: np.ndarray, unit: float) -> _Factor:
    """Returns the Cholesky decomposition with pivots, as far as it goes.

    The rest is rounding. Of the correlations, so that a feature of small numbers is
    no rounding of others; in units of features.
    """
    deviations = np.sqrt(np.maximum(np.diagonal(covariance), 0))
    scale = np.where(deviations > 0, deviations, 1)
    # By one after the other: their product may be too small a number.
    correlations = covariance / scale
    correlations /= scale[:, np.newaxis]
    columns, pivots, rank, _ = lapack.dpstrf(
        correlations.T, lower=1, tol=len(scale) * np.finfo(float).eps, overwrite_a=1
    )
    order = pivots - 1
    columns = np.tril(columns)[:, :rank]
    columns *= (scale / unit)[order, np.newaxis]
    return _Factor(np.asfortranarray(columns), order)


def _product(x: _Factor, y: _Factor) -> np.ndarray:
    """Returns X^T Y, flat or square, with rows in the order of dimensions."""
    in_order = []
    for factor in (x, y):
        rows = np.empty_like(factor.columns)
        rows[factor.order] = factor.columns
        in_order.append(rows)
    few, many = sorted(in_order, key=lambda each: each.shape[1])
    return few.T @ many


def _error(eigenvalues: np.ndarray) -> float:
    """Returns a bound of the error of their roots' sum, for rounding as it is."""
    each = np.finfo(float).eps * np.sqrt(len(eigenvalues)) * np.max(eigenvalues)
    root = np.sqrt(np.maximum(eigenvalues, each))
    return float(np.sum(each / root))
