"""A picture of a dataset: training images, row by row of a class."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from compare_ssgan.datasets.base import Dataset, Split
from compare_ssgan.studies import grids

# Pixels that a picture is wide and high at most, about.
_EXTENT = 1000
_FEWEST, _MOST = 4, 10
# Pixels that the shorter side is enlarged to, if it is smaller by a whole factor.
_VISIBLE = 64

UNLABELLED = "unlabelled"


class Group(NamedTuple):
    """Images that belong together.

    Attributes:
        name: Of their class; "" where there are no classes.
        positions: [rows, columns] positions in the split, -1 for an empty cell.
    """

    name: str
    positions: np.ndarray


class ExampleGrid(NamedTuple):
    """A picture of a dataset.

    Attributes:
        image: [height, width, channels] uint8.
        groups: Names of groups from top to bottom; (UNLABELLED,) included.
        rows: Rows of images of every group.
    """

    image: np.ndarray
    groups: tuple[str, ...]
    rows: int


def example_grid(dataset: Dataset) -> ExampleGrid:
    """Returns a picture of training images, as they are before augmentation.

    Of each of up to ten classes, and of unlabelled images, there are a row or a few:
    examples at equal distances in stored order. Small images are enlarged.

    Raises:
        InputError: If images cannot be read.
    """
    height, width, _ = dataset.image_shape
    factor = max(1, _VISIBLE // min(height, width))
    columns, rows = (
        int(np.clip(_EXTENT // (size * factor), _FEWEST, _MOST))
        for size in (width, height)
    )
    labels = dataset.train.labels
    if labels is None or not np.any(_classes(labels) >= 0):
        name = "" if labels is None else UNLABELLED
        groups = _groups([(name, np.arange(dataset.train.num_examples))], 6, columns)
    else:
        names = dataset.class_names or tuple(map(str, range(dataset.num_classes)))
        groups = _by_class(_classes(labels), names, rows, columns)
    positions = np.concatenate([group.positions for group in groups])
    images = _read(dataset.train, positions.ravel(), dataset.image_shape)
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    return ExampleGrid(
        grids.grid(images, columns=positions.shape[1]),
        tuple(group.name for group in groups),
        len(groups[0].positions),
    )


def _by_class(
    classes: np.ndarray, names: tuple[str, ...], rows: int, columns: int
) -> list[Group]:
    present = np.unique(classes[classes >= 0])
    num = min(len(present), rows)
    shown = present[np.linspace(0, len(present) - 1, num).round().astype(int)]
    groups = [(names[each], np.flatnonzero(classes == each)) for each in shown]
    if np.any(classes < 0):
        groups.append((UNLABELLED, np.flatnonzero(classes < 0)))
    # Two classes in a row each would be little to look at.
    return _groups(groups, max(1, _FEWEST // len(groups)), columns)


def _groups(
    groups: Sequence[tuple[str, np.ndarray]], rows: int, columns: int
) -> list[Group]:
    """Returns groups of names and members, without columns and rows for none."""
    most = max(len(members) for _, members in groups)
    columns = min(columns, most)
    rows = min(rows, math.ceil(most / columns))
    return [Group(name, _cells(members, rows, columns)) for name, members in groups]


def _cells(members: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Returns [rows, columns] members at equal distances, -1 where there are none."""
    cells = np.full(rows * columns, -1)
    num = min(len(members), len(cells))
    cells[:num] = members[np.linspace(0, len(members) - 1, num).round().astype(int)]
    return cells.reshape(rows, columns)


def _classes(labels: np.ndarray) -> np.ndarray:
    """Returns [examples] the class, or the most probable one; -1 for no label."""
    if labels.ndim == 1:
        return labels
    return np.where(np.any(labels > 0, axis=1), np.argmax(labels, axis=1), -1)


def _read(
    split: Split, positions: np.ndarray, image_shape: tuple[int, ...]
) -> np.ndarray:
    """Returns images in [0, 1]; empty cells are white."""
    images = np.ones((len(positions), *image_shape), np.float32)
    filled = positions >= 0
    num = int(filled.sum())
    chosen = split.take(positions[filled])
    images[filled] = next(chosen.evaluation_batches(num, num)).images.numpy()
    return images
