"""Frechet distance within classes: whether a conditional model obeys its labels."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.metrics.fid import frechet_distance, warn_of_few
from compare_ssgan.evaluation.model import Model


@config.register("metrics")
def intra_fid() -> Metric:
    """Mean over classes of the Frechet distance of a class's samples to its images.

    Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637, section 4 (with 5000
    samples per class, the paper's number). A class is that of the real images' labels
    or, of generated images, the label they were asked for: a model that ignores its
    label has a good `fid` and a bad `intra_fid`. Moments and distance are those of
    `fid`; classes count alike however many examples they have.
    """

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        distances = distances_of_classes(
            evidence.fake.features,
            evidence.fake.labels,
            evidence.real.features,
            evidence.real.labels,
            num_classes=evidence.dataset.num_classes if evidence.dataset else 0,
        )
        return (float(np.mean(distances)),)

    return Metric(
        kinds=("intra_fid",),
        compute=compute,
        needs=frozenset(["features", "labels"]),
        needs_real=True,
        check=_check,
    )


def distances_of_classes(
    fake: np.ndarray,
    fake_labels: np.ndarray,
    real: np.ndarray,
    real_labels: np.ndarray,
    *,
    num_classes: int = 0,
) -> list[float]:
    """Returns the distance within each class, in the order of their numbers.

    Args:
        fake: [examples, feature_size].
        fake_labels: [examples] integers.
        real: [examples, feature_size].
        real_labels: [examples] integers.
        num_classes: Number of classes there are; 0 for those that occur.

    Raises:
        InputError: If an example has no label, or a class has fewer than two examples
            on either side.
    """
    classes = np.union1d(fake_labels, real_labels)
    # A class that few images happen to have none of is no reason to leave it out.
    classes = np.union1d(classes, np.arange(num_classes))
    if np.any(classes < 0):
        raise InputError(
            "metrics.intra_fid needs a label of every image, and some have none. "
            "Choose another metric."
        )
    for labels, side in ((fake_labels, "generated"), (real_labels, "real")):
        counts = {int(c): int(np.sum(labels == c)) for c in classes}
        few = {c: count for c, count in counts.items() if count < 2}
        if few:
            label, count = next(iter(few.items()))
            raise InputError(
                f"metrics.intra_fid needs two {side} images of every class, and there "
                f"are {len(few)} classes with fewer: {count} of class {label}. Take "
                "more (evaluate.num_samples): about 5000 per class are usual."
            )
        warn_of_few(min(counts.values()), fake.shape[1])
    return [
        frechet_distance(
            moments.of(fake, np.flatnonzero(fake_labels == label)),
            moments.of(real, np.flatnonzero(real_labels == label)),
        )
        for label in classes
    ]


def _check(model: Model | None, dataset: Dataset | None) -> None:
    if dataset is not None and not dataset.num_classes:
        raise InputError(
            f"metrics.intra_fid compares classes, and {dataset.name} has no labels. "
            "Choose another metric, or change DATASET."
        )
    if model is None:
        raise InputError(
            "metrics.intra_fid needs the labels that samples were asked for, and there "
            "are only images. Choose another metric."
        )
    if not model.game.num_classes:
        raise InputError(
            "metrics.intra_fid is of a conditional model, and this game is asked for "
            "no labels. Choose another metric, or train a conditional method, e.g. "
            "--gin gin_configs/cond_gan.gin."
        )
