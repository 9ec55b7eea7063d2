"""What a classifier of real images can learn from generated ones."""

import functools
from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Split
from compare_ssgan.datasets.pipeline import StoredSplit, array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.conditional import check_conditional
from compare_ssgan.evaluation.features.training import (
    Training,
    augmentation_for,
    measure,
    network_for,
)
from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric
from compare_ssgan.evaluation.model import Model

_STEPS = 2000


@config.register("metrics")
def classification_accuracy_score(steps: int = _STEPS) -> Metric:
    """Accuracy on real images of a classifier trained on generated ones.

    Ravuri and Vinyals 2019, https://arxiv.org/abs/1905.10887 (CAS); also called
    GAN-train, Shmelkov et al. 2018, https://arxiv.org/abs/1807.09499. From 0 to 1: low
    if images are poor, if classes are missing or uniform, or if labels are ignored.
    The paper's classifier is a ResNet-50 trained to the end; here it is the suite's
    small one (`features.training`), trained for a fixed number of batches of 64, so
    that values compare to each other and to that of real images,
    `accuracy_of_training_split`. It is trained anew for every value, which takes
    seconds to minutes.

    Args:
        steps: Training steps of the classifier.

    Raises:
        InputError: If there are none.
    """
    _check_steps(steps)

    def compute(evidence: Evidence) -> Sequence[float]:
        assert evidence.real is not None
        fake, real = evidence.fake, evidence.real
        if not fake.finite:
            return (float("nan"),)
        num_classes = _num_classes(evidence)
        score = accuracy(
            _split(fake, num_classes),
            _split(real, num_classes),
            num_classes,
            steps=steps,
            seed=evidence.seed,
        )
        return (score,)

    def check(model: Model | None, dataset: Dataset | None) -> None:
        del dataset
        check_conditional("cas", model)

    return Metric(
        kinds=("cas",),
        compute=compute,
        needs=frozenset(["images", "labels"]),
        needs_real=True,
        suffix="" if steps == _STEPS else f"_steps{steps}",
        check=check,
    )


def accuracy(
    train: Split, test: Split, num_classes: int, *, steps: int = _STEPS, seed: int = 0
) -> float:
    """Returns the accuracy on `test` of a classifier trained on `train`.

    Args:
        train: Labelled images, real or generated.
        test: Images to be told, of which unlabelled ones do not count.
        num_classes: Number of classes.
        steps: See `classification_accuracy_score`.
        seed: Of all that the training draws.

    Raises:
        InputError: If no image of `test` is labelled.
    """
    shape = next(train.evaluation_batches(1, 1)).images.shape[1:]
    weights = _training(tuple(shape), num_classes, steps)(train, seed)
    found = measure(weights, test)
    if not found.total:
        raise InputError(
            "The classification accuracy score needs labelled real images, and there "
            "are none. Choose another metric or split (evaluate.split)."
        )
    return found.correct / found.total


def accuracy_of_training_split(
    dataset: Dataset,
    *,
    num_train: int | None = None,
    steps: int = _STEPS,
    seed: int = 0,
) -> float:
    """Returns the score that the training images themselves have, to compare with.

    Args:
        dataset: Where the images come from.
        num_train: Number of training images, the first of their split, None for all;
            a score of as many generated images compares with it.
        steps: See `classification_accuracy_score`.
        seed: Of all that the training draws.

    Raises:
        InputError: If there are no labels, or fewer training images.
    """
    _check_steps(steps)
    if not dataset.num_classes:
        raise InputError(f"{dataset.name} has no labels: no classifier is of it.")
    train = dataset.train
    if num_train is not None:
        batches = [*train.evaluation_batches(num_train, 1000)]
        images = np.concatenate([np.rint(batch.images * 255) for batch in batches])
        labels = np.concatenate([np.asarray(batch.labels) for batch in batches])
        numbers = np.where(labels.any(axis=1), labels.argmax(axis=1), -1)
        arrays = Arrays(images.astype(np.uint8), numbers)
        train = array_split(arrays, dataset.num_classes)
    return accuracy(train, dataset.test, dataset.num_classes, steps=steps, seed=seed)


# Compiled once for all the evaluations of a run.
@functools.cache
def _training(
    image_shape: tuple[int, int, int], num_classes: int, steps: int
) -> Training:
    return Training(
        image_shape,
        num_classes,
        steps=steps,
        network=network_for(image_shape),
        augmentation=augmentation_for(image_shape),
    )


def _split(images: ImageSet, num_classes: int) -> StoredSplit:
    return array_split(Arrays(images.images, images.labels), num_classes)


def _num_classes(evidence: Evidence) -> int:
    if evidence.dataset is not None:
        return evidence.dataset.num_classes
    assert evidence.real is not None
    sets = (evidence.fake, evidence.real)
    return int(max(images.labels.max() for images in sets)) + 1


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise InputError(
            f"A classifier cannot be trained for {steps} steps. Change "
            "metrics.classification_accuracy_score.steps."
        )
