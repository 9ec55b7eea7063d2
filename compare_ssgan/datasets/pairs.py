"""Pairs of images for image-to-image GANs: what such a dataset is, and its order."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from compare_ssgan.datasets.base import ONLY_WORKER, Dataset, Split, Worker
from compare_ssgan.datasets.pipeline import StoredSplit
from compare_ssgan.datasets.stores.beside import BesideStore
from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape, Pair, Samples


class PairedSplit(Protocol):
    """Pairs of images that can be trained on.

    Images are [batch, height, width, channels] float32 in [0, 1] on either side, labels
    None; the ids of a side are stable and its own.
    """

    @property
    def num_examples(self) -> int:
        """Number of pairs; of unaligned domains, images of the larger one."""
        ...

    @property
    def beside(self) -> Split:
        """The pairs of an evaluation as pictures, the source on the left."""
        ...

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the images of both sides."""
        ...

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Pair]:
        """Yields shuffled, jittered batches without end; see `base.Split`."""
        ...

    def evaluation_batches(self, num_examples: int, batch_size: int) -> Iterator[Pair]:
        """Yields the first `num_examples` pairs without jitter, the last as it comes.

        Raises:
            InputError: If there are fewer.
        """
        ...


class PairedDataset(NamedTuple):
    """Images of two domains, in two splits.

    Attributes:
        name: What tables call it: the set, and whatever changes evaluation images.
        source_shape: (height, width, channels) of what is translated.
        target_shape: (height, width, channels) of what it is translated to.
        train: What networks are trained on.
        test: Never trained on.
        get: Downloads and prepares the files, for the command `data get`; None where
            the user does.
        files: The directory that examples are read from; None where there is none.
    """

    name: str
    source_shape: ImageShape
    target_shape: ImageShape
    train: PairedSplit
    test: PairedSplit
    get: Callable[[], None] | None = None
    files: pathlib.Path | None = None

    def beside(self) -> Dataset:
        """Returns the pairs as pictures for looking at, the source on the left."""
        height, source_width, source_channels = self.source_shape
        _, target_width, target_channels = self.target_shape
        channels = max(source_channels, target_channels)
        return Dataset(
            self.name,
            (height, source_width + target_width, channels),
            num_classes=0,
            train=self.train.beside,
            test=self.test.beside,
            get=self.get,
            files=self.files,
        )


def refuse_pairs(dataset: Any, purpose: str) -> None:
    """Refuses a dataset of pairs where single images are needed.

    Args:
        dataset: A `Dataset` or a `PairedDataset`.
        purpose: What needs single images, as the subject of a sentence.

    Raises:
        InputError: If it is a `PairedDataset`.
    """
    if isinstance(dataset, PairedDataset):
        raise InputError(
            f"{dataset.name} has pairs of images, for image-to-image GANs, but "
            f"{purpose} needs a dataset of single images. Choose another --dataset "
            "(DATASET)."
        )


class Sides(NamedTuple):
    """Images of the two domains, as they are evaluated.

    Attributes:
        source: What is translated.
        target: What it is translated to.
    """

    source: Store
    target: Store

    @property
    def num_examples(self) -> int:
        """Number of pairs; of unaligned domains, images of the larger one."""
        return max(store.num_examples for store in self)

    def batches(self, num_examples: int, batch_size: int) -> Iterator[Pair]:
        """Yields pairs in stored order; a smaller side begins again where it ends."""
        positions = np.arange(self.num_examples)
        source, target = (
            unlabelled(store)
            .take(positions % store.num_examples)
            .evaluation_batches(num_examples, batch_size)
            for store in self
        )
        return map(Pair, source, target)


def unlabelled(store: Store) -> StoredSplit:
    """Returns all images of a store."""
    return StoredSplit(store, 0, lambda: None)


class Aligned(NamedTuple):
    """Pairs of images that show the same.

    In training both images of a pair are the channels of one, so that order and jitter
    are the same on both sides by construction.

    Attributes:
        training: The channels of the source before those of the target, jittered.
        evaluation: The same examples.
    """

    training: StoredSplit
    evaluation: Sides

    def training_batches(
        self, batch_size: int, seed: int, start: int, worker: Worker
    ) -> Iterator[Pair]:
        """Yields shuffled batches without end; see `PairedSplit`."""
        channels = self.evaluation.source.image_shape[2]

        def pair(both: Samples) -> Pair:
            source, target = both.images[..., :channels], both.images[..., channels:]
            return Pair(both._replace(images=source), both._replace(images=target))

        batches = self.training.training_batches(batch_size, seed, start, worker)
        return map(pair, batches)


class Unaligned(NamedTuple):
    """Images of two domains in orders of their own.

    In training each domain is one endless sequence of permutations, drawn and jittered
    independently of the other's, so that all of its images are seen equally often
    whatever the size of the other. An epoch, as CycleGAN counts, is as many pairs as
    the larger domain has images. (CycleGAN's own code draws images with replacement.)

    Attributes:
        source: What is translated, jittered.
        target: What it is translated to, jittered.
        evaluation: The same examples.
    """

    source: StoredSplit
    target: StoredSplit
    evaluation: Sides

    def training_batches(
        self, batch_size: int, seed: int, start: int, worker: Worker
    ) -> Iterator[Pair]:
        """Yields shuffled batches without end; see `PairedSplit`."""
        first, second = _seeds(seed)
        return map(
            Pair,
            self.source.training_batches(batch_size, first, start, worker),
            self.target.training_batches(batch_size, second, start, worker),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class StoredPairs:
    """Pairs that are looked for when they are needed; implements `PairedSplit`.

    Attributes:
        load: Returns the examples; called once, when the first is asked for.
    """

    load: Callable[[], Aligned | Unaligned]

    @functools.cached_property
    def _examples(self) -> Aligned | Unaligned:
        return self.load()

    @property
    def num_examples(self) -> int:
        """Number of pairs; of unaligned domains, images of the larger one."""
        return self._examples.evaluation.num_examples

    @functools.cached_property
    def beside(self) -> StoredSplit:
        """The pairs of an evaluation as pictures, the source on the left."""
        return unlabelled(BesideStore(*self._examples.evaluation))

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the images of both sides."""
        return self.beside.content_hash

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Pair]:
        """Yields shuffled, jittered batches without end; see `PairedSplit`."""
        return self._examples.training_batches(batch_size, seed, start, worker)

    def evaluation_batches(self, num_examples: int, batch_size: int) -> Iterator[Pair]:
        """Yields pairs in stored order; see `PairedSplit`."""
        return self._examples.evaluation.batches(num_examples, batch_size)


def _seeds(seed: int) -> tuple[int, int]:
    """Returns independent seeds of source and target."""
    source, target = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    return int(source), int(target)
