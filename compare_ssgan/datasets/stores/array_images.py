"""Arrays as images in bytes, with labels."""

import numpy as np

from compare_ssgan.datasets.stores.array_files import Stored
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError

_ROWS = 1000
_LARGEST_LEVEL = 255
_CHANNELS = (1, 3)
# Soft labels are probabilities, to this much.
_TOLERANCE = 1e-3


def load(images: Stored, labels: Stored | None) -> Arrays:
    """Returns images [examples, height, width, channels] uint8, and their labels.

    Images that are mapped into memory and uint8 stay on disk.

    Args:
        images: uint8, or floating point numbers in [0, 1]; the axis of the channels,
            1 or 3, may be missing where there is one.
        labels: [examples] or [examples, 1] whole numbers, -1 for none; or [examples,
            classes] soft labels, all zero for none; or None.

    Raises:
        InputError: If they are something else.
    """
    found = _images(images)
    return Arrays(found, None if labels is None else _labels(labels, images))


def is_mapped(images: np.ndarray) -> bool:
    """Whether images stay on disk."""
    return isinstance(images, np.memmap)


def _images(stored: Stored) -> np.ndarray:
    _check(stored)
    if stored.mapped is not None and stored.dtype == np.uint8:
        found = stored.mapped
    else:
        found = _bytes(stored)
    return found if found.ndim == 4 else found[..., None]


def _bytes(stored: Stored) -> np.ndarray:
    """Returns all images; they are never in memory as floating point numbers."""
    num = stored.shape[0]
    found = np.empty(stored.shape, np.uint8)
    lowest, highest = np.inf, -np.inf
    first = 0
    for block in stored.blocks(num, _ROWS):
        rows = slice(first, first + len(block))
        first += len(block)
        if stored.dtype == np.uint8:
            found[rows] = block
            continue
        # NaN stays NaN in both.
        lowest = np.minimum(lowest, block.min())
        highest = np.maximum(highest, block.max())
        if lowest >= 0 and highest <= 1:
            found[rows] = np.rint(block * _LARGEST_LEVEL)
    if stored.dtype != np.uint8 and not (lowest >= 0 and highest <= 1):
        raise InputError(
            f"{stored.name} has values from {lowest:g} to {highest:g}; floating point "
            f"images are in [0, 1].{_range_hint(lowest, highest)}"
        )
    return found


def _range_hint(lowest: float, highest: float) -> str:
    if lowest >= 0 and 1 < highest <= _LARGEST_LEVEL:
        return " Convert them: np.round(x).astype(np.uint8)."
    if lowest >= -1 and highest <= 1:
        return " Convert them: (x + 1) / 2."
    return ""


def _check(stored: Stored) -> None:
    shape, dtype = stored.shape, stored.dtype
    hint = ""
    if len(shape) == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS:
        hint = " The channels go last: x.transpose(0, 2, 3, 1)."
    elif len(shape) == 3 and shape[2] in _CHANNELS:
        hint = " A single image is no set; if it is one, x[None] makes it four axes."
    elif len(shape) == 4 and shape[3] not in _CHANNELS:
        hint = " There are 1 (greyscale) or 3 (RGB) channels, and no transparency."
    elif dtype.kind in "iub" and dtype != np.uint8:
        hint = " Convert them: x.astype(np.uint8), if values are from 0 to 255."
    axes = len(shape) == 3 or (len(shape) == 4 and shape[3] in _CHANNELS)
    single = len(shape) == 3 and shape[2] in _CHANNELS
    kind = dtype == np.uint8 or dtype.kind == "f"
    if not axes or single or not kind or 0 in shape:
        raise InputError(
            f"{stored.name} is {dtype} {list(shape)}; images are uint8, or floating "
            "point numbers in [0, 1], [examples, height, width, channels]; a single "
            f"channel needs no axis.{hint}"
        )


def _labels(stored: Stored, images: Stored) -> np.ndarray:
    shape, dtype = stored.shape, stored.dtype
    num = images.shape[0]
    if shape == (num, 1):
        shape = (num,)  # Keras keeps those of CIFAR-10 as one column.
    whole = dtype.kind in "iu"
    if shape[:1] == (num,) and len(shape) == 1 and whole:
        labels = np.asarray(stored.read(), np.int64).reshape(num)
        if labels.min() >= -1:
            return labels
        raise InputError(
            f"{stored.name} has {labels.min()}; labels are from 0 on, -1 for none."
        )
    if shape[:1] == (num,) and len(shape) == 2 and dtype.kind in "fiub":
        return _soft(stored)
    raise InputError(
        f"{stored.name} is {dtype} {list(stored.shape)}, for {num} images of "
        f"{images.name.rstrip(',')}: labels are [examples] whole numbers, or "
        "[examples, classes] probabilities."
    )


def _soft(stored: Stored) -> np.ndarray:
    labels = np.asarray(stored.read(), np.float32)
    sums = labels.sum(axis=1)
    good = (labels >= 0).all(axis=1) & ((abs(sums - 1) <= _TOLERANCE) | (sums == 0))
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"{stored.name}, row {row}, is no distribution: its values must not be "
            f"negative, and their sum is 1, or 0 for no label, not {sums[row]:g}."
        )
    return labels
