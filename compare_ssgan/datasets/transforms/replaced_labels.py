"""Other labels than those that a dataset came with."""

import pathlib
from collections.abc import Callable

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset, Split, Transform
from compare_ssgan.datasets.transforms import label_files
from compare_ssgan.datasets.transforms.partial_labels import (
    check_seed,
    random_numbers,
)
from compare_ssgan.errors import InputError


@config.register("labels")
def single() -> Transform:
    """Gives all examples, of both splits, the same label of a single class.

    "Single label" of Lucic et al., 2019, https://arxiv.org/abs/1903.02271: a
    conditional method without labels. It works on unlabelled sets, too.

    Returns:
        A transform of a dataset.
    """

    def transform(dataset: Dataset) -> Dataset:
        return _with_other_classes(
            dataset, 1, lambda split: np.zeros(split.num_examples, np.int64)
        )

    return transform


@config.register("labels")
def random(*, num_classes: int | None = None, seed: int = 0) -> Transform:
    """Gives each training example a random label that stays its own.

    "Random label" of Lucic et al., 2019, https://arxiv.org/abs/1903.02271; uniform
    over the classes and a function of (seed, id), where compare_gan draws anew each
    time an example is read. The test split becomes unlabelled: it has no such labels.

    Args:
        num_classes: Number of classes; None for as many as the dataset has.
        seed: Of the labels. `labels.random.seed = %SEED` draws anew for every run.

    Returns:
        A transform of a dataset.

    Raises:
        InputError: If `num_classes` is not positive, or None where the dataset has
            no classes.
    """
    _check_num_classes("labels.random", num_classes)
    check_seed("labels.random", seed)

    def transform(dataset: Dataset) -> Dataset:
        classes = num_classes or dataset.num_classes
        if not classes:
            raise InputError(
                f"{dataset.name} has no classes, so that labels.random has to be told "
                "how many: set labels.random.num_classes."
            )

        def draw(split: Split) -> np.ndarray:
            return (random_numbers(split.ids, seed) * classes).astype(np.int64)

        return _with_other_classes(dataset, classes, draw, test=_no_labels)

    return transform


@config.register("labels")
def replace(
    *,
    file: str = "",
    test_file: str | None = None,
    num_classes: int | None = None,
    logits: bool = False,
    missing: str = "refused",
) -> Transform:
    """Takes the labels of training examples from a file, by example id.

    As the methods of Lucic et al., 2019, https://arxiv.org/abs/1903.02271, need them:
    predictions of a classifier, hard (S2GAN) or soft, or clusters; compare_gan's
    `replace_labels`. The file lies in --data_dir: an .npz file with the arrays ids [n]
    and labels, which `transforms.label_files.write` writes; an .npy file of labels, of
    which row i is of example i; or a .csv file with the header id,label or
    id,p0,p1,... Labels are [n] integers, -1 for an unlabelled example, or [n, classes]
    distributions, a row of zeros for an unlabelled example.

    Args:
        file: Its name, without a directory; it has to be given.
        test_file: The same for the test split, or None. Ids count in each split
            from 0.
        num_classes: Number of classes, where they are others than the dataset's own,
            such as clusters: the test split is then unlabelled, unless `test_file` is
            given. None if they are the dataset's own, in their order: the test split
            then keeps its labels, unless `test_file` is given.
        logits: Whether rows are logits, of which the softmax is taken.
        missing: What becomes of examples that the file does not have: "refused" or
            "unlabelled".

    Returns:
        A transform of a dataset.

    Raises:
        InputError: If an option is unknown, a file is named by more than its name, or
            the dataset has no classes and `num_classes` is None. When labels are read:
            if a file is not there or cannot be read, has an example that is not in
            the split or has it twice, or lacks one; if the number of its columns is
            not that of the classes, a label is out of range, a row no distribution,
            or a number not finite.
    """
    _check_num_classes("labels.replace", num_classes)
    _check_name("file", file)
    if test_file is not None:
        _check_name("test_file", test_file)
    if missing not in ("refused", "unlabelled"):
        raise InputError(
            "labels.replace.missing must be 'refused' or 'unlabelled', not "
            f"{missing!r}."
        )

    def transform(dataset: Dataset) -> Dataset:
        classes = num_classes or dataset.num_classes
        if not classes:
            raise InputError(
                f"{dataset.name} has no classes, so that labels.replace has to be told "
                "how many: set labels.replace.num_classes."
            )

        def read(name: str) -> Callable[[Split], np.ndarray]:
            return lambda split: _from_file(name, split, classes, logits, missing)

        test = None if test_file is None else read(test_file)
        if num_classes is None:
            replaced = dataset._replace(
                train=_relabelled(dataset.train, classes, read(file))
            )
            if test is None:
                return replaced
            return replaced._replace(test=_relabelled(dataset.test, classes, test))
        return _with_other_classes(dataset, classes, read(file), test or _no_labels)

    return transform


def _with_other_classes(
    dataset: Dataset,
    num_classes: int,
    train: Callable[[Split], np.ndarray],
    test: Callable[[Split], np.ndarray] | None = None,
) -> Dataset:
    """Returns a dataset whose classes are not those it came with.

    Args:
        dataset: The dataset.
        num_classes: Number of classes.
        train: Returns the labels of the training split, called when they are read.
        test: The same for the test split; None for `train`.
    """
    return dataset._replace(
        num_classes=num_classes,
        train=_relabelled(dataset.train, num_classes, train),
        test=_relabelled(dataset.test, num_classes, test or train),
        class_names=None,
        own_classes=False,
    )


def _relabelled(
    split: Split, num_classes: int, labels: Callable[[Split], np.ndarray]
) -> Split:
    return split.with_labels(lambda: labels(split), num_classes)


def _no_labels(split: Split) -> np.ndarray:
    return np.full(split.num_examples, -1)


def _from_file(
    name: str, split: Split, num_classes: int, logits: bool, missing: str
) -> np.ndarray:
    """Returns the labels of a split's examples in their order; see `replace`."""
    path = _path(name)
    rows = label_files.read(path)
    if logits:
        rows = rows._replace(labels=_softmax(rows.labels, path))
    label_files.check_classes(rows, num_classes, path)
    unknown = np.setdiff1d(rows.ids, split.ids)
    absent = np.setdiff1d(split.ids, rows.ids)
    if unknown.size or (absent.size and missing == "refused"):
        reasons, remedies = [], []
        if unknown.size:
            reasons.append(f"has {label_files.some(unknown)}, which the split has not")
            remedies.append(
                "Transforms that leave examples out come after labels.replace."
            )
        if absent.size and missing == "refused":
            reasons.append(f"lacks {label_files.some(absent)}")
            remedies.append(
                "Set labels.replace.missing = 'unlabelled' if labels may be missing."
            )
        raise InputError(
            f"{path}, of {len(rows.ids)} rows, does not fit a split of "
            f"{split.num_examples} examples: it {' and '.join(reasons)}. "
            f"{' '.join(remedies)}"
        )
    if rows.labels.ndim == 1:
        labels = np.full(split.num_examples, -1)
    else:
        labels = np.zeros((split.num_examples, num_classes), np.float32)
    order = np.argsort(split.ids)
    labels[order[np.searchsorted(split.ids, rows.ids, sorter=order)]] = rows.labels
    return labels


def _softmax(labels: np.ndarray, path: pathlib.Path) -> np.ndarray:
    if labels.ndim == 1:
        raise InputError(
            f"{path} holds one label per example and no logits. Remove "
            "labels.replace.logits."
        )
    powers = np.exp(labels - labels.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _path(name: str) -> pathlib.Path:
    directory = base.data_directory()
    if directory is None:
        raise InputError(
            f"labels.replace reads {name} in the directory that --data_dir names, and "
            "none is named."
        )
    return directory / name


def _check_name(option: str, name: str) -> None:
    if not isinstance(name, str) or not name or pathlib.PurePath(name).name != name:
        raise InputError(
            f"labels.replace.{option} is the name of a file in --data_dir, without a "
            f"directory, not {name!r}. Set labels.replace.{option}."
        )


def _check_num_classes(name: str, num_classes: int | None) -> None:
    if num_classes is not None and (type(num_classes) is not int or num_classes < 1):
        raise InputError(
            f"{name}.num_classes must be a positive number or None, not "
            f"{num_classes!r}."
        )
