"""Crops of two photographs that come with scikit-learn: colour without a download."""

import functools
from typing import Literal, get_args

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError

Size = Literal[32, 64]

CLASS_NAMES = ("china", "flower")

# Of both photographs.
_HEIGHT, _WIDTH = 427, 640
# Of a crop in the photograph, in pixels.
_WINDOW = 64
# (first column, number of columns) of what is trained on and of what is tested on, in
# either photograph. JPEG stores blocks of 8x8 pixels, of which none is in both. Of some
# ways to place them, this one makes the splits most alike.
_TRAIN_BANDS = ((0, 72), (144, 144), (360, 144), (576, 64))
_TEST_BANDS = ((72, 72), (288, 72), (504, 72))
_STRIDE = 6


@config.register("datasets")
def photos(*, size: Size = 32, stride: int = _STRIDE) -> Dataset:
    """Crops of a pagoda and of a dahlia: natural colour images in 2 classes.

    `sklearn.datasets.load_sample_images`, https://scikit-learn.org: china.jpg, by
    danielbuechele, and flower.jpg, by vultilion, CC BY 2.0, 427x640 pixels. A crop is a
    window of 64x64 pixels, shown as it is, or at 32x32 by the average of every 2x2
    pixels. Windows start every `stride` pixels, so that neighbours overlap.

    The splits share no pixel: either photograph is cut into seven bands of columns,
    in turns for training and for testing (first columns 0, 72, 144, 288, 360, 504 and
    576), and a window lies within one band. With a stride of 6 there are 3,782 and 732
    crops. In either split the classes take turns in stored order, and windows are
    shuffled, once and for all, so that the first n examples are of all parts.

    Cropping and averaging are exact, but versions of the library that decodes JPEG
    may differ by a level here and there: then content hashes differ, too.

    Args:
        size: Height and width of the examples: 32 or 64.
        stride: Pixels of the photograph from a window to the next, 4 to 16: the fewer,
            the more crops, and the more they have in common.

    Raises:
        InputError: If an argument has another value.
    """
    if size not in get_args(Size):
        raise InputError(
            f"Photos have 32 or 64 pixels, not {size}. Change datasets.photos.size."
        )
    if type(stride) is not int or not 4 <= stride <= 16:
        raise InputError(
            f"Crops are 4 to 16 pixels apart, a whole number, not {stride!r}. Change "
            "datasets.photos.stride."
        )
    train, test = (
        lazy_array_split(
            len(CLASS_NAMES) * len(_corners(bands, stride)),
            len(CLASS_NAMES),
            functools.partial(_crops, bands, size, stride),
        )
        for bands in (_TRAIN_BANDS, _TEST_BANDS)
    )
    name = "photos" if size == 32 else f"photos_{size}"
    return Dataset(
        name if stride == _STRIDE else f"{name}_stride{stride}",
        (size, size, 3),
        len(CLASS_NAMES),
        train,
        test,
        class_names=CLASS_NAMES,
    )


def _corners(bands: tuple[tuple[int, int], ...], stride: int) -> np.ndarray:
    """Returns [windows, 2] rows and columns of the first pixels of windows."""
    rows = np.arange(0, _HEIGHT - _WINDOW + 1, stride)
    columns = np.concatenate(
        [first + np.arange(0, width - _WINDOW + 1, stride) for first, width in bands]
    )
    corners = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    # NumPy guarantees that the stream of RandomState never changes.
    return np.random.RandomState(0).permutation(corners)


def _crops(bands: tuple[tuple[int, int], ...], size: int, stride: int) -> Arrays:
    """Returns the examples of a split: a window of each photograph, and the next."""
    windows = np.lib.stride_tricks.sliding_window_view(
        np.stack(_photographs()), (_WINDOW, _WINDOW), axis=(1, 2)
    )
    row, column = _corners(bands, stride).T
    # [photographs, windows, channels, height, width], without a copy of all others.
    chosen = windows[:, row, column].transpose(1, 0, 3, 4, 2)
    images = _average(chosen.reshape(-1, _WINDOW, _WINDOW, 3), _WINDOW // size)
    labels = np.tile(np.arange(len(CLASS_NAMES)), len(row))
    return Arrays(images, labels)


def _average(images: np.ndarray, factor: int) -> np.ndarray:
    """Returns means of factor x factor pixels, a half rounded up, in integers."""
    if factor == 1:
        return np.ascontiguousarray(images)
    num, height, width, channels = images.shape
    split = (num, height // factor, factor, width // factor, factor, channels)
    sums = images.reshape(split).sum((2, 4), dtype=np.uint16)
    return ((sums + factor**2 // 2) // factor**2).astype(np.uint8)


@functools.cache
def _photographs() -> tuple[np.ndarray, ...]:
    # scikit-learn takes a second to import, which other datasets need not wait for.
    from sklearn.datasets import load_sample_image

    photographs = tuple(load_sample_image(f"{name}.jpg") for name in CLASS_NAMES)
    for photograph in photographs:
        assert photograph.shape == (_HEIGHT, _WIDTH, 3)
        assert photograph.dtype == np.uint8
    return photographs
