"""Where the images of a split come from, by id."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from compare_ssgan.types import ImageShape


class Store(Protocol):
    """Images by id, in bytes."""

    @property
    def num_examples(self) -> int:
        """Number of images; ids are 0 to num_examples - 1, the same at every start."""
        ...

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every image."""
        ...

    @property
    def decodes(self) -> bool:
        """Whether reading takes work, so that it is worth doing ahead and in parallel.

        `read` is then called from several threads at a time.
        """
        ...

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Reads images.

        Args:
            ids: [n] ids.
            numbers: [n] random int64 that a random crop depends on and nothing else;
                None as evaluations read, which know no random crop.

        Returns:
            [n, height, width, channels] uint8.

        Raises:
            InputError: If an image cannot be read; it is named.
        """
        ...

    def feed(self, digest: Any) -> None:
        """Updates a hash of `hashlib` with the content of all images.

        With what identifies them, where that is known without reading them all.
        """
        ...


class Arrays(NamedTuple):
    """The content of a split.

    Attributes:
        images: [examples, height, width, channels] uint8, in memory or mapped into it.
        labels: [examples] integers, -1 for an unlabelled example, or [examples,
            classes] soft labels; None where the dataset has no labels.
    """

    images: np.ndarray
    labels: np.ndarray | None = None


class ArrayStore:
    """Images of an array; implements `Store`."""

    decodes = False

    def __init__(
        self,
        num_examples: int,
        load: Callable[[], Arrays],
        *,
        hashed_images: int | None = None,
    ) -> None:
        """Makes a store whose arrays are loaded when they are asked for.

        Args:
            num_examples: Number of examples that `load` returns.
            load: Returns the arrays; called once.
            hashed_images: Number of evenly spaced images that the content hash reads,
                None for all: those of a large dataset take minutes.
        """
        self.num_examples = num_examples
        self._load = load
        self._hashed_images = hashed_images

    @functools.cached_property
    def arrays(self) -> Arrays:
        """Images and labels."""
        images, labels = self._load()
        assert images.dtype == np.uint8
        assert images.ndim == 4
        assert len(images) == self.num_examples
        return Arrays(images, labels)

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every image."""
        height, width, channels = self.arrays.images.shape[1:]
        return height, width, channels

    def labels(self) -> np.ndarray | None:
        """Returns the labels; see `Arrays`."""
        return self.arrays.labels

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns images of the array; see `Store`."""
        del numbers
        return np.asarray(self.arrays.images[ids])

    def feed(self, digest: Any) -> None:
        """Updates a hash with all images, or with those that `hashed_images` says."""
        images, num = self.arrays.images, self._hashed_images
        if num is not None and num < len(images):
            digest.update(f"{num} images".encode())
            images = images[np.linspace(0, len(images) - 1, num).round().astype(int)]
        digest.update(np.ascontiguousarray(images).data)
