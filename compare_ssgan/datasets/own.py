"""What sets of images that users bring along have in common."""

import pathlib
from collections.abc import Callable
from typing import NoReturn

import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import StoredSplit
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

# Held out to test on, where there is no test set.
TEST_SHARE = 0.1


def check_name(name: str, factory: str) -> None:
    """Refuses the name of a set that is no name of a file in --data_dir.

    Raises:
        InputError: If it is a path, or empty.
    """
    if name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(name):
        raise InputError(
            f"{factory}.name is a name in the directory that --data_dir names, and no "
            f"path: {name!r}. What --data_dir names may be anywhere."
        )


def find(name: str) -> pathlib.Path | None:
    """Returns a path below --data_dir, None where --data_dir names no directory."""
    directory = base.data_directory()
    return None if directory is None else directory / name


def missing(path: pathlib.Path | None) -> str:
    """Returns what to say of a path that `find` returned, and that is not there."""
    return "none is named" if path is None else f"there is no {path}"


def unread(
    name: str, image_shape: ImageShape, num_classes: int | None, message: str
) -> Dataset:
    """Returns a dataset to describe, whose splits raise an `InputError` when used.

    Args:
        name: What tables would call it.
        image_shape: (height, width, channels).
        num_classes: What the user says; None is none.
        message: What the user has to do.
    """

    def refuse() -> NoReturn:
        raise InputError(message)

    split = StoredSplit(_Unread(image_shape, refuse), num_classes or 0, refuse)
    return Dataset(name, image_shape, num_classes or 0, split, split)


class _Unread:
    """A store of files that are not there; implements `Store`."""

    decodes = False

    def __init__(self, image_shape: ImageShape, refuse: Callable[[], NoReturn]) -> None:
        self.image_shape = image_shape
        self._refuse = refuse

    @property
    def num_examples(self) -> int:
        self._refuse()

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        del ids, numbers
        self._refuse()

    def feed(self, digest: object) -> None:
        del digest
        self._refuse()


def check_share(share: float | None, factory: str) -> float:
    """Returns the share of examples that are held out to test on.

    Raises:
        InputError: If it is not between 0 and 1.
    """
    if share is None:
        return TEST_SHARE
    if not 0 < share < 1:
        raise InputError(
            f"{factory}.test_share must be between 0 and 1, not {share}: the share of "
            "images that are held out to test on."
        )
    return share


def hold_out(
    keys: np.ndarray,
    labels: np.ndarray | None,
    share: float,
    where: str,
    names: tuple[str, ...] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns which examples are trained on, and which are held out to test on.

    Of each class, the examples with the least keys are held out: `share` of them,
    rounded, but one at least. Both parts are in the order of keys, which mixes
    classes, so that the first n examples are as good as any.

    Args:
        keys: [examples] numbers that the order depends on, and nothing else.
        labels: [examples] integers, [examples, classes] soft labels, or None.
        share: Share of each class that is held out.
        where: Where the examples are, for messages.
        names: Of classes, where they have names.

    Raises:
        InputError: If a class has one example only.
    """
    groups = np.zeros(len(keys), np.int64)
    if labels is not None:
        groups = labels if labels.ndim == 1 else _hardest(labels)
    held = np.zeros(len(keys), bool)
    for group in np.unique(groups):
        (members,) = np.nonzero(groups == group)
        num = min(max(round(share * len(members)), 1), len(members) - 1)
        if num == 0 and group >= 0:
            known = repr(names[group]) if names else group
            what = "one image" if labels is None else f"one image of class {known}"
            raise InputError(
                f"{where} has {what} only: none could be held out to test on. Add "
                "another, or put images to train and to test on apart."
            )
        held[members[np.argsort(keys[members], kind="stable")[:num]]] = True
    order = np.argsort(keys, kind="stable")
    return order[~held[order]], order[held[order]]


def _hardest(labels: np.ndarray) -> np.ndarray:
    """Returns the likeliest classes of soft labels, -1 where there is no label."""
    return np.where(labels.any(axis=1), labels.argmax(axis=1), -1)


def count_classes(
    train: np.ndarray | None,
    test: np.ndarray | None,
    num_classes: int | None,
    *,
    factory: str,
    where: str,
) -> int:
    """Returns the number of classes of labels that users bring along.

    Args:
        train: Labels of the examples that are trained on; see `Split.labels`.
        test: Labels of the others.
        num_classes: What the user says; None for what the labels say.
        factory: Name of the dataset's factory in gin files, for messages.
        where: Where labels are, for messages.

    Raises:
        InputError: If only one part has labels, there are not as many classes as the
            user says, a class has no example to train on.
    """
    if train is None or test is None:
        if train is not test:
            raise InputError(
                f"{where}: only the images to {'train' if test is None else 'test'} on "
                "have labels. Label the others too, or none."
            )
        if num_classes:
            raise InputError(
                f"{where} has no labels, but {factory}.num_classes is {num_classes}."
            )
        return 0
    sizes = [_num_classes(labels) for labels in (train, test)]
    if train.ndim != test.ndim or (train.ndim == 2 and sizes[0] != sizes[1]):
        raise InputError(
            f"{where}: labels to train and to test on are of different kinds, "
            f"{list(train.shape)} and {list(test.shape)}."
        )
    found = max(sizes)
    if found == 0:
        raise InputError(f"{where}: no image has a label. Remove the labels.")
    soft = train.ndim == 2
    said = found if num_classes is None else num_classes
    if said < found or (soft and said > found):
        raise InputError(
            f"{where} has labels from 0 to {found - 1}, that is {found} classes, but "
            f"{factory}.num_classes is {num_classes}."
        )
    if not soft:
        _check_examples(train, test, found, num_classes, factory, where)
    return said


def _num_classes(labels: np.ndarray) -> int:
    return int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]


def _check_examples(
    train: np.ndarray,
    test: np.ndarray,
    found: int,
    num_classes: int | None,
    factory: str,
    where: str,
) -> None:
    """Refuses classes without examples, unless the user knows of them."""
    present = np.isin(np.arange(found), train)
    only_test = np.setdiff1d(test[test >= 0], train)
    if len(only_test):
        raise InputError(
            f"{where}: class {only_test[0]} has images to test on, and none to train "
            "on."
        )
    if num_classes is None and not present.all():
        raise InputError(
            f"{where}: there are labels up to {found - 1}, but no image of class "
            f"{int(np.argmin(present))}. Number classes from 0 on without gaps, or "
            f"say how many there are: {factory}.num_classes = {found}."
        )
