"""What a dataset is, and where datasets that have files find them."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape, Samples


@dataclasses.dataclass(frozen=True)
class Worker:
    """One of the processes that train on the same batches.

    Attributes:
        index: From 0 to `count` - 1.
        count: Number of workers; of every batch, each reads the examples index,
            index + count, index + 2 count, ...
    """

    index: int = 0
    count: int = 1


ONLY_WORKER = Worker()


class Examples(Protocol):
    """Examples in a fixed order."""

    @property
    def num_examples(self) -> int:
        """Number of examples."""
        ...

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of images and labels, computed when asked for."""
        ...

    def evaluation_batches(
        self, num_examples: int, batch_size: int
    ) -> Iterator[Samples]:
        """Yields the first `num_examples` in stored order, the last batch as it comes.

        Raises:
            InputError: If there are fewer examples.
        """
        ...


class Split(Examples, Protocol):
    """Examples that can be trained on."""

    @property
    def labels(self) -> np.ndarray | None:
        """[examples] integers, -1 for an unlabelled example, or soft labels.

        Soft labels are [examples, classes] float32, a row of zeros for an unlabelled
        example. None where there are no classes.
        """
        ...

    @property
    def ids(self) -> np.ndarray:
        """[examples] int64 stable ids, in stored order."""
        ...

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Samples]:
        """Yields shuffled batches without end.

        Args:
            batch_size: Examples per batch of all workers together, the same for all
                batches.
            seed: Seed of order and augmentation; those of an epoch depend on nothing
                else.
            start: Number of batches already taken; they are not read again.
            worker: Whose share of each batch is wanted.

        Raises:
            InputError: If a batch is larger than the split, or cannot be shared.
        """
        ...

    def with_labels(
        self, labels: np.ndarray | Callable[[], np.ndarray], num_classes: int
    ) -> "Split":
        """Returns the same examples with other labels.

        Args:
            labels: As `labels`, or what returns them, called when they are read.
            num_classes: Number of classes.
        """
        ...

    def take(self, positions: np.ndarray) -> "Split":
        """Returns the examples at these positions; they keep their ids."""
        ...

    def augmented(
        self, augment: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> "Split":
        """Returns the same examples, changed when they are trained on.

        Args:
            augment: Maps [n, height, width, channels] uint8 and [n] random int64, which
                are a function of (seed, epoch, example), to images of the same shape.
        """
        ...


class Modes(NamedTuple):
    """The modes of a distribution that is known, for counting those a model has.

    Attributes:
        num: Number of modes, all of the same probability.
        assign: Maps images [n, height, width, channels] uint8, and a classifier of
            digits ([m, height, width, 1] uint8 to [m] integers) that it may use, to [n]
            integers: the mode of each image, -1 for an image of none.
    """

    num: int
    assign: Callable[[np.ndarray, Callable[[np.ndarray], np.ndarray]], np.ndarray]


class Dataset(NamedTuple):
    """Labelled or unlabelled images, in two splits.

    Images are [batch, height, width, channels] float32 in [0, 1], labels
    [batch, num_classes] float32: one-hot, or soft; all zero for an unlabelled example;
    None where `num_classes` is 0.

    Attributes:
        name: What tables call it: the set, and all that was done to it.
        image_shape: (height, width, channels).
        num_classes: Number of classes; 0 for an unlabelled dataset.
        train: What networks are trained on.
        test: Never trained on.
        class_names: Of the classes in their order; None where they have none.
        modes: Of a distribution that is known.
        get: Downloads and prepares the files, for the command `data get`; None where
            there is nothing to download.
        files: The file or directory that examples are read from; None where there is
            none.
        own_classes: Whether classes are those that the set came with, which its
            classifiers know; False after a transform that brings others.
    """

    name: str
    image_shape: ImageShape
    num_classes: int
    train: Split
    test: Split
    class_names: tuple[str, ...] | None = None
    modes: Modes | None = None
    get: Callable[[], None] | None = None
    files: pathlib.Path | None = None
    own_classes: bool = True

    def split(self, name: str) -> Split:
        """Returns the split called `name`.

        Raises:
            InputError: If there is none of that name.
        """
        if name not in ("train", "test"):
            raise InputError(
                f"A dataset has the splits 'train' and 'test', not {name!r}. "
                "Change evaluate.split."
            )
        return self.train if name == "train" else self.test


# What may be done to a dataset before it is trained on; the name stays.
Transform = Callable[[Dataset], Dataset]

_directory: pathlib.Path | None = None


def set_data_directory(path: str | os.PathLike[str] | None) -> None:
    """Sets the directory that holds the files of datasets, for this process.

    It is no setting of a run: the same files elsewhere are the same experiment.

    Args:
        path: What --data_dir says, or None where nothing does.
    """
    global _directory
    _directory = None if path is None else pathlib.Path(path).expanduser()


def data_directory() -> pathlib.Path | None:
    """Returns the directory that holds the files of datasets, None if none is set."""
    return _directory
