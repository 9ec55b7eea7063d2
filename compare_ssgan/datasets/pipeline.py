"""From stored bytes to batches: order, labels, augmentation, shares of workers.

Everything random is a function of (seed, epoch, example), so that a training goes on
at any batch without reading those before it, and every worker of a distributed
training knows its share of the same batches.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.base import ONLY_WORKER, Worker
from compare_ssgan.datasets.stores.ahead import read_ahead
from compare_ssgan.datasets.stores.store import Arrays, ArrayStore, Store
from compare_ssgan.errors import InputError
from compare_ssgan.types import Samples

# ([n, height, width, channels] uint8, [n] random int64) to images of the same shape.
Augment = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Streams of random numbers beside that of the order: one for the store's own crop, and
# one for each augmentation from the other on.
_CROP_STREAM = 1
_FIRST_AUGMENTATION_STREAM = 2


class Request(NamedTuple):
    """What a batch is made of.

    Attributes:
        positions: [n] rows of the split.
        ids: [n] ids in the store.
        numbers: For the store and for each augmentation [n] random int64; None in
            evaluations, where nothing is random.
    """

    positions: np.ndarray
    ids: np.ndarray
    numbers: tuple[np.ndarray, ...] | None


@dataclasses.dataclass(frozen=True, eq=False)
class StoredSplit:
    """Examples of a store; implements `datasets.base.Split`.

    The training order is one endless sequence: permutation of epoch 0, of epoch 1,
    and so on, cut into batches. A batch at the end of an epoch is filled from the
    next one, so every example is seen once per epoch and no batch is smaller.

    Attributes:
        store: Where images come from.
        num_classes: Number of classes; 0 if there are no labels.
        load_labels: Returns the labels of all rows; see `labels`. Called once.
        rows: Ids in the store of this split's examples in stored order; None for all.
        augmentations: What is done to images of training batches, in this order.
    """

    store: Store
    num_classes: int
    load_labels: Callable[[], np.ndarray | None]
    rows: np.ndarray | None = None
    augmentations: tuple[Augment, ...] = ()

    @property
    def num_examples(self) -> int:
        """Number of examples."""
        return self.store.num_examples if self.rows is None else len(self.rows)

    @functools.cached_property
    def labels(self) -> np.ndarray | None:
        """[examples] integers, -1 for an unlabelled example, or soft labels.

        Soft labels are [examples, classes] float32, a row of zeros for an unlabelled
        example. None where there are no classes.
        """
        labels = self.load_labels()
        assert (labels is None) == (self.num_classes == 0)
        if labels is None:
            return None
        assert len(labels) == self.num_examples
        if labels.ndim == 1:
            assert labels.min() >= -1
            assert labels.max() < self.num_classes
        else:
            assert labels.shape[1] == self.num_classes
        return labels

    @property
    def ids(self) -> np.ndarray:
        """[examples] int64 stable ids: the ids in the store."""
        return np.arange(self.num_examples) if self.rows is None else self.rows

    @functools.cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of images and of all labels."""
        shape = (self.store.num_examples, *self.store.image_shape)
        digest = hashlib.sha256(repr((shape, self.num_classes)).encode())
        self.store.feed(digest)
        if self.rows is not None:
            digest.update(b"rows" + self.rows.astype("<i8").tobytes())
        if self.labels is not None:
            kind = "<i8" if self.labels.ndim == 1 else "<f4"
            digest.update(self.labels.astype(kind).tobytes())
        return digest.hexdigest()

    def with_labels(
        self, labels: np.ndarray | Callable[[], np.ndarray], num_classes: int
    ) -> "StoredSplit":
        """Returns the same examples with other labels; see `datasets.base.Split`."""
        load = labels if callable(labels) else lambda: labels
        return dataclasses.replace(self, num_classes=num_classes, load_labels=load)

    def take(self, positions: np.ndarray) -> "StoredSplit":
        """Returns the examples at these positions; they keep their ids."""

        def labels() -> np.ndarray | None:
            return None if self.labels is None else self.labels[positions]

        rows = self.ids[positions].astype(np.int64)
        return dataclasses.replace(self, load_labels=labels, rows=rows)

    def augmented(self, augment: Augment) -> "StoredSplit":
        """Returns the same examples, changed when they are trained on."""
        return dataclasses.replace(self, augmentations=(*self.augmentations, augment))

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Samples]:
        """Yields shuffled batches without end; see `datasets.base.Split`."""
        if not 0 < batch_size <= self.num_examples:
            raise InputError(
                f"A batch of {batch_size} examples cannot be drawn from a split of "
                f"{self.num_examples}. Change BATCH_SIZE."
            )
        if batch_size % worker.count:
            raise InputError(
                f"A batch of {batch_size} examples cannot be shared equally by "
                f"{worker.count} workers. Change BATCH_SIZE."
            )
        return self._samples(self._training_requests(batch_size, seed, start, worker))

    def evaluation_batches(
        self, num_examples: int, batch_size: int
    ) -> Iterator[Samples]:
        """Yields examples in stored order; see `datasets.base.Split`."""
        if not 0 < num_examples <= self.num_examples:
            raise InputError(
                f"{num_examples} examples were asked of a split of "
                f"{self.num_examples}. Change EVAL_SAMPLES (of the command "
                "evaluate: evaluate.num_samples)."
            )
        positions = (
            np.arange(first, min(first + batch_size, num_examples))
            for first in range(0, num_examples, batch_size)
        )
        return self._samples(Request(p, self._ids(p), None) for p in positions)

    def _ids(self, positions: np.ndarray) -> np.ndarray:
        return positions if self.rows is None else self.rows[positions]

    def _training_requests(
        self, batch_size: int, seed: int, start: int, worker: Worker
    ) -> Iterator[Request]:
        epoch, position = divmod(start * batch_size, self.num_examples)
        order = self._epoch(seed, epoch)
        mine = slice(worker.index, None, worker.count)
        while True:
            batch = order[:, position : position + batch_size]
            position += batch_size
            if position >= self.num_examples:
                epoch, position = epoch + 1, position - self.num_examples
                order = self._epoch(seed, epoch)
                missing = batch_size - batch.shape[1]
                batch = np.concatenate([batch, order[:, :missing]], axis=1)
            positions, *numbers = batch[:, mine]
            yield Request(positions, self._ids(positions), tuple(numbers))

    def _epoch(self, seed: int, epoch: int) -> np.ndarray:
        """Returns the order of an epoch and the numbers of each example in it."""
        num = self.num_examples
        rows = [np.random.default_rng([seed, epoch]).permutation(num)]
        last = _FIRST_AUGMENTATION_STREAM + len(self.augmentations)
        for stream in range(_CROP_STREAM, last):
            rng = np.random.default_rng([seed, epoch, stream])
            rows.append(rng.integers(0, 2**63, num)[rows[0]])
        return np.stack(rows)

    def _samples(self, requests: Iterator[Request]) -> Iterator[Samples]:
        for request, images in read_ahead(self.store, requests):
            yield Samples(
                images=_floats(self._augment(images, request)),
                labels=self._rows_of_labels(request.positions),
                ids=tf.constant(request.ids, tf.int64),
            )

    def _augment(self, images: np.ndarray, request: Request) -> np.ndarray:
        if request.numbers is None:
            return images
        for augment, each in zip(self.augmentations, request.numbers[1:], strict=True):
            images = augment(images, each)
        return images

    def _rows_of_labels(self, positions: np.ndarray) -> tf.Tensor | None:
        if self.labels is None:
            return None
        labels = self.labels[positions]
        if labels.ndim == 1:
            # A label of -1 equals no class: the row of an unlabelled example is zero.
            labels = labels[:, None] == np.arange(self.num_classes)
        return tf.constant(labels, tf.float32)


def _floats(images: np.ndarray) -> tf.Tensor:
    """Returns [n, height, width, channels] float32 in [0, 1] of bytes.

    Floats exist a batch at a time.
    """
    return tf.constant(np.divide(images, np.float32(255), dtype=np.float32))


def array_split(
    arrays: Arrays, num_classes: int, *, hashed_images: int | None = None
) -> StoredSplit:
    """Returns a split of arrays that are there already; see `lazy_array_split`."""
    return lazy_array_split(
        len(arrays.images), num_classes, lambda: arrays, hashed_images=hashed_images
    )


def lazy_array_split(
    num_examples: int,
    num_classes: int,
    load: Callable[[], Arrays],
    *,
    hashed_images: int | None = None,
) -> StoredSplit:
    """Returns a split whose arrays are loaded when the first batch is.

    Args:
        num_examples: Number of examples that `load` returns.
        num_classes: Number of classes; 0 if there are no labels.
        load: Returns the arrays; called once.
        hashed_images: Number of evenly spaced images that the content hash reads,
            None for all.
    """
    store = ArrayStore(num_examples, load, hashed_images=hashed_images)
    return StoredSplit(store, num_classes, store.labels)
