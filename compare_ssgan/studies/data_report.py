"""What a dataset holds, found by reading it."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets.base import Dataset, Split
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
        num_examples: Of how many examples, evenly spaced over the split.
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
        paired: Whether images are pairs, the source left of the target.
        splits: By name.
    """

    name: str
    image_shape: ImageShape
    num_classes: int
    class_names: tuple[str, ...] | None
    num_modes: int | None
    files: str | None
    paired: bool
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


def report(
    dataset: Dataset, say: Callable[[str], None], *, paired: bool = False
) -> DataReport:
    """Reads a dataset.

    Args:
        dataset: The dataset; of one of pairs, its pictures of them.
        say: Tells the user what takes a while.
        paired: Whether it is one of pairs.

    Raises:
        InputError: If files are missing or damaged.
    """
    splits = {}
    for name in ("train", "test"):
        split = dataset.split(name)
        num = examined(split, dataset.image_shape)
        if num < split.num_examples:
            say(
                f"{name}: hashing what {split.num_examples:,} examples are read from, "
                f"and looking at {num:,} of them; of large files this takes minutes"
            )
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
        paired,
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


def examined(split: Split, image_shape: ImageShape) -> int:
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
    smallest, largest, total = 255, 0, 0
    for levels in _levels(evenly_spaced(split, num_examples), image_shape):
        smallest = min(smallest, int(levels.min()))
        largest = max(largest, int(levels.max()))
        total += int(levels.sum(dtype=np.int64))
    mean = total / (num_examples * math.prod(image_shape))
    return Pixels(smallest, largest, mean, num_examples)


def evenly_spaced(split: Split, num_examples: int) -> Split:
    """Returns as many examples of a split, the first and the last among them."""
    if num_examples == split.num_examples:
        return split
    positions = np.linspace(0, split.num_examples - 1, num_examples).round()
    return split.take(positions.astype(np.int64))


def _levels(split: Split, image_shape: ImageShape) -> Iterator[np.ndarray]:
    batch_size = max(1, min(_BATCH // math.prod(image_shape), split.num_examples))
    for batch in split.evaluation_batches(split.num_examples, batch_size):
        yield np.rint(batch.images.numpy() * 255).astype(np.uint8)
