"""FID and KID: published numbers, closed forms, SciPy, TF-GAN."""

import functools

import numpy as np
import scipy.linalg
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.evaluation.metric import ImageSet
from compare_ssgan.evaluation.metrics import fid, kid
from compare_ssgan.evaluation.moments import Moments
from tools.conformance_checks.check import Check
from tools.conformance_checks.values import of_features, value

_PYTORCH_FID = "pytorch-fid, tests/test_fid_score.py"
_COMPARE_GAN = "compare_gan, metrics/fid_score_test.py"
_FIDELITY = "torch-fidelity, tests: statistics of N x C"
_GRID = [(64, 2), (256, 16), (4096, 16), (2048, 64), (32768, 64), (4096, 256)]


def checks() -> list[Check]:
    """Returns the checks of this file."""
    return [
        Check("fid", "N(0, I) and N(1, I), 2048 dimensions", _PYTORCH_FID, 2048.0,
              _unit_shift, 1e-6),
        Check("fid", "100 x 2 integers", _COMPARE_GAN, 89.091, _compare_gan, 1e-4),
        Check("fid", "diagonal Gaussians, 5 dimensions",
              "closed form: |mean|^2 + |standard deviations|^2", *_diagonal(), 1e-9),
        Check("fid", "a set and itself, 300 x 64", "definition", 0.0, _itself, 1e-9),
        Check("fid", "4 x 4, seed 1 (no full rank)", f"{_FIDELITY}, NaN trap",
              functools.partial(_by_eigenvalues, *_pair(4, 4, 1)),
              functools.partial(_fid, *_pair(4, 4, 1)), 1e-6),
        *(_against_scipy(num, size) for num, size in _GRID),
        Check("fid", "200 and 300 x 8", "TF-GAN, from activations", _tfgan_fid,
              lambda: _fid(*_uneven()), 1e-3),
        Check("kid", "{0, 1} and {1, 2}, one feature",
              "by hand: 1 + 27 - 2 * 37 / 4", 9.5, _kid_by_hand, 1e-12),
        Check("kid", "200 and 300 x 8, whole sets", "Gretton et al. 2012, Eq. 3",
              _mmd, _kid_whole, 1e-9),
        Check("kid", "100 subsets of 50 of 200 and 300 x 8",
              "torch-fidelity's draws (RandomState(2020)), Eq. 3",
              _mmd_of_subsets, _kid_of_subsets, 1e-9),
        Check("kid", "200 and 200 x 8", "TF-GAN, from activations", _tfgan_kid,
              lambda: _kid(*_pair(200, 8, 0)), 1e-4),
    ]  # fmt: skip


def _pair(num: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    return rng.randn(num, size), rng.randn(num, size) * 1.2 + 0.3


def _uneven() -> tuple[np.ndarray, np.ndarray]:
    fake, _ = _pair(200, 8, 0)
    real, _ = _pair(300, 8, 1)
    return fake, real * 1.3 + 0.2


def _fid(fake: np.ndarray, real: np.ndarray) -> float:
    return of_features(fid.fid(), "fid", fake, real)


def _of_moments(fake: Moments, real: Moments) -> float:
    return value(fid.fid(), "fid", ImageSet(moments=fake), ImageSet(moments=real))


def _unit_shift() -> float:
    identity = np.eye(2048)
    return _of_moments(
        Moments(50_000, np.zeros(2048), identity),
        Moments(50_000, np.ones(2048), identity),
    )


def _compare_gan() -> float:
    real, fake = np.ones([100, 2]), np.full([100, 2], 9.0)
    real[:50, 0] = 2
    fake[50:, 0] = 2
    return _fid(fake, real)


def _diagonal() -> tuple[float, functools.partial[float]]:
    rng = np.random.RandomState(0)
    means, deviations = rng.randn(2, 5), 0.1 + rng.rand(2, 5)
    expected = np.sum((means[0] - means[1]) ** 2)
    expected += np.sum((deviations[0] - deviations[1]) ** 2)
    sides = [
        Moments(100, mean, np.diag(deviation**2))
        for mean, deviation in zip(means, deviations, strict=True)
    ]
    return float(expected), functools.partial(_of_moments, *sides)


def _itself() -> float:
    features, _ = _pair(300, 64, 0)
    return _fid(features, features)


def _with_root(fake: np.ndarray, real: np.ndarray, trace_of_root: float) -> float:
    first, second = np.cov(fake, rowvar=False), np.cov(real, rowvar=False)
    difference = fake.mean(axis=0) - real.mean(axis=0)
    traces = np.trace(first) + np.trace(second)
    return float(difference @ difference + traces - 2 * trace_of_root)


def _product(fake: np.ndarray, real: np.ndarray) -> np.ndarray:
    return np.cov(fake, rowvar=False) @ np.cov(real, rowvar=False)


def _by_eigenvalues(fake: np.ndarray, real: np.ndarray) -> float:
    roots = np.sqrt(np.linalg.eigvals(_product(fake, real)).astype(complex))
    return _with_root(fake, real, float(np.sum(roots.real)))


def _by_scipy(fake: np.ndarray, real: np.ndarray) -> float:
    root = scipy.linalg.sqrtm(_product(fake, real))
    return _with_root(fake, real, float(np.trace(root).real))


def _against_scipy(num: int, size: int) -> Check:
    def pair() -> tuple[np.ndarray, np.ndarray]:
        return _pair(num, size, 2023)

    return Check(
        "fid", f"{num} x {size}, seed 2023", f"{_FIDELITY}; scipy.linalg.sqrtm",
        lambda: _by_scipy(*pair()), lambda: _fid(*pair()), 1e-6,
    )  # fmt: skip


def _tfgan_fid() -> float:
    fake, real = (tf.constant(x, tf.float32) for x in _uneven())
    return float(tfgan.frechet_distance(real, fake))


def _kid(fake: np.ndarray, real: np.ndarray) -> float:
    return of_features(kid.kid(), "kid", fake, real)


def _kid_by_hand() -> float:
    return _kid(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]))


def _unbiased(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def mean_of_pairs(a: np.ndarray) -> float:
        matrix = kernel(a, a)
        num = len(a)
        return float((matrix.sum() - np.trace(matrix)) / (num * (num - 1)))

    return mean_of_pairs(x) + mean_of_pairs(y) - 2 * float(kernel(x, y).mean())


def _mmd() -> float:
    fake, real = _pair(200, 8, 0)
    return _unbiased(fake, real)


def _kid_whole() -> float:
    return _kid(*_pair(200, 8, 0))


def _mmd_of_subsets() -> float:
    fake, real = _uneven()
    rng = np.random.RandomState(2020)
    values = []
    for _ in range(100):
        x = fake[rng.choice(len(fake), 50, replace=False)]
        y = real[rng.choice(len(real), 50, replace=False)]
        values.append(_unbiased(x, y))
    return float(np.mean(values))


def _kid_of_subsets() -> float:
    metric = kid.kid(num_subsets=100, subset_size=50)
    return of_features(metric, "kid", *_uneven())


def _tfgan_kid() -> float:
    fake, real = (tf.constant(x, tf.float32) for x in _pair(200, 8, 0))
    return float(tfgan.kernel_distance(real, fake))
