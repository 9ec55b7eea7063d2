"""What is known about the uncertainty of FID, and FID within classes."""

import numpy as np

from compare_ssgan.evaluation.metric import ImageSet
from compare_ssgan.evaluation.metrics import (
    fid,
    fid_infinity,
    fid_standard_error,
    intra_fid,
)
from tools.conformance_checks.check import Check
from tools.conformance_checks.values import of_features, value

_SIZE = 8


def checks() -> list[Check]:
    """Returns the checks of this file."""
    shifted = "closed form: |mean|^2"
    return [
        Check("fid_infinity", "N(0, I) and N(0.5, I), 20000 x 8", shifted, 2.0,
              _infinity, 0.05),
        Check("fid_standard_error", "N(0, I) and N(0.5, I), 1000 x 8",
              "deviation of the FID of 100 pairs of sets (25 %)", 1.0,
              _relative_error, 0.25),
        Check("intra_fid", "two classes, 1 and 3 apart", f"{shifted}, mean of 1 and 9",
              5.0, _intra, 1e-9),
    ]  # fmt: skip


def _pair(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    return rng.randn(num, _SIZE) + 0.5, rng.randn(num, _SIZE)


def _infinity() -> float:
    fake, real = _pair(20_000, 0)
    return of_features(fid_infinity.fid_infinity(), "fid_infinity", fake, real)


def _relative_error() -> float:
    metric = fid_standard_error.fid_standard_error()
    found = of_features(metric, "fid_standard_error", *_pair(1000, 0))
    distances = [
        of_features(fid.fid(), "fid", *_pair(1000, seed)) for seed in range(1, 101)
    ]
    return float(found / np.std(distances, ddof=1))


def _intra() -> float:
    vectors = np.random.RandomState(0).randn(200, _SIZE)
    labels = np.repeat([0, 1], 100)
    shifts = np.zeros_like(vectors)
    shifts[:, 0] = np.where(labels == 0, 1.0, 3.0)
    return value(
        intra_fid.intra_fid(),
        "intra_fid",
        ImageSet(features=vectors + shifts, labels=labels),
        ImageSet(features=vectors, labels=labels),
    )
