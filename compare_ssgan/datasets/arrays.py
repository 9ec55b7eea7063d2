"""Datasets that a user prepares as NumPy files in --data_dir."""

import pathlib
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

# What np.load raises for files that are none of its own, or cut short; a ValueError
# is an array of Python objects too.
_UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)


class Layout(NamedTuple):
    """What the files of a dataset hold: x_train, y_train, x_test and y_test.

    Attributes:
        name: Name of the dataset.
        source: The file, NAME.npz, or the directory of .npy files.
        image_shape: (height, width, channels) of the images.
        num_classes: Number of classes.
        sizes: Numbers of images for training and for testing of the whole dataset.
        stored_shape: Shape of a stored image; that of the image, or without its one
            channel.
    """

    name: str
    source: str
    image_shape: ImageShape
    num_classes: int
    sizes: tuple[int, int]
    stored_shape: tuple[int, ...]

    @property
    def expected(self) -> str:
        """A sentence that says what to prepare."""
        train, test = self.sizes
        arrays = "The file holds x_train {} and x_test {}"
        labels = "y_train {} and y_test {}"
        if not self.source.endswith(".npz"):
            arrays = "The directory holds x_train.npy {} and x_test.npy {}"
            labels = "y_train.npy {} and y_test.npy {}"
        images = ([train, *self.stored_shape], [test, *self.stored_shape])
        return (
            f"{arrays.format(*images)} of type uint8, and "
            f"{labels.format([train], [test])} of integers from 0 to "
            f"{self.num_classes - 1}."
        )


def npz_dataset(layout: Layout) -> Dataset:
    """Returns the dataset of a file in --data_dir that np.savez wrote.

    Without the file, a dataset to describe, whose splits raise an `InputError` when
    they are read. With fewer images than `layout.sizes` it is called NAME_subset: its
    numbers are not those of the whole.

    Raises:
        InputError: If the file is not what it should be.
    """
    path = _path(layout)
    if path is None or not path.is_file():
        return _unread(layout, path)
    try:
        # np.load opens other formats too, which are no context managers.
        with zipfile.ZipFile(path):
            pass
        with np.load(path, allow_pickle=False) as arrays:
            train = _split(arrays, "train", path, layout)
            test = _split(arrays, "test", path, layout)
    except InputError:
        raise
    except _UNREADABLE as error:
        raise InputError(
            f"{path} cannot be read: {error}. {layout.expected}"
        ) from error
    return _dataset(layout, train, test, hashed_bytes=None)


def npy_dataset(layout: Layout, *, hashed_bytes: int) -> Dataset:
    """Returns the dataset of a directory in --data_dir of files that np.save wrote.

    As `npz_dataset`, but images stay on disk: they are mapped into memory, and a
    batch reads its own.

    Args:
        layout: What the files hold.
        hashed_bytes: About how many bytes of images the content hash of a split reads.

    Raises:
        InputError: If the files are not what they should be.
    """
    path = _path(layout)
    if path is None or not path.is_dir():
        return _unread(layout, path)
    train, test = (_map_split(name, path, layout) for name in ("train", "test"))
    return _dataset(layout, train, test, hashed_bytes=hashed_bytes)


def _path(layout: Layout) -> pathlib.Path | None:
    directory = base.data_directory()
    return None if directory is None else directory / layout.source


def _unread(layout: Layout, path: pathlib.Path | None) -> Dataset:
    def refuse() -> NoReturn:
        missing = "none is named" if path is None else f"there is no {path}"
        raise InputError(
            f"{layout.name} is read from {layout.source} in the directory that "
            f"--data_dir names, and {missing}. {layout.expected}"
        )

    train, test = (
        lazy_array_split(size, layout.num_classes, refuse) for size in layout.sizes
    )
    return Dataset(
        layout.name, layout.image_shape, layout.num_classes, train, test, files=path
    )


def _dataset(
    layout: Layout, train: Arrays, test: Arrays, *, hashed_bytes: int | None
) -> Dataset:
    full = (len(train.images), len(test.images)) == layout.sizes
    hashed = None
    if hashed_bytes is not None:
        hashed = max(1, hashed_bytes // int(np.prod(layout.image_shape)))
    return Dataset(
        layout.name if full else f"{layout.name}_subset",
        layout.image_shape,
        layout.num_classes,
        train=array_split(train, layout.num_classes, hashed_images=hashed),
        test=array_split(test, layout.num_classes, hashed_images=hashed),
        files=_path(layout),
    )


def _map_split(name: str, directory: pathlib.Path, layout: Layout) -> Arrays:
    arrays = {}
    for key in (f"x_{name}", f"y_{name}"):
        path = directory / f"{key}.npy"
        if not path.is_file():
            continue
        try:
            # np.load opens archives and pickles too.
            with path.open("rb") as file:
                np.lib.format.read_magic(file)
            arrays[key] = np.load(path, mmap_mode="r", allow_pickle=False)
        except _UNREADABLE as error:
            raise InputError(
                f"{path} cannot be read: {error}. {layout.expected}"
            ) from error
    return _split(arrays, name, directory, layout)


def _split(
    arrays: Mapping[str, Any], name: str, path: pathlib.Path, layout: Layout
) -> Arrays:
    missing = [key for key in (f"x_{name}", f"y_{name}") if key not in arrays]
    expected = layout.expected
    if missing:
        raise InputError(f"{path} has no array {' and no '.join(missing)}. {expected}")
    images, labels = arrays[f"x_{name}"], arrays[f"y_{name}"]
    shape = images.shape
    if images.dtype != np.uint8 or shape[1:] != layout.stored_shape or shape[0] == 0:
        raise InputError(
            f"{path}: x_{name} is {images.dtype} {list(shape)}. {expected}"
        )
    # Keras keeps the labels of CIFAR-10 as one column.
    if labels.shape == (len(images), 1):
        labels = labels[:, 0]
    integers = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != (len(images),) or not integers:
        raise InputError(
            f"{path}: y_{name} is {labels.dtype} {list(labels.shape)}, for "
            f"{len(images)} images. {expected}"
        )
    if labels.min() < 0 or labels.max() >= layout.num_classes:
        raise InputError(
            f"{path}: y_{name} goes from {labels.min()} to {labels.max()}. {expected}"
        )
    images = images.reshape(len(images), *layout.image_shape)
    return Arrays(images, np.asarray(labels, np.int64))
