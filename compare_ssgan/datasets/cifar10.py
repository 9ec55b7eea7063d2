"""CIFAR-10 from a prepared file."""

import pathlib
import zipfile
import zlib
from typing import NoReturn

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import Arrays, ArraySplit
from compare_ssgan.errors import InputError

_FILE = "cifar10.npz"
_IMAGE_SHAPE = (32, 32, 3)
_NUM_CLASSES = 10
_FULL_SIZES = (50_000, 10_000)
_EXPECTED = (
    "The file holds x_train [50000, 32, 32, 3] and x_test [10000, 32, 32, 3] of type "
    "uint8, and y_train [50000] and y_test [10000] of integers from 0 to 9."
)


@config.register("datasets")
def cifar10() -> Dataset:
    """CIFAR-10, 32x32x3 in 10 classes, read from `cifar10.npz` in --data_dir.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html. A file with fewer
    images is taken too, but then the dataset is named cifar10_subset: its numbers
    are not those of CIFAR-10. Without the file there is a dataset to describe, whose
    splits raise an `InputError` when they are read.

    Raises:
        InputError: If the file is not what it should be.
    """
    directory = base.data_directory()
    path = None if directory is None else directory / _FILE
    if path is None or not path.is_file():
        train_size, test_size = _FULL_SIZES
        return Dataset(
            "cifar10",
            _IMAGE_SHAPE,
            _NUM_CLASSES,
            train=ArraySplit(train_size, _NUM_CLASSES, lambda: _refuse(path)),
            test=ArraySplit(test_size, _NUM_CLASSES, lambda: _refuse(path)),
        )
    train, test = _read(path)
    full = (len(train.images), len(test.images)) == _FULL_SIZES
    return Dataset(
        "cifar10" if full else "cifar10_subset",
        _IMAGE_SHAPE,
        _NUM_CLASSES,
        train=ArraySplit.of(train, _NUM_CLASSES),
        test=ArraySplit.of(test, _NUM_CLASSES),
    )


def _refuse(path: pathlib.Path | None) -> NoReturn:
    """Says what is missing, and what it should be."""
    missing = "none is named" if path is None else f"there is no {path}"
    raise InputError(
        f"cifar10 is read from {_FILE} in the directory that --data_dir names, and "
        f"{missing}. {_EXPECTED}"
    )


def _read(path: pathlib.Path) -> tuple[Arrays, Arrays]:
    try:
        # np.load opens other formats too, which are no context managers.
        with zipfile.ZipFile(path):
            pass
        with np.load(path, allow_pickle=False) as arrays:
            return _split(arrays, "train", path), _split(arrays, "test", path)
    except InputError:
        raise
    # A ValueError is an array of Python objects, or one cut short.
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}. {_EXPECTED}") from error


def _split(arrays: np.lib.npyio.NpzFile, name: str, path: pathlib.Path) -> Arrays:
    missing = [key for key in (f"x_{name}", f"y_{name}") if key not in arrays]
    if missing:
        raise InputError(f"{path} has no array {' and no '.join(missing)}. {_EXPECTED}")
    images, labels = arrays[f"x_{name}"], arrays[f"y_{name}"]
    if images.dtype != np.uint8 or images.shape[1:] != _IMAGE_SHAPE or len(images) == 0:
        raise InputError(
            f"{path}: x_{name} is {images.dtype} {list(images.shape)}. {_EXPECTED}"
        )
    # Keras keeps the labels as one column.
    if labels.shape == (len(images), 1):
        labels = labels[:, 0]
    integers = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != (len(images),) or not integers:
        raise InputError(
            f"{path}: y_{name} is {labels.dtype} {list(labels.shape)}, for "
            f"{len(images)} images. {_EXPECTED}"
        )
    if labels.min() < 0 or labels.max() >= _NUM_CLASSES:
        raise InputError(
            f"{path}: y_{name} goes from {labels.min()} to {labels.max()}. {_EXPECTED}"
        )
    return Arrays(images, labels.astype(np.int64))
