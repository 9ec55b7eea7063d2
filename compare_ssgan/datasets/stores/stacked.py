"""Two stores of aligned images as one."""

from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.types import ImageShape


class StackedStore(NamedTuple):
    """Pairs of images as the channels of one image; implements `Store`.

    Attributes:
        first: Has the first channels.
        second: Has the others; as many images, of the same height and width.
    """

    first: Store
    second: Store

    @property
    def num_examples(self) -> int:
        """Number of pairs."""
        assert self.first.num_examples == self.second.num_examples
        return self.first.num_examples

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every pair."""
        height, width, channels = self.first.image_shape
        assert self.second.image_shape[:2] == (height, width)
        return height, width, channels + self.second.image_shape[2]

    @property
    def decodes(self) -> bool:
        """Whether reading takes work."""
        return self.first.decodes or self.second.decodes

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns the images of both stores, which get the same random numbers."""
        images = [store.read(ids, numbers) for store in (self.first, self.second)]
        return np.concatenate(images, axis=-1)

    def feed(self, digest: Any) -> None:
        """Updates a hash with the content of both stores."""
        self.first.feed(digest)
        self.second.feed(digest)
