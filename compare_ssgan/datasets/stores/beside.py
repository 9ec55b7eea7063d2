"""Two stores as pictures of pairs."""

from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.types import ImageShape


class BesideStore(NamedTuple):
    """Images of one store on the left, of another on the right; implements `Store`.

    A store with fewer images begins again where it ends. If one is greyscale and the
    other is not, pictures are in colour.

    Attributes:
        left: Images.
        right: Images of the same height.
    """

    left: Store
    right: Store

    @property
    def num_examples(self) -> int:
        """Number of images of the larger store."""
        return max(self.left.num_examples, self.right.num_examples)

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every picture."""
        (height, left, *_), (_, right, _) = (store.image_shape for store in self)
        return height, left + right, max(store.image_shape[2] for store in self)

    @property
    def decodes(self) -> bool:
        """Whether reading takes work."""
        return any(store.decodes for store in self)

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns pictures; see `Store`."""
        height, _, channels = self.image_shape
        halves = [
            np.broadcast_to(
                store.read(ids % store.num_examples, numbers),
                (len(ids), height, store.image_shape[1], channels),
            )
            for store in self
        ]
        return np.concatenate(halves, axis=2)

    def feed(self, digest: Any) -> None:
        """Updates a hash with the content of both stores."""
        for store in self:
            store.feed(digest)
