"""Decoded images kept in memory."""

import os
import threading
from typing import Any

import numpy as np

from compare_ssgan.datasets.stores.encoded import EncodedStore
from compare_ssgan.types import ImageShape

# At most, and at most a quarter of the memory that the machine has.
_LIMIT_BYTES = 4 * 2**30
_SHARE = 4


class CachedStore:
    """Images that are decoded once and then kept as bytes; implements `Store`.

    Where crops are random, or all images are more than the limit, nothing is kept:
    images are read from the store below every time.
    """

    def __init__(self, store: EncodedStore, limit_bytes: int | None = None) -> None:
        """Keeps nothing yet.

        Args:
            store: What decodes.
            limit_bytes: Most bytes of memory; None for 4 GiB, or a quarter of the
                machine's memory where that is less.
        """
        if limit_bytes is None:
            limit_bytes = min(_LIMIT_BYTES, _memory_bytes() // _SHARE)
        self._store = store
        self._shape = (store.num_examples, *store.image_shape)
        self._keeps = not store.random and np.prod(self._shape) <= limit_bytes
        self._lock = threading.Lock()
        self._images: np.ndarray | None = None
        self._filled = np.zeros(store.num_examples if self._keeps else 0, bool)
        self._complete = False

    @property
    def num_examples(self) -> int:
        """Number of images."""
        return self._store.num_examples

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every image."""
        return self._store.image_shape

    @property
    def decodes(self) -> bool:
        """Whether reading takes work still."""
        return not self._complete

    @property
    def random(self) -> bool:
        """Whether training images are cropped at random."""
        return self._store.random

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns images, those that were read before from memory; see `Store`."""
        if not self._keeps:
            return self._store.read(ids, numbers)
        images = self._memory()
        # Two threads may decode the same image at a time; they write the same bytes.
        missing = np.unique(ids[~self._filled[ids]])
        if len(missing):
            images[missing] = self._store.read(missing, None)
            with self._lock:
                self._filled[missing] = True
                self._complete = bool(self._filled.all())
        return np.asarray(images[ids])

    def feed(self, digest: Any) -> None:
        """Updates a hash with how images are prepared and with their files."""
        self._store.feed(digest)

    def _memory(self) -> np.ndarray:
        with self._lock:
            if self._images is None:
                # Pages that nothing is written to take no memory.
                self._images = np.empty(self._shape, np.uint8)
            return self._images


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
