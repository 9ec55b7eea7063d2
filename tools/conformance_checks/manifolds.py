"""Precision and recall in all their forms, and the fractal dimension."""

import functools

import numpy as np
import sklearn.neighbors

from compare_ssgan.evaluation.metrics import (
    density_coverage,
    fractal_dimension,
    prd,
    precision_recall,
)
from tools.conformance_checks.check import Check
from tools.conformance_checks.values import of_features

_PRD = "compare_gan, metrics/prd_score_test.py"
_FRACTAL = "compare_gan, metrics/fractal_dimension_test.py"
# Of 11 angles the middle one has slope 1.
_MIDDLE = 5


def checks() -> list[Check]:
    """Returns the checks of this file."""
    return [*_neighbours(), *_distributions(), *_dimensions()]


def _neighbours() -> list[Check]:
    hand = "by hand: 0, 1, ..., 9 and 4.5, 100, ..., 104"
    collapse = "torch-fidelity, tests: a collapsed generator"
    naive = "definition, scikit-learn's distances"
    kinds = ("precision", "recall", "density", "coverage")
    return [
        Check("precision", "one of six is near, k 3", hand, 1 / 6,
              lambda: _value("precision", *_by_hand()), 1e-12),
        Check("recall", "a lonely image reaches far, k 3", hand, 1.0,
              lambda: _value("recall", *_by_hand()), 1e-12),
        Check("density", "in all 10 balls, k 5", hand, 1 / 3,
              lambda: _value("density", *_by_hand()), 1e-12),
        Check("coverage", "every ball has it, k 5", hand, 1.0,
              lambda: _value("coverage", *_by_hand()), 1e-12),
        Check("precision", "collapsed: more than 0.8", collapse, 0.9,
              lambda: _value("precision", *_collapsed()), 0.1),
        Check("recall", "collapsed: less than 0.3", collapse, 0.15,
              lambda: _value("recall", *_collapsed()), 0.15),
        *(
            Check(kind, "400 and 500 x 6", naive, functools.partial(_naive, kind),
                  lambda kind=kind: _value(kind, *_pair()), 1e-12)
            for kind in kinds
        ),
    ]  # fmt: skip


def _distributions() -> list[Check]:
    cases = {
        "equal": ([1.0, 0.0], [1.0, 0.0], {(_MIDDLE, 0): 1.0, (_MIDDLE, 1): 1.0}),
        "half precise": (
            [0.5, 0.5],
            [1.0, 0.0],
            {(_MIDDLE, 0): 0.5, (_MIDDLE, 1): 0.5, (10, 0): 0.5, (1, 1): 1.0},
        ),
        "half recalled": (
            [1.0, 0.0],
            [0.5, 0.5],
            {(_MIDDLE, 0): 0.5, (_MIDDLE, 1): 0.5, (1, 1): 0.5, (10, 0): 1.0},
        ),
        "disjoint": ([1.0, 0.0], [0.0, 1.0], {(_MIDDLE, 0): 0.0, (_MIDDLE, 1): 0.0}),
    }
    found = []
    for name, (evaluated, reference, expected) in cases.items():
        for (angle, which), number in expected.items():
            side = ("precision", "recall")[which]
            found.append(
                Check("prd", f"{name}: {side} at angle {angle} of 11", _PRD, number,
                      functools.partial(_curve, evaluated, reference, angle, which),
                      1e-3)
            )  # fmt: skip
    scores = [(1.0, 1.0, 0.5, 2 / 3), (2.0, 1.0, 0.5, 5 / 9), (0.5, 1.0, 0.5, 5 / 6)]
    for beta, precision, recall, number in scores:
        found.append(
            Check("prd", f"F{beta:g} of precision 1, recall 1/2", _PRD, number,
                  functools.partial(_f_beta, beta, precision, recall), 1e-12)
        )  # fmt: skip
    for kind in ("prd_f8", "prd_f1_8"):
        found.append(
            Check(kind, "two far clusters in both sets, 400 x 2",
                  "definition: equal distributions", 1.0,
                  functools.partial(_clustered, kind), 1e-6)
        )  # fmt: skip
    return found


def _dimensions() -> list[Check]:
    return [
        Check("fractal_dimension", "uniform in one dimension, 10000", _FRACTAL, 1.0,
              functools.partial(_dimension, 1), 0.05),
        # Some draws miss the 0.1 of its test.
        Check("fractal_dimension", "uniform in two dimensions, 10000", _FRACTAL, 2.0,
              functools.partial(_dimension, 2), 0.15),
    ]  # fmt: skip


def _by_hand() -> tuple[np.ndarray, np.ndarray]:
    fake = np.array([4.5, 100, 101, 102, 103, 104])[:, np.newaxis]
    return fake, np.arange(10.0)[:, np.newaxis]


def _collapsed() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    return 0.1 * rng.randn(500, 4), rng.randn(500, 4)


def _pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    return 0.8 * rng.randn(400, 6) + 0.3, rng.randn(500, 6)


def _value(kind: str, fake: np.ndarray, real: np.ndarray) -> float:
    if kind in ("precision", "recall"):
        return of_features(precision_recall.precision_recall(), kind, fake, real)
    return of_features(density_coverage.density_coverage(), kind, fake, real)


def _naive(kind: str) -> float:
    fake, real = _pair()
    around, k = (fake, 3) if kind == "recall" else (real, 5)
    k = 3 if kind == "precision" else k
    tree = sklearn.neighbors.NearestNeighbors(n_neighbors=k + 1).fit(around)
    radii = tree.kneighbors(around)[0][:, -1]
    points = real if kind == "recall" else fake
    distances = np.linalg.norm(points[:, np.newaxis] - around, axis=2)
    inside = distances <= radii
    if kind == "density":
        return float(np.mean(np.sum(inside, axis=1)) / k)
    return float(np.mean(np.any(inside, axis=0 if kind == "coverage" else 1)))


def _curve(
    evaluated: list[float], reference: list[float], angle: int, which: int
) -> float:
    found = prd.curve(np.array(evaluated), np.array(reference), num_angles=11)
    return float(found[which][angle])


def _f_beta(beta: float, precision: float, recall: float) -> float:
    return float(prd.f_beta(np.array([precision]), np.array([recall]), beta=beta)[0])


def _clustered(kind: str) -> float:
    rng = np.random.RandomState(0)
    centres = np.repeat([[0.0, 0.0], [50.0, 50.0]], 200, axis=0)
    fake, real = (centres + rng.randn(400, 2) for _ in range(2))
    return of_features(prd.prd(num_clusters=2, num_runs=2), kind, fake, real)


def _dimension(size: int) -> float:
    vectors = np.random.RandomState(0).uniform(size=[10_000, size])
    rng = np.random.default_rng(0)
    return fractal_dimension.dimension(vectors, rng=rng)
