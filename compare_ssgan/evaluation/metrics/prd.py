"""Precision and recall of distributions, by clusters of features."""

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric

# Angles end this far from 0 and pi / 2, as in the authors' code.
_EPSILON = 1e-10
# Vectors of both sets together that are clustered; of more, this many drawn at random.
_MOST_CLUSTERED = 20_000
# Vectors that are assigned to clusters at a time.
_BLOCK = 2048


@config.register("metrics")
def prd(
    num_clusters: int = 20,
    num_angles: int = 1001,
    num_runs: int = 10,
    balanced: bool = True,
) -> Metric:
    """Precision and recall of distributions: F8 (recall) and F1/8 (precision).

    Sajjadi et al. 2018, https://arxiv.org/abs/1806.00035, section 3.3 and Algorithm 1,
    with the settings of the authors and of compare_gan: the features of both sets
    are clustered by mini-batch k-means (10 starts), what share of a set falls into
    which cluster are two discrete distributions, and their curve of precision and
    recall is averaged over runs. The values are the largest F scores on it, of beta 8
    and 1/8. Clusterings follow from the seed of the evaluation. Of more than 20,000
    vectors in all, as many drawn at random are clustered and the others assigned, so
    that memory stays bounded.

    Args:
        num_clusters: Clusters of the union.
        num_angles: Points of the curve.
        num_runs: Clusterings, from other starts.
        balanced: Whether to insist on equally many examples of both sets. Of unequal
            numbers clusters follow the larger set, and values are not comparable.

    Raises:
        InputError: If there is no cluster or run, or fewer than 3 or more than a
            million angles.
    """
    if num_clusters < 1 or num_runs < 1:
        raise InputError(
            f"PRD takes one or more clusters and runs, not {num_clusters} and "
            f"{num_runs}. Change metrics.prd.num_clusters, metrics.prd.num_runs."
        )
    _check_angles(num_angles)

    def check_numbers(num_fake: int, num_real: int) -> None:
        if balanced and num_fake != num_real:
            raise InputError(
                f"PRD of {num_fake} generated and {num_real} real images favours the "
                "clusters of the larger set. Take as many of both "
                "(evaluate.num_real = None), or set metrics.prd.balanced = False."
            )

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake.features, evidence.real.features
        check_numbers(len(fake), len(real))
        precision, recall = curve_of_features(
            fake,
            real,
            num_clusters=num_clusters,
            num_angles=num_angles,
            num_runs=num_runs,
            seed=evidence.seed,
        )
        if not np.all(np.isfinite(precision)):
            return float("nan"), float("nan")
        return (
            float(np.max(f_beta(precision, recall, beta=8))),
            float(np.max(f_beta(precision, recall, beta=1 / 8))),
        )

    defaults = {"clusters": 20, "angles": 1001, "runs": 10}
    chosen = (num_clusters, num_angles, num_runs)
    suffix = "".join(
        f"_{name}{value}"
        for (name, default), value in zip(defaults.items(), chosen, strict=True)
        if value != default
    )
    return Metric(
        kinds=("prd_f8", "prd_f1_8"),
        compute=compute,
        needs=frozenset(["features"]),
        needs_real=True,
        check_numbers=check_numbers,
        suffix=suffix + ("" if balanced else "_unbalanced"),
    )


def curve(
    evaluated: np.ndarray, reference: np.ndarray, *, num_angles: int = 1001
) -> tuple[np.ndarray, np.ndarray]:
    """Returns precision and recall of a discrete distribution, [num_angles] each.

    For slopes lambda = tan(angle), Eq. 3: precision is the sum of
    min(lambda reference, evaluated), recall that over lambda.

    Args:
        evaluated: [states] probabilities of the model.
        reference: [states] probabilities of the data.
        num_angles: Number of angles, equally spaced between 0 and pi / 2.

    Raises:
        InputError: If there are fewer than 3 angles or more than a million.
    """
    _check_angles(num_angles)
    angles = np.linspace(_EPSILON, np.pi / 2 - _EPSILON, num_angles)
    slopes = np.tan(angles)[:, np.newaxis]
    precision = np.sum(np.minimum(reference * slopes, evaluated), axis=1)
    recall = precision / slopes[:, 0]
    # Rounding makes them slightly larger than 1.
    return np.minimum(precision, 1), np.minimum(recall, 1)


def f_beta(precision: np.ndarray, recall: np.ndarray, *, beta: float) -> np.ndarray:
    """Returns (1 + beta^2) p r / (beta^2 p + r); 0 where both are 0.

    Args:
        precision: Any shape.
        recall: Of the same shape.
        beta: How many times as important recall is.
    """
    weighted = beta**2 * precision + recall
    product = (1 + beta**2) * precision * recall
    return np.divide(product, weighted, out=np.zeros_like(product), where=weighted > 0)


def curve_of_features(
    fake: np.ndarray,
    real: np.ndarray,
    *,
    num_clusters: int = 20,
    num_angles: int = 1001,
    num_runs: int = 10,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns precision and recall of features, the means over clusterings.

    Args:
        fake: [examples, feature_size].
        real: [examples, feature_size].
        num_clusters: See `prd`.
        num_angles: See `prd`.
        num_runs: See `prd`.
        seed: Of the clusterings.

    Raises:
        InputError: If there are more clusters than examples.
    """
    if len(fake) + len(real) < num_clusters or not (len(fake) and len(real)):
        raise InputError(
            f"{len(fake)} generated and {len(real)} real images cannot be divided into "
            f"{num_clusters} clusters. Take more (evaluate.num_samples) or change "
            "metrics.prd.num_clusters."
        )
    if not (_all_finite(fake) and _all_finite(real)):
        nan = np.full(num_angles, np.nan)
        return nan, nan
    curves = []
    for run in range(num_runs):
        draw, start = np.random.SeedSequence([seed, run]).generate_state(2)
        clusters = MiniBatchKMeans(
            num_clusters, n_init=10, random_state=int(start)
        ).fit(_clustered(fake, real, int(draw)))
        shares = [_shares(each, clusters, num_clusters) for each in (fake, real)]
        curves.append(curve(shares[0], shares[1], num_angles=num_angles))
    precision, recall = np.mean(curves, axis=0)
    return precision, recall


def _clustered(fake: np.ndarray, real: np.ndarray, seed: int) -> np.ndarray:
    """Returns the union of both sets, or as much of it as is clustered."""
    num = len(fake) + len(real)
    if num <= _MOST_CLUSTERED:
        return np.concatenate([fake, real])
    drawn = np.random.default_rng(seed).choice(num, _MOST_CLUSTERED, replace=False)
    of_fake, of_real = drawn[drawn < len(fake)], drawn[drawn >= len(fake)] - len(fake)
    result = np.empty((_MOST_CLUSTERED, fake.shape[1]), fake.dtype)
    # Into place: a copy of each part beside the whole would be as large again.
    np.take(fake, of_fake, axis=0, out=result[: len(of_fake)], mode="clip")
    np.take(
        real.astype(fake.dtype, copy=False),
        of_real,
        axis=0,
        out=result[len(of_fake) :],
        mode="clip",
    )
    return result


def _shares(
    features: np.ndarray, clusters: MiniBatchKMeans, num_clusters: int
) -> np.ndarray:
    """Returns [num_clusters], which share of a set belongs to which cluster."""
    counts = np.zeros(num_clusters)
    for first in range(0, len(features), _BLOCK):
        labels = clusters.predict(features[first : first + _BLOCK])
        counts += np.bincount(labels, minlength=num_clusters)
    return counts / len(features)


def _all_finite(features: np.ndarray) -> bool:
    # The largest number, as sums of finite numbers may overflow.
    largest = np.max(features, initial=0), np.min(features, initial=0)
    return bool(np.all(np.isfinite(largest)))


def _check_angles(num_angles: int) -> None:
    if type(num_angles) is not int or not 3 <= num_angles <= 1_000_000:
        raise InputError(
            "A curve of precision and recall takes 3 to 1,000,000 angles, not "
            f"{num_angles!r}. Change metrics.prd.num_angles."
        )
