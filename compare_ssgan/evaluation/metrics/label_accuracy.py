"""How often a conditional model draws what it was asked for."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.conditional import check_conditional
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model


@config.register("metrics")
def label_accuracy() -> Metric:
    """Share of generated images that the feature classifier gives the label asked for.

    Shmelkov et al. 2018, https://arxiv.org/abs/1807.09499 (GAN-test): the
    accuracy of a classifier trained on real images, on generated ones. From 0 to 1; a
    conditional model that ignores its label has one over the number of classes where
    these are asked for equally often. The classifier's own accuracy on real images,
    which its file records, is about what a perfect model has. It must be of the
    classes of the dataset: Inception's are not.
    """

    def compute(evidence: Evidence) -> Sequence[float]:
        return (accuracy(evidence.fake.logits, evidence.fake.labels),)

    def check(model: Model | None, dataset: Dataset | None) -> None:
        del dataset
        check_conditional("label_accuracy", model)

    return Metric(
        kinds=("label_accuracy",),
        compute=compute,
        needs=frozenset(["logits", "labels"]),
        check=check,
    )


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of rows whose largest logit is that of the label.

    Args:
        logits: [examples, classes].
        labels: [examples] integers; unlabelled examples, -1, do not count.

    Returns:
        A number from 0 to 1; NaN if a logit is not finite.

    Raises:
        InputError: If nothing is labelled, or a label is no class of the logits.
    """
    if not np.all(np.isfinite(logits)):
        return float("nan")
    labelled = labels >= 0
    if not np.any(labelled):
        raise InputError(
            "The accuracy of labels needs a labelled image, there is none."
        )
    if np.max(labels) >= logits.shape[1]:
        raise InputError(
            f"There are images of class {np.max(labels)}, but the classifier knows "
            f"{logits.shape[1]} classes. Choose features of these classes."
        )
    hits = np.argmax(logits[labelled], axis=1) == labels[labelled]
    return float(np.mean(hits))
