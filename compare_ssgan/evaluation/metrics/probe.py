"""How well a linear classifier reads the classes off the discriminator's features."""

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import judging
from compare_ssgan.evaluation.collect import to_numbers
from compare_ssgan.evaluation.compiled import compiled
from compare_ssgan.evaluation.conditional import check_labelled
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model
from compare_ssgan.types import ImageGame, Samples

_LARGEST_GRID = 4
_MOST_FEATURES = 2048
_MOST_BYTES = 1_200_000_000
_MOST_ITERATIONS = 500
_TOLERANCE = 1e-4
_FINAL = "final"


@config.register("metrics")
def probe(
    num_train: int | None = None, num_test: int | None = None, decay: float = 1e-3
) -> Metric:
    """Accuracy of logistic regression on frozen features of D, block by block.

    Chen et al., "Self-Supervised GANs via Auxiliary Rotation Loss", 2019,
    https://arxiv.org/abs/1811.11212, Fig. 2: measured along a training
    it shows whether D forgets. The values are the shares in [0, 1] of the first
    `num_test` test images that are classified rightly, trained on the first
    `num_train` training images: of each block of the backbone by its name, and of
    `final`, the features that D's heads are built on.

    The paper does not state how the features are prepared. Here maps of a block are
    averaged over the cells of a grid, the largest up to 4x4 for which no more than
    2048 numbers are left; vectors and the final features are taken whole. Each
    feature is standardized by its mean and deviation over the training images. All
    images pass through D once. The multinomial regression has a bias and minimizes

        mean cross-entropy + decay / 2 * |kernel|^2

    by L-BFGS from zero (scikit-learn), which needs no randomness, until no component
    of the gradient is above 1e-4, for 500 iterations at most.

    A conditional D is shown images as unlabelled ones, with labels of zero: neither
    label channels nor a projection may tell the probe the class. Unlabelled examples
    of the dataset are left out: with fewer labels (`labels.keep`) it is trained on
    fewer images, whatever the number in its name.

    Args:
        num_train: Number of training images; None for EVAL_SAMPLES, or as many as
            both splits have. It is the number in the name.
        num_test: Number of test images, in the name as `_test600`; None for as many
            as `num_train`.
        decay: Strength of the L2 penalty, positive; in the name if it is another one.

    Raises:
        InputError: If a number is not positive; when computed, if there are fewer
            images, or the features of so many take more than 1.2 GB.
    """
    for name, value in (("num_train", num_train), ("num_test", num_test)):
        if value is not None and (type(value) is not int or value < 1):
            raise InputError(
                f"metrics.probe.{name} must be a positive number or None, not "
                f"{value!r}."
            )
    if not decay > 0:
        raise InputError(f"metrics.probe.decay must be positive, not {decay}.")

    number = judging.number(num_train)

    def compute(evidence: Evidence) -> Sequence[float]:
        model, dataset = evidence.model, evidence.dataset
        assert model is not None
        assert dataset is not None
        num = number(evidence.num_samples, dataset)
        _check_memory(model, num + (num_test or num))
        setting = "metrics.probe.num_train"
        train, labels = _extract(model, judging.real(dataset.train, num, setting))
        setting = "metrics.probe.num_test"
        rest = judging.real(dataset.test, num_test or num, setting)
        test, expected = _extract(model, rest)
        if len(np.unique(labels)) < 2 or not len(expected):
            raise InputError(
                f"A probe needs labelled images of two classes to train on and one to "
                f"test on; the first {num} training images of {dataset.name} have "
                f"{len(np.unique(labels))} classes, and {len(expected)} of the test "
                "images have labels. Raise metrics.probe.num_train or .num_test."
            )
        return [
            accuracy(train.pop(name), labels, test.pop(name), expected, decay=decay)
            for name in _blocks(model)
        ]

    suffix = "" if num_test is None else f"_test{num_test}"
    if decay != 1e-3:
        suffix += f"_decay{decay:g}"
    return Metric(
        kinds=("probe",),
        compute=compute,
        needs_model=True,
        num=number,
        suffix=suffix,
        variants=lambda model: (_FINAL,) if model is None else _blocks(model),
        check=_check,
    )


def accuracy(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    *,
    decay: float = 1e-3,
) -> float:
    """Returns the test accuracy of logistic regression; NaN if a feature is not finite.

    Args:
        train: [examples, features] to train on; standardized in place.
        train_labels: [examples] integers, of two classes at least.
        test: [examples, features] to test on; standardized in place.
        test_labels: [examples] integers.
        decay: Strength of the L2 penalty.
    """
    # It takes a second to import, which runs without a probe need not wait for.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if not (np.all(np.isfinite(train)) and np.all(np.isfinite(test))):
        return float("nan")
    mean = np.mean(train, axis=0, dtype=np.float64).astype(train.dtype)
    for features in (train, test):
        features -= mean
    deviation = np.sqrt(np.mean(np.square(train), axis=0, dtype=np.float64))
    # What is constant up to rounding says nothing, and would blow up in the test set.
    deviation[deviation <= 1e-6 * np.abs(mean)] = np.inf
    for features in (train, test):
        features /= deviation.astype(features.dtype)
    regression = LogisticRegression(
        C=1 / (decay * len(train)), max_iter=_MOST_ITERATIONS, tol=_TOLERANCE
    )
    with warnings.catch_warnings():
        # The number of iterations is part of the protocol.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(train, train_labels)
    return float(np.mean(regression.predict(test) == test_labels))


def _check(model: Model | None, dataset: Dataset | None) -> None:
    del model
    if dataset is not None and not dataset.num_classes:
        raise InputError(
            f"metrics.probe needs labels, and {dataset.name} has none. Remove it from "
            "the metrics, or choose another dataset."
        )
    if dataset is not None:
        for split in ("train", "test"):
            check_labelled("probe", dataset, split)


def _blocks(model: Model) -> tuple[str, ...]:
    return tuple(_sizes(model))


def _sizes(model: Model) -> dict[str, int]:
    """Returns the number of features of each block, in their order, and of the last."""
    game = model.game

    def make() -> dict[str, int]:
        sizes = {}

        def read(samples: Samples) -> None:
            for name, features in _read(game, samples).items():
                sizes[name] = int(features.shape[1])

        images = tf.TensorSpec([1, *game.problem.image_shape], tf.float32)
        labels = tf.TensorSpec([1, game.num_classes], tf.float32)
        # Nothing is computed, as only shapes are asked for.
        samples = Samples(images, labels if game.num_classes else None)
        tf.function(read, autograph=False).get_concrete_function(samples)
        return sizes

    return dict(compiled(model, "sizes of blocks", make))


def _check_memory(model: Model, num: int) -> None:
    needed = 4 * num * sum(_sizes(model).values())
    if needed > _MOST_BYTES:
        raise InputError(
            f"Features of {num} images for metrics.probe take {needed / 1e9:.1f} GB, "
            f"{_MOST_BYTES / 1e9:.1f} are allowed. Lower metrics.probe.num_train and "
            "metrics.probe.num_test."
        )


def _extract(
    model: Model, batches: Iterable[Samples]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Returns features by block and numbers of classes, of the labelled examples."""
    labels = []

    def unlabelled() -> Iterator[Samples]:
        for batch in batches:
            assert batch.labels is not None
            labels.append(batch.labels.numpy())
            yield batch._replace(labels=tf.zeros_like(batch.labels))

    found = judging.judge(model, unlabelled(), _read, "features")
    numbers = to_numbers(np.concatenate(labels))
    labelled = numbers >= 0
    if not np.all(labelled):
        found = {name: found.pop(name)[labelled] for name in list(found)}
    return found, numbers[labelled]


def _read(game: ImageGame, samples: Samples) -> dict[str, tf.Tensor]:
    """Returns [batch, features] of each block, first to last, and the final ones."""
    verdict = game.judge(samples)
    features = {name: _pool(block) for name, block in verdict.blocks.items()}
    assert _FINAL not in features
    features[_FINAL] = tf.reshape(verdict.features, [samples.images.shape[0], -1])
    return {name: tf.cast(each, tf.float32) for name, each in features.items()}


def _pool(block: tf.Tensor) -> tf.Tensor:
    """Returns [batch, features] of [batch, ...]: means over the cells of a grid."""
    batch = block.shape[0]
    if len(block.shape) != 4:
        return tf.reshape(block, [batch, -1])
    _, height, width, channels = block.shape
    grid = min(_LARGEST_GRID, height, width, math.isqrt(_MOST_FEATURES // channels))
    rows, columns = _cells(height, max(grid, 1)), _cells(width, max(grid, 1))
    pooled = tf.einsum("gh,nhwc,kw->ngkc", rows, tf.cast(block, tf.float32), columns)
    return tf.reshape(pooled, [batch, -1])


def _cells(size: int, num: int) -> np.ndarray:
    """Returns the [num, size] matrix of means over cells, which overlap if need be."""
    cells = np.zeros([num, size], np.float32)
    for cell in range(num):
        part = slice(cell * size // num, -(-(cell + 1) * size // num))
        cells[cell, part] = 1 / (part.stop - part.start)
    return cells
