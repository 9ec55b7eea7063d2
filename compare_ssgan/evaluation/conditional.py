"""What metrics of labels ask of a model and of the data."""

import numpy as np

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.model import Model


def check_conditional(kind: str, model: Model | None) -> None:
    """Refuses a model whose images were not asked for by label.

    Args:
        kind: Of the metric.
        model: The players; None where there are only images.

    Raises:
        InputError: If there is no model or its players see no labels.
    """
    if model is None:
        raise InputError(
            f"The metric '{kind}' needs the labels that images were asked for, and "
            "there are only images. Choose another metric."
        )
    if not model.game.num_classes:
        raise InputError(
            f"The metric '{kind}' is of conditional models, and the players of this "
            "one see no labels. Choose another metric, or another method."
        )


def check_labelled(kind: str, dataset: Dataset, split: str) -> None:
    """Refuses a split of which no example has a label; it reads the labels.

    Args:
        kind: Of the metric.
        dataset: Has classes.
        split: "train" or "test".

    Raises:
        InputError: If nothing is labelled.
    """
    labels = dataset.split(split).labels
    assert labels is not None
    labelled = labels >= 0 if labels.ndim == 1 else labels > 0
    if not np.any(labelled):
        raise InputError(
            f"The metric '{kind}' needs labelled real images, and in the {split} split "
            f"of {dataset.name} there are none. Choose another metric, or change "
            "run.transforms: labels.replace.test_file gives labels to the test split."
        )
