"""Images of one's own in NumPy files."""

import pathlib

import numpy as np
from absl import logging

from compare_ssgan import config
from compare_ssgan.datasets import own
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.stores import array_files, array_images
from compare_ssgan.datasets.stores.array_files import Stored
from compare_ssgan.datasets.stores.store import ArrayStore
from compare_ssgan.errors import InputError

_FACTORY = "datasets.arrays"
# What users call images and labels of both parts; the first names are Keras'.
_TRAIN = (("x_train", "train_images"), ("y_train", "train_labels"))
_TEST = (("x_test", "test_images"), ("y_test", "test_labels"))
_ALL = (("images", "x"), ("labels", "y"))
# A hash of arrays that are larger than memory would take minutes at every start.
_HASHED_BYTES = 64 * 2**20


@config.register("datasets")
def arrays(
    *,
    name: str = config.REQUIRED,
    num_classes: int | None = None,
    test_share: float | None = None,
) -> Dataset:
    """Images in NAME.npz, in NAME.npy, or in .npy files of the folder NAME.

    One's own images (no reference), in the directory that --data_dir names: arrays
    x_train and x_test, with y_train and y_test or without (as in the files that Keras
    distributes; train_images, train_labels and so on are taken too), or images with
    labels or without, or one array alone, of which a share is held out to test on.
    Without x_test a share of x_train is. Which examples are held out depends on their
    position, class and number only.

    Images are [examples, height, width, channels], or without the axis of a single
    channel: uint8, or floating point numbers in [0, 1], which become multiples of
    1/255. Labels are [examples] or [examples, 1] whole numbers, -1 for none, or
    [examples, classes] soft labels, all zero for none. Files of a folder are mapped
    into memory if they hold uint8, so that they may be larger than it; what identifies
    them in records is a fingerprint: all labels, and up to 64 MiB of evenly spaced
    images of each part.

    Args:
        name: Name of the file without its suffix, or of the folder.
        num_classes: Number of classes, where some have no image; None for those that
            labels say.
        test_share: Share of each class that is held out, one image at least; None for
            0.1. Only without x_test.

    Raises:
        InputError: If there are no such files, or they hold something else.
    """
    own.check_name(name, _FACTORY)
    own.check_share(test_share, _FACTORY)
    path = _source(name)
    opened = _open(path)
    chosen = _choose(path, [*opened])
    parts = [_part(path, opened, *keys, alone=len(chosen) == 1) for keys in chosen]
    shapes = [part.store.image_shape for part in parts]
    if shapes[0] != shapes[-1]:
        raise InputError(
            f"{path}: images of {chosen[0][0]} are {list(shapes[0])}, and those of "
            f"{chosen[-1][0]} are {list(shapes[-1])}. They must be alike."
        )
    train, test = own.split(path, parts, test_share, num_classes, _FACTORY)
    return Dataset(
        own.with_share(name, test_share),
        shapes[0],
        train.num_classes,
        train,
        test,
        files=path,
    )


def _source(name: str) -> pathlib.Path:
    """Returns the file, or the folder of files."""
    path = own.find(name)
    known = f"{name}.npz, {name}.npy or the folder {name}"
    if path is not None:
        files = [path.with_name(f"{name}{suffix}") for suffix in (".npz", ".npy")]
        there = [file for file in files if file.is_file()]
        there += [path] if any(path.glob("*.npy")) else []
        if len(there) == 1:
            return there[0]
        if there:
            raise InputError(
                f"There are {' and '.join(map(str, there))}. Which of them is meant? "
                "Move the other away."
            )
    raise InputError(
        f"The images {name!r} are read from {known} in the directory that --data_dir "
        f"names, and {own.missing(path)} with arrays. It holds arrays x_train, "
        f"y_train, x_test and y_test, or images and labels. {_FACTORY}.name names "
        "another one."
    )


def _open(path: pathlib.Path) -> dict[str, Stored]:
    if path.is_dir():
        files = sorted(path.glob("*.npy"))
        return {file.stem: array_files.open_array(file) for file in files}
    if path.suffix == ".npy":
        return {"images": array_files.open_array(path)}
    names = array_files.names(path)
    return {name: array_files.open_member(path, name) for name in names}


def _choose(path: pathlib.Path, names: list[str]) -> list[tuple[str, str | None]]:
    """Returns the names of images and labels: of all, or to train and to test on."""

    def present(options: tuple[str, ...]) -> str | None:
        found = [name for name in options if name in names]
        if len(found) > 1:
            raise InputError(
                f"{path} has both {' and '.join(found)}. Remove one of them."
            )
        return found[0] if found else None

    def pair(part: tuple[tuple[str, ...], ...]) -> tuple[str, str | None] | None:
        images = present(part[0])
        return None if images is None else (images, present(part[1]))

    train, test, whole = map(pair, (_TRAIN, _TEST, _ALL))
    others = [name for name in names if name not in _ALL[1]]
    if not (train or test or whole) and len(others) == 1:
        whole = (others[0], present(_ALL[1]))
    if (train is None) == (whole is None) or (test and whole):
        raise InputError(
            f"{path} has the arrays {', '.join(names) or '(none)'}; which of them are "
            "the images? Call those to train and to test on x_train and x_test, or "
            "all of them images."
        )
    chosen = [each for each in (train, test, whole) if each is not None]
    unread = set(names).difference(*chosen)
    if unread:
        logging.warning("%s: nothing reads %s.", path, ", ".join(sorted(unread)))
    return chosen


def _part(
    path: pathlib.Path,
    opened: dict[str, Stored],
    images: str,
    labels: str | None,
    *,
    alone: bool,
) -> own.Part:
    stored = None if labels is None else opened[labels]
    found = array_images.load(opened[images], stored)
    num = len(found.images)
    hashed = None
    if array_images.is_mapped(found.images):
        hashed = max(1, _HASHED_BYTES // int(np.prod(found.images.shape[1:])))
    store = ArrayStore(num, lambda: found, hashed_images=hashed)
    rows = np.arange(num)
    keys = own.keys_of_positions(num) if alone else rows
    return own.Part(path / images, store, rows, found.labels, keys)
