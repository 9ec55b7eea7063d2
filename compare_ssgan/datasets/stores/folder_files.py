"""Which files of a folder are images, in which order, and what their labels are."""

import csv
import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.errors import InputError

# A file of labels, and its columns.
LABELS = "labels.csv"
COLUMNS = ("file", "label")
_SUFFIXES = (".png", ".jpg", ".jpeg")
# Images that a user means to be read, and that are not.
_OTHER_SUFFIXES = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".pgm", ".ppm",
    ".tif", ".tiff", ".webp",
)  # fmt: skip
# What a file of labels says of an image without one.
UNLABELLED = ("", "-1")


class Labels(NamedTuple):
    """Classes of images.

    Attributes:
        labels: [images] int64, -1 for an unlabelled image; None without labels.
        names: Of classes 0, 1, ... where they have names that are no numbers.
    """

    labels: np.ndarray | None = None
    names: tuple[str, ...] | None = None


def find(path: pathlib.Path) -> list[str]:
    """Returns the relative paths of the images, those in folders below included.

    They are sorted as paths are, folder by folder. Names that begin with a dot are
    none; a folder that links lead to twice is read once.

    Raises:
        InputError: If a folder cannot be read, or has images of another format than
            PNG and JPEG.
    """
    found, seen = [], set()
    for directory, folders, files in os.walk(path, onerror=_refuse, followlinks=True):
        # A link may lead back to a folder above it.
        real = os.path.realpath(directory)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        below = os.path.relpath(directory, path)
        prefix = "" if below == os.curdir else f"{below}{os.sep}"
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
            if is_image(name):
                found.append(f"{prefix}{name}")
    return sorted(found, key=lambda name: name.split(os.sep))


def _refuse(error: OSError) -> None:
    raise InputError(f"Cannot read {error.filename}: {error.strerror}.") from error


def is_image(name: str) -> bool:
    """Whether a file of this name is read as an image."""
    suffix = os.path.splitext(name)[1].lower()
    return suffix in _SUFFIXES and not name.startswith(".")


def folders(path: pathlib.Path) -> list[str]:
    """Returns the names of the folders in a folder, sorted, without hidden ones."""
    try:
        names = [each.name for each in os.scandir(path) if each.is_dir()]
    except OSError as error:
        _refuse(error)
    return sorted(name for name in names if not name.startswith("."))


def classes_of_folders(names: Sequence[str]) -> list[str] | None:
    """Returns the first folder of each path; None if a file is in none."""
    parts = [name.split(os.sep) for name in names]
    if any(len(each) < 2 for each in parts):
        return None
    return [each[0] for each in parts]


def read_labels(
    path: pathlib.Path, names: Sequence[str], *, all_used: bool = False
) -> list[str]:
    """Returns what a file with the columns file and label says of each image.

    Args:
        path: The file, as `sample --to DIR` writes it.
        names: Paths of the images, relative to the folder of the file.
        all_used: Whether rows of other files, and two rows of one, are refused.

    Raises:
        InputError: If it cannot be read, lacks a column or the row of an image.
    """
    file, label = COLUMNS
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
        by_name = {os.path.normpath(row[file]): row[label] for row in rows}
        found = [by_name[os.path.normpath(name)] for name in names]
    except KeyError as error:
        raise InputError(
            f"{path} needs the columns file and label, and a row per image; it has "
            f"no {error}."
        ) from error
    except (OSError, UnicodeDecodeError, TypeError, csv.Error) as error:
        raise InputError(f"Cannot read {path}: {error}.") from error
    if None in found:
        raise InputError(f"{path}: the row of {names[found.index(None)]} has no label.")
    if all_used:
        _check_rows(path, [os.path.normpath(row[file]) for row in rows], names)
    return found


def _check_rows(path: pathlib.Path, rows: Sequence[str], names: Sequence[str]) -> None:
    known, seen = {os.path.normpath(name) for name in names}, set()
    for row in rows:
        if row not in known:
            raise InputError(
                f"{path} has a row for {row!r}, and there is no such image."
            )
        if row in seen:
            raise InputError(f"{path} has more than one row for {row!r}.")
        seen.add(row)


def numbered(classes: Sequence[str]) -> Labels:
    """Numbers classes: by the number that is their name, or by their order.

    Args:
        classes: Of each image; "" or "-1" for an unlabelled image.
    """
    known = sorted(set(classes) - set(UNLABELLED))
    digits = all(name.isascii() and name.isdigit() for name in known)
    numbers = {name: int(name) if digits else i for i, name in enumerate(known)}
    labels = np.array([numbers.get(name, -1) for name in classes], np.int64)
    return Labels(labels, None if digits else tuple(known))
