"""What a dataset is, and where datasets that have files find them."""

import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape, Samples


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

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0
    ) -> Iterator[Samples]:
        """Yields shuffled batches without end.

        Args:
            batch_size: Examples per batch, the same for all batches.
            seed: Seed of the order; that of an epoch depends on nothing else.
            start: Number of batches already taken; they are not read again.

        Raises:
            InputError: If a batch is larger than the split.
        """
        ...


class Dataset(NamedTuple):
    """Labelled or unlabelled images, in two splits.

    Images are [batch, height, width, channels] float32 in [0, 1], labels
    [batch, num_classes] one-hot float32 (all zero for an unlabelled example), or
    None where `num_classes` is 0.

    Attributes:
        name: What tables call it.
        image_shape: (height, width, channels).
        num_classes: Number of classes; 0 for an unlabelled dataset.
        train: What networks are trained on.
        test: Never trained on.
    """

    name: str
    image_shape: ImageShape
    num_classes: int
    train: Split
    test: Split

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
