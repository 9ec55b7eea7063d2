"""Folders of PNG and JPEG files as images that metrics read."""

import functools
import hashlib
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores import folder_files, image_headers, inspection
from compare_ssgan.datasets.stores.folder_files import LABELS, Labels
from compare_ssgan.datasets.stores.image_headers import Header
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import Prepare
from compare_ssgan.evaluation.image_source import ImageSource

_LARGEST_LEVEL = 255.0
# What TensorFlow raises for a file that is damaged, or gone.
_UNDECODABLE = (tf.errors.InvalidArgumentError, tf.errors.NotFoundError)


def open_folder(path: pathlib.Path) -> ImageSource:
    """Returns the images of a folder, its folders included, in the order of paths.

    Every file is read once, for its size and hash; pixels are decoded when batches
    are asked for, several at a time, as PIL decodes them (accurate discrete cosine
    transform).

    Labels are the first folder below `path` where every image is in one (whole
    numbers, or names, which are numbered in their order), or come from a file
    labels.csv with the columns file and label, as `sample --to DIR` writes it.

    Raises:
        InputError: If there is no image, one has alpha, 16 bits per channel or other
            than 1 or 3 channels, is of another format or truncated, or the numbers of
            channels differ.
    """
    names = folder_files.find(path)
    if not names:
        raise InputError(f"{path} has no PNG or JPEG files.")
    paths = [str(path / name) for name in names]
    found = inspection.inspect(path, names)
    headers = [Header(*row) for row in found.headers.tolist()]
    for file, header, damage in zip(paths, headers, found.problems, strict=True):
        problem = damage or image_headers.unusual(header)
        if problem:
            raise InputError(f"{file} cannot be scored: {problem}.")
    first = headers[0]
    odd = next((i for i, h in enumerate(headers) if h.channels != first.channels), None)
    if odd is not None:
        raise InputError(
            f"{paths[odd]} has {headers[odd].channels} channel(s), but {paths[0]} has "
            f"{first.channels}: greyscale and colour are not compared. Convert one."
        )
    unequal = _first_unequal(paths, headers)
    labels = _labels(path, names)
    return ImageSource(
        path=path,
        num_examples=len(names),
        channels=first.channels,
        image_shape=None if unequal else (first.height, first.width, first.channels),
        unequal=unequal,
        read=functools.partial(_read, paths, first.channels),
        digest=functools.partial(_digest, found.hashes, labels),
        labels=labels.labels,
        class_names=labels.names,
    )


def _first_unequal(paths: Sequence[str], headers: Sequence[Header]) -> str:
    """Returns what to say about sizes that differ, nothing if they do not."""
    for path, header in zip(paths, headers, strict=True):
        if header != headers[0]:
            return (
                f"{path} is {header.width}x{header.height}, but {paths[0]} is "
                f"{headers[0].width}x{headers[0].height}: metrics of images, and "
                "features that do not resize, need equal sizes. Resize the images."
            )
    return ""


def _labels(path: pathlib.Path, names: Sequence[str]) -> Labels:
    if (path / LABELS).is_file():
        return folder_files.numbered(folder_files.read_labels(path / LABELS, names))
    classes = folder_files.classes_of_folders(names)
    return Labels() if classes is None else folder_files.numbered(classes)


def _digest(hashes: np.ndarray, labels: Labels) -> str:
    digest = hashlib.sha256(b"image files 1")
    digest.update(hashes.tobytes())
    if labels.labels is not None:
        digest.update(labels.labels.tobytes())
    return digest.hexdigest()


def _read(
    paths: Sequence[str],
    channels: int,
    num: int,
    batch_size: int,
    prepare: Prepare | None,
) -> Iterator[tf.Tensor]:
    """Yields batches; files are decoded ahead, as many at a time as there are cores."""

    def load(path: tf.Tensor) -> tf.Tensor:
        image = tf.cast(_decode(path, channels), tf.float32) / _LARGEST_LEVEL
        if prepare is None:
            return image
        # Called with the image itself: resizing may depend on a size that is known.
        one = tf.py_function(lambda x: prepare(x[None])[0], [image], tf.float32)
        return tf.ensure_shape(one, [None, None, None])

    batches = tf.data.Dataset.from_tensor_slices(paths[:num])
    batches = batches.map(load, tf.data.AUTOTUNE, deterministic=True)
    batches = iter(batches.batch(batch_size).prefetch(1))
    for first in range(0, num, batch_size):
        try:
            yield next(batches)
        except _UNDECODABLE as error:
            raise _undecodable(paths[first : first + batch_size], channels) from error


def _decode(path: tf.Tensor, channels: int) -> tf.Tensor:
    # It decodes PNG too.
    image = tf.io.decode_jpeg(
        tf.io.read_file(path), channels=channels, dct_method="INTEGER_ACCURATE"
    )
    return tf.ensure_shape(image, [None, None, channels])


def _undecodable(paths: Sequence[str], channels: int) -> InputError:
    """Returns what to say about the first file that cannot be decoded."""
    for path in paths:
        try:
            _decode(tf.constant(path), channels)
        except _UNDECODABLE:
            return InputError(f"{path} cannot be decoded: it is truncated or damaged.")
    return InputError(f"A file from {paths[0]} to {paths[-1]} has changed. Try again.")
