"""How far the Frechet distance would be another one for other samples."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.metrics.fid import frechet_distance, warn_of_few
from compare_ssgan.evaluation.moments import Moments

# Vectors that are converted to float64 at a time.
_BLOCK = 1024


@config.register("metrics")
def fid_standard_error(num_replicates: int = 50, resample_real: bool = True) -> Metric:
    """Bootstrap standard error of the Frechet inception distance.

    Efron 1979, "Bootstrap methods: another look at the jackknife",
    https://doi.org/10.1214/aos/1176344552: the standard deviation of the distance
    over sets drawn from those at hand, with replacement and as large. It says how
    uncertain a distance is because sets are finite; its bias (see `fid_infinity`) and
    the spread over training seeds are other matters. Draws follow from the seed of
    the evaluation.

    Args:
        num_replicates: Number of sets drawn. Of 50, the error is known to about a
            tenth (its relative deviation is 1 / sqrt(2 (num_replicates - 1))).
        resample_real: Whether real images are drawn again, too. False for what other
            seeds of the evaluation would change, which keep the real images.

    Raises:
        InputError: If there are fewer than two replicates.
    """
    if num_replicates < 2:
        raise InputError(
            f"A standard error needs two replicates, not {num_replicates}. Change "
            "metrics.fid_standard_error.num_replicates."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake, evidence.real
        moments = real.moments
        warn_of_few(min(fake.moments.num, moments.num), len(moments.mean))
        rng = np.random.default_rng(evidence.seed)
        distances = []
        for _ in range(num_replicates):
            drawn = moments_of_draw(fake.features, rng)
            if resample_real:
                moments = moments_of_draw(real.features, rng)
            distances.append(frechet_distance(drawn, moments))
        return (float(np.std(distances, ddof=1)),)

    suffix = "" if num_replicates == 50 else f"_replicates{num_replicates}"
    return Metric(
        kinds=("fid_standard_error",),
        compute=compute,
        needs=frozenset(["features", "moments"]),
        needs_real=True,
        suffix=suffix + ("" if resample_real else "_fixedreal"),
    )


def moments_of_draw(features: np.ndarray, rng: np.random.Generator) -> Moments:
    """Returns the moments of as many vectors drawn with replacement.

    How often each is drawn is multinomial. The moments are those of vectors weighted
    by it: products of blocks of matrices, of those vectors that are drawn at all.

    Args:
        features: [examples, feature_size], two or more.
        rng: What draws.
    """
    num = len(features)
    counts = rng.multinomial(num, np.full(num, 1 / num)).astype(np.float64)
    drawn = np.flatnonzero(counts)
    blocks = [drawn[i : i + _BLOCK] for i in range(0, len(drawn), _BLOCK)]
    size = features.shape[1]
    mean, scatter = np.zeros(size), np.zeros((size, size))
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in blocks:
            mean += counts[rows] @ features[rows].astype(np.float64)
        mean /= num
        for rows in blocks:
            centred = features[rows] - mean
            centred *= np.sqrt(counts[rows, np.newaxis])
            scatter += centred.T @ centred
    return Moments(num, mean, scatter / (num - 1))
