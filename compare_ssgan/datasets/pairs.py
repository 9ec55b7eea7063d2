"""Pairs of images for image-to-image GANs: what such a dataset is, and its order."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from compare_ssgan.datasets.base import ONLY_WORKER, Worker
from compare_ssgan.datasets.pipeline import StoredSplit
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
    """

    name: str
    source_shape: ImageShape
    target_shape: ImageShape
    train: PairedSplit
    test: PairedSplit
    get: Callable[[], None] | None = None


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


class Views(NamedTuple):
    """The same examples twice.

    Attributes:
        training: As they are trained on, jittered.
        evaluation: As they are evaluated.
    """

    training: StoredSplit
    evaluation: StoredSplit


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedSplit:
    """Pairs of images that show the same; implements `PairedSplit`.

    Both images of a pair are the channels of one, so that order and jitter are the
    same on both sides by construction.

    Attributes:
        load: Returns the examples; called once, when the first is asked for.
        source_channels: The first channels, which are the source.
    """

    load: Callable[[], Views]
    source_channels: int

    @functools.cached_property
    def _views(self) -> Views:
        return self.load()

    @property
    def num_examples(self) -> int:
        """Number of pairs."""
        return self._views.evaluation.num_examples

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the images of both sides."""
        return self._views.evaluation.content_hash

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Pair]:
        """Yields shuffled, jittered batches without end; see `PairedSplit`."""
        training = self._views.training
        return map(
            self._pair, training.training_batches(batch_size, seed, start, worker)
        )

    def evaluation_batches(self, num_examples: int, batch_size: int) -> Iterator[Pair]:
        """Yields pairs in stored order; see `PairedSplit`."""
        evaluation = self._views.evaluation
        return map(self._pair, evaluation.evaluation_batches(num_examples, batch_size))

    def _pair(self, stacked: Samples) -> Pair:
        source = stacked.images[..., : self.source_channels]
        target = stacked.images[..., self.source_channels :]
        return Pair(stacked._replace(images=source), stacked._replace(images=target))


@dataclasses.dataclass(frozen=True, eq=False)
class UnalignedSplit:
    """Images of two domains in orders of their own; implements `PairedSplit`.

    In training each domain is one endless sequence of permutations, drawn and jittered
    independently of the other's, so that all of its images are seen equally often
    whatever the size of the other. An epoch, as CycleGAN counts, is as many pairs as
    the larger domain has images. (CycleGAN's own code draws images with replacement.)

    An evaluation pairs images in stored order; the smaller domain begins again where
    it ends, which its ids show.

    Attributes:
        load: Returns source and target; called once, when the first image is asked
            for.
    """

    load: Callable[[], tuple[Views, Views]]

    @functools.cached_property
    def _domains(self) -> tuple[Views, Views]:
        return self.load()

    @property
    def num_examples(self) -> int:
        """Number of images of the larger domain."""
        return max(domain.evaluation.num_examples for domain in self._domains)

    @functools.cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the images of both domains."""
        hashes = [domain.evaluation.content_hash for domain in self._domains]
        return hashlib.sha256(" ".join(hashes).encode()).hexdigest()

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Pair]:
        """Yields shuffled, jittered batches without end; see `PairedSplit`.

        Raises:
            InputError: If a batch is larger than the smaller domain, or cannot be
                shared.
        """
        source, target = (
            domain.training.training_batches(batch_size, own_seed, start, worker)
            for domain, own_seed in zip(self._domains, _seeds(seed), strict=True)
        )
        return map(Pair, source, target)

    def evaluation_batches(self, num_examples: int, batch_size: int) -> Iterator[Pair]:
        """Yields pairs in stored order; see `PairedSplit`."""
        num = self.num_examples
        source, target = (
            domain.evaluation
            if domain.evaluation.num_examples == num
            else domain.evaluation.take(np.arange(num) % domain.evaluation.num_examples)
            for domain in self._domains
        )
        return map(
            Pair,
            source.evaluation_batches(num_examples, batch_size),
            target.evaluation_batches(num_examples, batch_size),
        )


def _seeds(seed: int) -> tuple[int, int]:
    """Returns independent seeds of source and target."""
    source, target = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    return int(source), int(target)
