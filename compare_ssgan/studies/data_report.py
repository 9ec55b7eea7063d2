"""What a dataset holds, found by reading it."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets.base import Dataset, Split
from compare_ssgan.datasets.pairs import PairedSplit
from compare_ssgan.datasets.pipeline import StoredSplit
from compare_ssgan.types import ImageShape

# Of how many examples pixels are looked at, so that it takes seconds: those of so many
# values in all, or so many where each is decoded.
_VALUES = 2**28
_DECODED = 2_000
# Values of a batch.
_BATCH = 2**24


class Labels(NamedTuple):
    """The labels of a split.

    Attributes:
        soft: Whether they are distributions over the classes.
        labelled: Number of examples with a label.
        unlabelled: Number of examples without.
        per_class: Examples of every class; of soft labels, sums of probabilities.
        mean_of_largest: Of soft labels, the mean over labelled examples of the largest
            probability; None otherwise.
    """

    soft: bool
    labelled: int
    unlabelled: int
    per_class: tuple[float, ...]
    mean_of_largest: float | None


class Pixels(NamedTuple):
    """The values of pixels, in bytes as they are stored.

    Attributes:
        smallest: The smallest.
        largest: The largest.
        mean: The mean.
        num_examples: Of how many examples, evenly spaced over the split; of pairs, of
            the first ones.
    """

    smallest: int
    largest: int
    mean: float
    num_examples: int


class SplitReport(NamedTuple):
    """What a split holds.

    Attributes:
        num_examples: Number of examples.
        labels: None where there are no classes.
        pixels: The values of pixels.
        content_hash: Identifies images and labels.
    """

    num_examples: int
    labels: Labels | None
    pixels: Pixels
    content_hash: str


class DataReport(NamedTuple):
    """What a dataset holds.

    Attributes:
        name: What tables and records call it.
        image_shape: (height, width, channels).
        num_classes: Number of classes; 0 for none.
        class_names: Of the classes in their order; None where they have none.
        num_modes: Number of modes of a distribution that is known; None otherwise.
        files: The file or directory it is read from; None where there is none.
        splits: By name.
    """

    name: str
    image_shape: ImageShape
    num_classes: int
    class_names: tuple[str, ...] | None
    num_modes: int | None
    files: str | None
    splits: dict[str, SplitReport]

    def as_json(self) -> dict[str, Any]:
        """Returns what JSON can hold; names of fields are those of the tuples."""
        splits = {}
        for name, split in self.splits.items():
            labels = None if split.labels is None else split.labels._asdict()
            parts = {"labels": labels, "pixels": split.pixels._asdict()}
            splits[name] = split._asdict() | parts
        return self._asdict() | {"splits": splits}

    def class_name(self, index: int) -> str:
        """Returns the name of a class, its number where it has none."""
        return str(index) if self.class_names is None else self.class_names[index]


def report(dataset: Dataset, say: Callable[[str], None]) -> DataReport:
    """Reads a dataset.

    Args:
        dataset: The dataset.
        say: Tells the user what takes a while.

    Raises:
        InputError: If files are missing or damaged.
    """
    splits = {}
    for name in ("train", "test"):
        split = dataset.split(name)
        num = examined(split, dataset.image_shape)
        if num < split.num_examples:
            say(announcement(name, split.num_examples, num))
        splits[name] = SplitReport(
            split.num_examples,
            count(split.labels, dataset.num_classes),
            measure(split, num, dataset.image_shape),
            split.content_hash,
        )
    return DataReport(
        dataset.name,
        dataset.image_shape,
        dataset.num_classes,
        dataset.class_names,
        None if dataset.modes is None else dataset.modes.num,
        None if dataset.files is None else str(dataset.files),
        splits,
    )


def count(labels: np.ndarray | None, num_classes: int) -> Labels | None:
    """Returns how many examples have which label.

    Args:
        labels: As `Split.labels`.
        num_classes: Number of classes.
    """
    if labels is None:
        return None
    if labels.ndim == 1:
        labelled = int(np.sum(labels >= 0))
        per_class = np.bincount(labels[labels >= 0], minlength=num_classes)
        return Labels(
            False, labelled, len(labels) - labelled, tuple(per_class.tolist()), None
        )
    known = labels[np.any(labels > 0, axis=1)]
    return Labels(
        True,
        len(known),
        len(labels) - len(known),
        tuple(labels.sum(0, dtype=np.float64).tolist()),
        float(known.max(1).mean(dtype=np.float64)) if len(known) else None,
    )


def examined(split: Split | PairedSplit, image_shape: ImageShape) -> int:
    """Returns of how many examples pixels are looked at."""
    decodes = not isinstance(split, StoredSplit) or split.store.decodes
    most = _DECODED if decodes else max(1, _VALUES // math.prod(image_shape))
    return min(split.num_examples, most)


def measure(split: Split, num_examples: int, image_shape: ImageShape) -> Pixels:
    """Returns what values the pixels of evenly spaced examples have.

    Args:
        split: Where they come from.
        num_examples: How many are looked at.
        image_shape: (height, width, channels).
    """
    chosen = evenly_spaced(split, num_examples)
    batches = chosen.evaluation_batches(
        num_examples, batch_size(num_examples, image_shape)
    )
    return measure_images(batch.images.numpy() for batch in batches)


def measure_images(batches: Iterable[np.ndarray]) -> Pixels:
    """Returns what values the pixels of images have.

    Args:
        batches: Of images [n, height, width, channels] in [0, 1].
    """
    smallest, largest, total, values, num = 255, 0, 0, 0, 0
    for images in batches:
        levels = np.rint(images * 255).astype(np.uint8)
        smallest = min(smallest, int(levels.min()))
        largest = max(largest, int(levels.max()))
        total += int(levels.sum(dtype=np.int64))
        values += levels.size
        num += len(levels)
    return Pixels(smallest, largest, total / values, num)


def batch_size(num_examples: int, image_shape: ImageShape) -> int:
    """Returns how many images to read at a time."""
    return max(1, min(_BATCH // math.prod(image_shape), num_examples))


def evenly_spaced(split: Split, num_examples: int) -> Split:
    """Returns as many examples of a split, the first and the last among them."""
    if num_examples == split.num_examples:
        return split
    positions = np.linspace(0, split.num_examples - 1, num_examples).round()
    return split.take(positions.astype(np.int64))


def announcement(name: str, num_examples: int, num_examined: int) -> str:
    """Returns what to tell users of a split that is not read as a whole."""
    return (
        f"{name}: hashing what {num_examples:,} examples are read from, and looking at "
        f"{num_examined:,} of them; of large files this takes minutes"
    )


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Returns the lines of a table of which all but the first column are numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(
                    cell.rjust(width)
                    for cell, width in zip(row[1:], widths[1:], strict=True)
                ),
            ]
        ).rstrip()
        for row in rows
    ]
