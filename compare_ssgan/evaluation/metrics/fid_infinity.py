"""Frechet distance without the bias of finite samples."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.metrics.fid import frechet_distance, warn_of_few


@config.register("metrics")
def fid_infinity(num_sizes: int = 15, smallest: int = 5000) -> Metric:
    """Frechet inception distance extrapolated to infinitely many generated images.

    Chong and Forsyth 2020, https://arxiv.org/abs/1911.07023, section 3: the distance
    of N generated images is, on average, linear in 1/N. It is computed of random
    subsets of `num_sizes` equally spaced sizes from `smallest` to all; the intercept
    of the least-squares line over 1/N is the value, which may be negative. Of fewer
    than twice `smallest` images the smallest subset is half of them. Real images are
    the same for all sizes, so the bias of their number remains. Subsets follow from
    the seed of the evaluation. (The paper's integration by Sobol sequences is left
    out: it needs other latents.)

    Args:
        num_sizes: Number of sizes.
        smallest: Generated images in the smallest subset.

    Raises:
        InputError: If there are fewer than two sizes, or subsets of fewer than two.
    """
    if num_sizes < 2 or smallest < 2:
        raise InputError(
            "An extrapolation needs two sizes and two examples of each, not "
            f"{num_sizes} sizes from {smallest} on. Change "
            "metrics.fid_infinity.num_sizes, metrics.fid_infinity.smallest."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake.features, evidence.real.moments
        sizes = subset_sizes(len(fake), num_sizes, smallest)
        warn_of_few(int(min(sizes[0], real.num)), fake.shape[1])
        rng = np.random.default_rng(evidence.seed)
        distances = []
        for size in sizes:
            subset = rng.choice(len(fake), size, replace=False)
            distances.append(frechet_distance(moments.of(fake, subset), real))
        return (intercept(sizes, distances),)

    suffix = "" if num_sizes == 15 else f"_sizes{num_sizes}"
    return Metric(
        kinds=("fid_infinity",),
        compute=compute,
        needs=frozenset(["features", "moments"]),
        needs_real=True,
        check_numbers=lambda num_fake, num_real: _check_sizes(
            num_fake, num_sizes, smallest
        ),
        suffix=suffix + ("" if smallest == 5000 else f"_from{smallest}"),
    )


def subset_sizes(num: int, num_sizes: int, smallest: int) -> np.ndarray:
    """Returns [num_sizes] different numbers of examples, the last one `num`.

    Raises:
        InputError: If there are too few examples for that.
    """
    sizes = np.linspace(min(smallest, num // 2), num, num_sizes).astype(np.int64)
    if sizes[0] < 2 or len(np.unique(sizes)) < num_sizes:
        raise InputError(
            f"{num} generated images have no {num_sizes} subsets of different sizes, "
            f"as the extrapolation needs: take {max(4, 2 * num_sizes)} or more, or "
            "change metrics.fid_infinity.num_sizes."
        )
    return sizes


def intercept(sizes: np.ndarray, distances: Sequence[float]) -> float:
    """Returns where the least-squares line over 1 / size meets 0; NaN for a NaN."""
    if not np.all(np.isfinite(distances)):
        return float("nan")
    design = np.stack([np.ones(len(sizes)), 1 / np.asarray(sizes)], axis=1)
    return float(np.linalg.lstsq(design, np.asarray(distances), rcond=None)[0][0])


def _check_sizes(num: int, num_sizes: int, smallest: int) -> None:
    subset_sizes(num, num_sizes, smallest)
