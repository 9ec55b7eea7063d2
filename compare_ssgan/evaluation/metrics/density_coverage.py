"""Precision and recall that outliers do not spoil."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.evaluation import neighbours
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.metrics.precision_recall import (
    check_examples,
    check_neighbours,
)


@config.register("metrics")
def density_coverage(num_neighbours: int = 5) -> Metric:
    """Density and coverage, of whichever features are evaluated.

    Naeem et al. 2020, https://arxiv.org/abs/2002.09797, Eqs. 2 and 3: around each
    real example lies a ball that reaches to its k-th nearest other real one. Density
    is the number of balls that contain a generated example, its mean divided by k: 1
    for equal distributions, more where samples crowd in the densest places. Coverage
    is the share of balls that contain a generated example, at most 1. As in the
    authors' code, borders do not belong to balls, so that a set has density 1 with
    itself, and balls of a collapsed set are empty.

    Args:
        num_neighbours: k.

    Raises:
        InputError: If there is no neighbour.
    """
    check_neighbours(num_neighbours, "density_coverage")

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        return density_and_coverage(
            evidence.fake.features, evidence.real.features, k=num_neighbours
        )

    return Metric(
        kinds=("density", "coverage"),
        compute=compute,
        needs=frozenset(["features"]),
        needs_real=True,
        check_numbers=lambda num_fake, num_real: check_examples(
            num_fake, num_real, num_neighbours, "density_coverage"
        ),
        suffix="" if num_neighbours == 5 else f"_neighbours{num_neighbours}",
    )


def density_and_coverage(
    fake: np.ndarray, real: np.ndarray, *, k: int
) -> tuple[float, float]:
    """Returns density and coverage; see `density_coverage`.

    Args:
        fake: [examples, feature_size].
        real: [examples, feature_size].
        k: Number of neighbours.

    Raises:
        InputError: If a set has no more than `k` examples.
    """
    check_examples(len(fake), len(real), k, "density_coverage")
    centre = neighbours.centre_of(real)
    generated, true = (neighbours.points(each, centre) for each in (fake, real))
    if generated is None or true is None:
        return float("nan"), float("nan")
    radii = neighbours.squared_radii(true, k)
    contained = 0
    covered = np.zeros(len(radii), bool)
    for block in neighbours.blocks(generated, true):
        rows, columns = block.rows, block.columns
        inside = block.within(radii[np.newaxis, columns], strict=True)
        per_ball = generated.counts[rows] @ inside
        contained += int(per_ball @ true.counts[columns])
        covered[columns] |= per_ball > 0
    return contained / (k * len(fake)), true.share(covered)
