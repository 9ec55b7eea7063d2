"""What sets of images that users bring along have in common."""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.datasets.pipeline import StoredSplit
from compare_ssgan.datasets.stores import decoding, image_policy
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.datasets.stores.image_policy import Policy
from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.errors import InputError

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


class Part(NamedTuple):
    """All examples of a set, or those to train or to test on.

    Attributes:
        where: The file or folder, for messages.
        store: The images.
        rows: [examples] ids in the store.
        labels: [examples] integers, [examples, classes] soft labels, or None.
        keys: [examples] numbers that stored order is by.
    """

    where: pathlib.Path
    store: Store
    rows: np.ndarray
    labels: np.ndarray | None
    keys: np.ndarray


def check(
    name: str,
    preparation: Preparation,
    policy: Policy,
    test_share: float | None,
    factory: str,
) -> None:
    """Refuses options of a set of image files that are wrong, whatever the files.

    Raises:
        InputError: If one is.
    """
    check_name(name, factory)
    decoding.check(preparation, factory)
    image_policy.check(policy, factory)
    check_share(test_share, factory)
    if preparation.height < 1:
        raise InputError(f"{factory}.size must be positive, not {preparation.height}.")
    if preparation.channels not in (1, 3):
        raise InputError(
            f"{factory}.channels must be 1 or 3, not {preparation.channels}."
        )


def full_name(
    name: str, preparation: Preparation, policy: Policy, test_share: float | None
) -> str:
    """Returns the name of a set with whatever changes the images of evaluations."""
    parts = [name, str(preparation.height)]
    if preparation.channels == 1:
        parts.append("grey")
    if preparation.crop == "none":
        parts.append("uncropped")
    if preparation.resize != "bilinear":
        parts.append(preparation.resize)
    if not preparation.antialias:
        parts.append("aliased")
    if policy.alpha != "refuse":
        parts.append({"drop": "opaque", "white": "on_white"}[policy.alpha])
    return with_share("_".join(parts), test_share)


def with_share(name: str, test_share: float | None) -> str:
    """Returns the name of a set with the share that is held out, if it is unusual."""
    if test_share in (None, TEST_SHARE):
        return name
    return f"{name}_test_{test_share:g}"


def check_share(share: float | None, factory: str) -> None:
    """Refuses a share of examples to test on that is not between 0 and 1.

    Raises:
        InputError: If it is not.
    """
    if share is not None and not 0 < share < 1:
        raise InputError(
            f"{factory}.test_share must be between 0 and 1, not {share}: the share of "
            "images that are held out to test on."
        )


def split(
    path: pathlib.Path,
    parts: Sequence[Part],
    test_share: float | None,
    num_classes: int | None,
    factory: str,
    names: tuple[str, ...] | None = None,
) -> tuple[StoredSplit, StoredSplit]:
    """Returns the examples to train and to test on.

    Args:
        path: Where the set is, for messages.
        parts: All examples, or those to train and those to test on.
        test_share: Share of each class that is held out; None for `TEST_SHARE`.
        num_classes: What the user says; None for what labels say.
        factory: Name of the dataset's factory in gin files, for messages.
        names: Of classes, where they have names.

    Raises:
        InputError: If something is to be held out of examples that are apart already,
            a class has too few examples, or labels do not fit each other.
    """
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        share = TEST_SHARE if test_share is None else test_share
        orders = hold_out(first.keys, first.labels, share, str(path), names)
    elif test_share is not None:
        raise InputError(
            f"{path} has images to test on, in {last.where.name}: nothing is held out. "
            f"Remove {factory}.test_share."
        )
    else:
        train, test = (np.argsort(part.keys, kind="stable") for part in parts)
        orders = train, test
    labels = [
        None if part.labels is None else part.labels[order]
        for part, order in zip((first, last), orders, strict=True)
    ]
    classes = count_classes(
        labels[0], labels[1], num_classes, factory=factory, where=str(path)
    )
    return (
        StoredSplit(first.store, classes, lambda: labels[0], first.rows[orders[0]]),
        StoredSplit(last.store, classes, lambda: labels[1], last.rows[orders[1]]),
    )


def keys_of_positions(num: int) -> np.ndarray:
    """Returns [num] numbers for `hold_out`, the same at every call.

    The first ones are the same, however many follow: more examples at the end move
    few others between the parts.
    """
    # NumPy guarantees that the stream of RandomState never changes.
    return np.random.RandomState(0).random_sample(num)


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
