"""Labels of a part of the training examples."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Split, Transform
from compare_ssgan.datasets.transforms.lazy_split import LazySplit
from compare_ssgan.errors import InputError


@config.register("labels")
def keep(
    *, percent: float | None = None, per_class: int | None = None, seed: int = 0
) -> Transform:
    """Keeps the labels of some training examples of each class, drawn by a seed.

    Lucic et al., "High-Fidelity Image Generation With Fewer Labels" (S3GAN), 2019,
    https://arxiv.org/abs/1903.02271, Sec. 4: labels of k % of the examples, drawn per
    class. All other training examples become unlabelled; the test split is left
    alone. The kept ones are those with the smallest of numbers that are a function of
    (seed, id), so that what 5 % keep, 10 % of the same seed keep, too. A soft label
    counts for its largest entry, and is kept or dropped as a whole.

    Args:
        percent: Share of the labelled examples of each class in percent, in (0, 100];
            rounded to the nearest number, half up, and at least one.
        per_class: Number of labelled examples of each class, in place of `percent`.
        seed: Of the choice. `labels.keep.seed = %SEED` draws anew for every run.

    Returns:
        A transform of a dataset.

    Raises:
        InputError: If not exactly one of `percent` and `per_class` is given or it is
            out of range; if the dataset has no classes; when labels are read, if a
            class has fewer than `per_class`.
    """
    if (percent is None) == (per_class is None):
        raise InputError(
            "labels.keep needs one of percent and per_class; received percent = "
            f"{percent!r} and per_class = {per_class!r}. Set labels.keep.percent, e.g. "
            "to 10."
        )
    if percent is not None and not (_is_number(percent) and 0 < percent <= 100):
        raise InputError(f"labels.keep.percent must be in (0, 100], not {percent!r}.")
    if per_class is not None and (type(per_class) is not int or per_class < 1):
        raise InputError(
            f"labels.keep.per_class must be a positive number, not {per_class!r}."
        )
    check_seed("labels.keep", seed)

    def transform(dataset: Dataset) -> Dataset:
        _check_classes("labels.keep", dataset)
        split = dataset.train

        def labels() -> np.ndarray:
            assert split.labels is not None
            numbers = random_numbers(split.ids, seed)
            return _kept(split.labels, numbers, percent, per_class)

        train = split.with_labels(labels, dataset.num_classes)
        return dataset._replace(train=train)

    return transform


@config.register("labels")
def labelled_only() -> Transform:
    """Leaves out training examples without a label (compare_gan's labeled_only sets).

    The others keep their ids; the test split is left alone. After `labels.keep` a
    method sees the labelled examples and nothing else: what labels without further
    images are worth (no reference). How many there are is known only from the labels,
    so that files have to be there even to describe a run.

    Returns:
        A transform of a dataset.

    Raises:
        InputError: If the dataset has no classes; when labels are read, if there are
            none.
    """

    def transform(dataset: Dataset) -> Dataset:
        _check_classes("labels.labelled_only", dataset)

        def load() -> Split:
            assert dataset.train.labels is not None
            positions = np.flatnonzero(classes_of(dataset.train.labels) >= 0)
            if not positions.size:
                raise InputError(
                    f"No training example of {dataset.name} has a label, so that "
                    "labels.labelled_only leaves none. Remove it from run.transforms."
                )
            return dataset.train.take(positions)

        return dataset._replace(train=LazySplit(load))

    return transform


def classes_of(labels: np.ndarray) -> np.ndarray:
    """Returns the class of each example, that of the largest entry of a soft label.

    Args:
        labels: As `Split.labels`.

    Returns:
        [examples] integers, -1 for an unlabelled example.
    """
    if labels.ndim == 1:
        return labels
    return np.where(labels.any(axis=1), labels.argmax(axis=1), -1)


def random_numbers(ids: np.ndarray, seed: int) -> np.ndarray:
    """Returns for each id a number in [0, 1) that is a function of (seed, id)."""
    # NumPy guarantees that the stream of RandomState never changes.
    stream = np.random.RandomState(seed).random_sample(int(ids.max()) + 1)
    return stream[ids]


def check_seed(name: str, seed: int) -> None:
    """Raises an `InputError` unless `seed`, of the component `name`, can be one."""
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise InputError(
            f"{name}.seed must be a whole number from 0 to 2^32 - 1, not {seed!r}."
        )


def _kept(
    labels: np.ndarray,
    numbers: np.ndarray,
    percent: float | None,
    per_class: int | None,
) -> np.ndarray:
    """Returns labels of which those with the smallest numbers of a class are left."""
    classes = classes_of(labels)
    order = np.lexsort((numbers, classes))
    order = order[classes[order] >= 0]
    found, first, counts = np.unique(
        classes[order], return_index=True, return_counts=True
    )
    if per_class is None:
        assert percent is not None
        # 28.5 / 100 * 1000 is 284.99...
        wanted = np.floor(percent * counts / 100 + 0.5 + 1e-9).astype(int)
        wanted = np.maximum(wanted, 1)
    else:
        few = np.flatnonzero(counts < per_class)
        if few.size:
            raise InputError(
                f"labels.keep.per_class is {per_class}, but of class "
                f"{found[few[0]]} only {counts[few[0]]} training examples have a "
                "label. Lower it."
            )
        wanted = np.full(len(counts), per_class)
    rank = np.arange(len(order)) - np.repeat(first, counts)
    dropped = np.ones(len(labels), bool)
    dropped[order[rank < np.repeat(wanted, counts)]] = False
    labels = labels.copy()
    labels[dropped] = -1 if labels.ndim == 1 else 0
    return labels


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_classes(name: str, dataset: Dataset) -> None:
    if not dataset.num_classes:
        raise InputError(
            f"{name} needs labels, but {dataset.name} has no classes. Remove it from "
            "run.transforms, or choose another --dataset."
        )
