"""A split that is an array of bytes; floats exist a batch at a time."""

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.types import Samples


class Arrays(NamedTuple):
    """The content of a split.

    Attributes:
        images: [examples, height, width, channels] uint8, in memory or mapped into it.
        labels: [examples] integers, -1 for an unlabelled example; None where the
            dataset has no labels.
    """

    images: np.ndarray
    labels: np.ndarray | None = None


class ArraySplit:
    """Examples of two arrays; implements `datasets.base.Split`.

    The training order is one endless sequence: permutation of epoch 0, of epoch 1,
    and so on, cut into batches. A batch at the end of an epoch is filled from the
    next one, so every example is seen once per epoch and no batch is smaller.
    """

    def __init__(
        self,
        num_examples: int,
        num_classes: int,
        load: Callable[[], Arrays],
        *,
        hashed_images: int | None = None,
    ) -> None:
        """Makes a split whose arrays are loaded when the first batch is.

        Args:
            num_examples: Number of examples that `load` returns.
            num_classes: Number of classes; 0 if there are no labels.
            load: Returns the arrays; called once.
            hashed_images: Number of evenly spaced images that the content hash reads,
                None for all: those of a large dataset take minutes.
        """
        self.num_examples = num_examples
        self._num_classes = num_classes
        self._load = load
        self._hashed_images = hashed_images

    @classmethod
    def of(
        cls, arrays: Arrays, num_classes: int, *, hashed_images: int | None = None
    ) -> "ArraySplit":
        """Makes a split of arrays that are there already."""
        return cls(
            len(arrays.images),
            num_classes,
            lambda: arrays,
            hashed_images=hashed_images,
        )

    @functools.cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of images, all or some of them, and of all labels."""
        images, labels = self._arrays
        digest = hashlib.sha256(repr((images.shape, self._num_classes)).encode())
        num = self._hashed_images
        if num is not None and num < len(images):
            digest.update(f"{num} images".encode())
            images = images[np.linspace(0, len(images) - 1, num).round().astype(int)]
        digest.update(np.ascontiguousarray(images).data)
        if labels is not None:
            digest.update(labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0
    ) -> Iterator[Samples]:
        """Yields shuffled batches without end; see `datasets.base.Split`."""
        if not 0 < batch_size <= self.num_examples:
            raise InputError(
                f"A batch of {batch_size} examples cannot be drawn from a split of "
                f"{self.num_examples}. Change BATCH_SIZE."
            )
        return self._training_batches(batch_size, seed, start)

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
        return (
            self._samples(np.arange(first, min(first + batch_size, num_examples)))
            for first in range(0, num_examples, batch_size)
        )

    @functools.cached_property
    def _arrays(self) -> Arrays:
        images, labels = self._load()
        assert images.dtype == np.uint8
        assert images.ndim == 4
        assert len(images) == self.num_examples
        assert (labels is None) == (self._num_classes == 0)
        if labels is not None:
            assert labels.shape == (len(images),)
            assert labels.min() >= -1
            assert labels.max() < self._num_classes
        return Arrays(images, labels)

    def _training_batches(
        self, batch_size: int, seed: int, start: int
    ) -> Iterator[Samples]:
        epoch, position = divmod(start * batch_size, self.num_examples)
        order = self._order(seed, epoch)
        while True:
            ids = order[position : position + batch_size]
            position += batch_size
            if position >= self.num_examples:
                epoch, position = epoch + 1, position - self.num_examples
                order = self._order(seed, epoch)
                ids = np.concatenate([ids, order[: batch_size - len(ids)]])
            yield self._samples(ids)

    def _order(self, seed: int, epoch: int) -> np.ndarray:
        return np.random.default_rng([seed, epoch]).permutation(self.num_examples)

    def _samples(self, ids: np.ndarray) -> Samples:
        images, labels = self._arrays
        batch = images[ids].astype(np.float32) / np.float32(255)
        one_hot = None
        if labels is not None:
            # A label of -1 equals no class: the row of an unlabelled example is zero.
            one_hot = labels[ids][:, None] == np.arange(self._num_classes)
            one_hot = tf.constant(one_hot, tf.float32)
        return Samples(
            images=tf.constant(batch), labels=one_hot, ids=tf.constant(ids, tf.int64)
        )
