"""Files of NumPy arrays as images, or features, that metrics read."""

import functools
import hashlib
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores import array_files
from compare_ssgan.datasets.stores.array_files import Stored
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import Prepare
from compare_ssgan.evaluation.image_source import (
    FeatureSource,
    ImageSource,
)

LABELS = "labels"
_LARGEST_LEVEL = 255.0
_ROWS = 1000


def open_images(path: pathlib.Path) -> ImageSource:
    """Returns images of a .npy file, or of a .npz file with labels or without.

    The array of an archive is called images, or is the only one besides labels; a
    file that NumPy wrote is read in blocks.

    Raises:
        InputError: If the file cannot be read, or does not hold images
            [examples, height, width, channels] uint8 with 1 or 3 channels.
    """
    stored, labels = _open(path, "images")
    _check_images(stored)
    height, width, channels = stored.shape[1:]
    return ImageSource(
        path=path,
        num_examples=stored.shape[0],
        channels=channels,
        image_shape=(height, width, channels),
        unequal="",
        read=functools.partial(_read, stored),
        digest=functools.partial(_digest, stored, labels),
        labels=labels,
    )


def open_features(path: pathlib.Path, name: str = "features") -> FeatureSource:
    """Returns vectors of a .npy file, or of a .npz file with labels or without.

    Args:
        path: The file.
        name: Name of the array in an archive, where it is not the only one.

    Raises:
        InputError: If the file cannot be read, or does not hold [examples, size] of
            finite floating point numbers.
    """
    stored, labels = _open(path, name)
    if len(stored.shape) != 2 or 0 in stored.shape or stored.dtype.kind != "f":
        raise InputError(
            f"{stored.name} is {stored.dtype} {list(stored.shape)}; {name} are "
            "floating point numbers [examples, size]. (Images are scored without "
            "--features none.)"
        )
    if path.suffix.lower() == ".npy":
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    else:
        vectors = np.concatenate([*stored.blocks(stored.shape[0], _ROWS)])
    if vectors.dtype.itemsize < 4:
        vectors = vectors.astype(np.float32)
    for first in range(0, len(vectors), _ROWS):
        finite = np.isfinite(vectors[first : first + _ROWS]).all(axis=1)
        if not finite.all():
            raise InputError(
                f"{stored.name}, row {first + int(np.argmin(finite))}, is not finite: "
                "metrics of it would be NaN."
            )
    return FeatureSource(path, vectors, labels)


def _open(path: pathlib.Path, name: str) -> tuple[Stored, np.ndarray | None]:
    if path.suffix.lower() == ".npy":
        return array_files.open_array(path), None
    names = array_files.names(path)
    stored = array_files.open_member(path, _choose(path, names, name))
    if LABELS not in names:
        return stored, None
    labels = array_files.open_member(path, LABELS).read()
    return stored, _check_labels(path, labels, stored)


def _choose(path: pathlib.Path, names: Sequence[str], name: str) -> str:
    if name in names:
        return name
    others = [each for each in names if each != LABELS]
    if len(others) != 1:
        raise InputError(
            f"{path} has the arrays {', '.join(names) or '(none)'}; which of them are "
            f"the {name}? Call that one {name}."
        )
    return others[0]


def _check_images(stored: Stored) -> None:
    shape, dtype = stored.shape, stored.dtype
    hint = ""
    if dtype.kind == "f":
        hint = (
            " Convert them: np.round(255 * x).astype(np.uint8) for x in [0, 1], "
            "np.round(127.5 * (x + 1)).astype(np.uint8) for x in [-1, 1]."
        )
        if len(shape) == 2:
            hint = " Features are scored with --features none."
    elif len(shape) == 3:
        hint = " Greyscale images need an axis for the channel: x[..., None]."
    elif len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        hint = " The channels go last: x.transpose(0, 2, 3, 1)."
    elif len(shape) == 4 and shape[3] not in (1, 3):
        hint = " There are 1 (greyscale) or 3 (RGB) channels, and no transparency."
    good = len(shape) == 4 and dtype == np.uint8 and shape[3] in (1, 3)
    if not good or 0 in shape:
        raise InputError(
            f"{stored.name} is {dtype} {list(shape)}; images are uint8 "
            f"[examples, height, width, channels].{hint}"
        )


def _check_labels(path: pathlib.Path, labels: np.ndarray, stored: Stored) -> np.ndarray:
    integers = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != stored.shape[:1] or not integers or (labels < -1).any():
        raise InputError(
            f"{path}: labels are {labels.dtype} {list(labels.shape)}; there must be a "
            f"whole number for each of {stored.shape[0]} examples: the class, from 0 "
            "on, or -1 for none."
        )
    return labels.astype(np.int64)


def _digest(stored: Stored, labels: np.ndarray | None) -> str:
    digest = hashlib.sha256(repr(("images 1", stored.shape)).encode())
    for block in stored.blocks(stored.shape[0], _ROWS):
        digest.update(np.ascontiguousarray(block).data)
    if labels is not None:
        digest.update(labels.tobytes())
    return digest.hexdigest()


def _read(
    stored: Stored, num: int, batch_size: int, prepare: Prepare | None
) -> Iterator[tf.Tensor]:
    for block in stored.blocks(num, batch_size):
        images = tf.cast(tf.constant(block), tf.float32) / _LARGEST_LEVEL
        yield images if prepare is None else prepare(images)
