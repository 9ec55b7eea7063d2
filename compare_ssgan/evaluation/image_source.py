"""Images, or features, that a user brings along, as metrics read them."""

import hashlib
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import Prepare
from compare_ssgan.types import ImageShape, Samples

# (number of images, batch size, what to do with each image before it is one of a
# batch) to batches of float32 images, in [0, 1] unless prepared.
Read = Callable[[int, int, Prepare | None], Iterator[tf.Tensor]]


_ROWS = 1000


class ImageSource(NamedTuple):
    """Images in a fixed order, read batch by batch and never kept.

    Attributes:
        path: Where they come from, for messages.
        num_examples: Number of images.
        channels: 1 or 3, of every image.
        image_shape: (height, width, channels), None where sizes differ.
        unequal: Why there is no such shape: the first image that differs.
        read: Reads the images.
        digest: Computes the hash of images and labels.
        labels: [num_examples] int64, -1 for an unlabelled image; None if there are no
            labels.
        class_names: Of labels 0, 1, ... where classes have names that are no numbers.
        prepare: What is done with each image, since sizes differ.
    """

    path: pathlib.Path
    num_examples: int
    channels: int
    image_shape: ImageShape | None
    unequal: str
    read: Read
    digest: Callable[[], str]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    prepare: Prepare | None = None

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of images and labels; no name of a file is part of it."""
        return self.digest()

    def evaluation_batches(
        self, num_examples: int, batch_size: int
    ) -> Iterator[Samples]:
        """Yields the first `num_examples`, the last batch as it comes.

        Labels are one-hot, all zero for an unlabelled image.

        Raises:
            InputError: If there are fewer, an image cannot be decoded, or sizes differ
                and nothing is known to prepare them.
        """
        if num_examples > self.num_examples:
            raise InputError(
                f"{self.path} has {self.num_examples} images, not {num_examples}."
            )
        if self.image_shape is None and self.prepare is None:
            raise InputError(self.unequal)
        first = 0
        for images in self.read(num_examples, batch_size, self.prepare):
            last = first + int(images.shape[0])
            yield Samples(images, self._one_hot(first, last))
            first = last

    def _one_hot(self, first: int, last: int) -> tf.Tensor | None:
        if self.labels is None:
            return None
        classes = max(int(self.labels.max()) + 1, 1)
        return tf.one_hot(self.labels[first:last], classes)


class FeatureSource(NamedTuple):
    """Features that a user computed.

    Attributes:
        path: Where they come from, for messages.
        features: [examples, feature_size] float32 or float64, possibly on disk.
        labels: [examples] int64, or None.
    """

    path: pathlib.Path
    features: np.ndarray
    labels: np.ndarray | None = None

    @property
    def num_examples(self) -> int:
        """Number of feature vectors."""
        return len(self.features)

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the features."""
        about = (self.features.shape, str(self.features.dtype))
        digest = hashlib.sha256(repr(("features 1", *about)).encode())
        for first in range(0, len(self.features), _ROWS):
            rows = np.ascontiguousarray(self.features[first : first + _ROWS])
            digest.update(rows.data)
        return digest.hexdigest()
