"""Folders of PNG and JPEG files as images that metrics read."""

import concurrent.futures
import csv
import functools
import hashlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import image_headers
from compare_ssgan.evaluation.features.extractor import Prepare
from compare_ssgan.evaluation.image_headers import Header
from compare_ssgan.evaluation.image_source import ImageSource

# A file of labels, and its columns.
LABELS = "labels.csv"
COLUMNS = ("file", "label")
_SUFFIXES = (".png", ".jpg", ".jpeg")
# Images that a user means to be scored, and that are not.
_OTHER_SUFFIXES = (".bmp", ".gif", ".jp2", ".tif", ".tiff", ".webp")
_LARGEST_LEVEL = 255.0
# What TensorFlow raises for a file that is damaged, or gone.
_UNDECODABLE = (tf.errors.InvalidArgumentError, tf.errors.NotFoundError)


class _Labels(NamedTuple):
    labels: np.ndarray | None = None
    names: tuple[str, ...] | None = None


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
    names = _find(path)
    if not names:
        raise InputError(f"{path} has no PNG or JPEG files.")
    paths = [str(path / name) for name in names]
    workers = min(16, 2 * (os.cpu_count() or 1))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(_inspect, paths, chunksize=64))
    headers = [header for header, _ in found]
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
        digest=functools.partial(_digest, [hashed for _, hashed in found], labels),
        labels=labels.labels,
        class_names=labels.names,
    )


def _find(path: pathlib.Path) -> list[str]:
    """Returns the relative paths of the images, sorted."""
    found, seen = [], set()
    for directory, folders, files in os.walk(path, followlinks=True):
        # A link may lead back to a folder above it.
        real = os.path.realpath(directory)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            suffix = os.path.splitext(name)[1].lower()
            if name.startswith("."):
                continue
            if suffix in _OTHER_SUFFIXES:
                raise InputError(
                    f"{os.path.join(directory, name)}: images are PNG or JPEG, not "
                    f"{suffix}. Convert it, or move it away."
                )
            if suffix in _SUFFIXES:
                found.append(os.path.relpath(os.path.join(directory, name), path))
    return sorted(found, key=lambda name: pathlib.PurePath(name).parts)


def _inspect(path: str) -> tuple[Header, bytes]:
    try:
        data = pathlib.Path(path).read_bytes()
        return image_headers.read(data), hashlib.sha256(data).digest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be scored: {error}.") from error


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


def _labels(path: pathlib.Path, names: Sequence[str]) -> _Labels:
    if (path / LABELS).is_file():
        return _named(_read_labels(path / LABELS, names))
    folders = [pathlib.PurePath(name).parts for name in names]
    if any(len(parts) < 2 for parts in folders):
        return _Labels()
    return _named([parts[0] for parts in folders])


def _named(classes: Sequence[str]) -> _Labels:
    """Numbers classes: by the number that is their name, or by their order."""
    if all(name.isascii() and name.isdigit() for name in classes):
        return _Labels(np.array([int(name) for name in classes], np.int64))
    known = sorted(set(classes))
    numbers = {name: number for number, name in enumerate(known)}
    return _Labels(
        np.array([numbers[name] for name in classes], np.int64), tuple(known)
    )


def _read_labels(path: pathlib.Path, names: Sequence[str]) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        file, label = COLUMNS
        by_name = {os.path.normpath(row[file]): row[label] for row in rows}
        return [by_name[os.path.normpath(name)] for name in names]
    except KeyError as error:
        raise InputError(
            f"{path} needs the columns file and label, and a row per image; it has "
            f"no {error}."
        ) from error
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise InputError(f"Cannot read {path}: {error}.") from error


def _digest(hashes: Sequence[bytes], labels: _Labels) -> str:
    digest = hashlib.sha256(b"image files 1")
    for hashed in hashes:
        digest.update(hashed)
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
