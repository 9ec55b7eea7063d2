"""How many samples look real, and how much of what is real they cover."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import neighbours
from compare_ssgan.evaluation.metric import Evidence, Metric


@config.register("metrics")
def precision_recall(num_neighbours: int = 3) -> Metric:
    """Improved precision and recall, of whichever features are evaluated.

    Kynkaanniemi et al. 2019, https://arxiv.org/abs/1904.06991, Eqs. 1 and 2: each set
    spans a manifold, the union of balls around its examples that reach to their k-th
    nearest other example. Precision is the share of generated examples in the
    manifold of the real ones, recall that of real examples in the manifold of the
    generated ones; borders belong to balls. From 0 to 1, 1 is best. The paper takes
    50,000 examples of either and features of VGG-16; torch-fidelity those of
    Inception.

    Args:
        num_neighbours: k.

    Raises:
        InputError: If there is no neighbour.
    """
    check_neighbours(num_neighbours, "precision_recall")

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        return precision_and_recall(
            evidence.fake.features, evidence.real.features, k=num_neighbours
        )

    return Metric(
        kinds=("precision", "recall"),
        compute=compute,
        needs=frozenset(["features"]),
        needs_real=True,
        check_numbers=lambda num_fake, num_real: check_examples(
            num_fake, num_real, num_neighbours, "precision_recall"
        ),
        suffix="" if num_neighbours == 3 else f"_neighbours{num_neighbours}",
    )


def precision_and_recall(
    fake: np.ndarray, real: np.ndarray, *, k: int
) -> tuple[float, float]:
    """Returns precision and recall; see `precision_recall`.

    Args:
        fake: [examples, feature_size].
        real: [examples, feature_size].
        k: Number of neighbours.

    Raises:
        InputError: If a set has no more than `k` examples.
    """
    check_examples(len(fake), len(real), k, "precision_recall")
    centre = neighbours.centre_of(real)
    generated, true = (neighbours.points(each, centre) for each in (fake, real))
    if generated is None or true is None:
        return float("nan"), float("nan")
    fake_radii = neighbours.squared_radii(generated, k)
    real_radii = neighbours.squared_radii(true, k)
    precise = np.zeros(len(fake_radii), bool)
    recalled = np.zeros(len(real_radii), bool)
    for block in neighbours.blocks(generated, true):
        rows, columns = block.rows, block.columns
        precise[rows] |= np.any(block.within(real_radii[np.newaxis, columns]), axis=1)
        recalled[columns] |= np.any(block.within(fake_radii[rows, np.newaxis]), axis=0)
    return generated.share(precise), true.share(recalled)


def check_neighbours(num_neighbours: int, metric: str) -> None:
    """Raises an `InputError` if there is no neighbour."""
    if num_neighbours < 1:
        raise InputError(
            f"metrics.{metric}.num_neighbours must be 1 or more, not {num_neighbours}."
        )


def check_examples(num_fake: int, num_real: int, k: int, metric: str) -> None:
    """Raises an `InputError` if an example has no k-th neighbour."""
    if min(num_fake, num_real) <= k:
        raise InputError(
            f"metrics.{metric} needs {k + 1} examples of each kind for "
            f"{k} neighbours, there are {num_fake} generated and {num_real} real "
            "ones. Take more (evaluate.num_samples) or change "
            f"metrics.{metric}.num_neighbours."
        )
