"""A split that is known only when it is read."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from compare_ssgan.datasets.base import ONLY_WORKER, Split, Worker
from compare_ssgan.types import Samples


class LazySplit:
    """Makes a split when it is first asked for; implements `datasets.base.Split`.

    For transforms that choose examples by their labels, which a dataset without its
    files cannot tell.
    """

    def __init__(self, load: Callable[[], Split]) -> None:
        """Keeps `load`, which makes the split and is called once."""
        self._load = load

    @functools.cached_property
    def _split(self) -> Split:
        return self._load()

    @property
    def num_examples(self) -> int:
        """Number of examples."""
        return self._split.num_examples

    @property
    def labels(self) -> np.ndarray | None:
        """Labels; see `datasets.base.Split`."""
        return self._split.labels

    @property
    def ids(self) -> np.ndarray:
        """[examples] int64 stable ids."""
        return self._split.ids

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of images and labels."""
        return self._split.content_hash

    def training_batches(
        self, batch_size: int, seed: int, start: int = 0, worker: Worker = ONLY_WORKER
    ) -> Iterator[Samples]:
        """Yields shuffled batches without end; see `datasets.base.Split`."""
        return self._split.training_batches(batch_size, seed, start, worker)

    def evaluation_batches(
        self, num_examples: int, batch_size: int
    ) -> Iterator[Samples]:
        """Yields examples in stored order; see `datasets.base.Split`."""
        return self._split.evaluation_batches(num_examples, batch_size)

    def with_labels(
        self, labels: np.ndarray | Callable[[], np.ndarray], num_classes: int
    ) -> "LazySplit":
        """Returns the same examples with other labels."""
        return LazySplit(lambda: self._split.with_labels(labels, num_classes))

    def take(self, positions: np.ndarray) -> "LazySplit":
        """Returns the examples at these positions."""
        return LazySplit(lambda: self._split.take(positions))

    def augmented(
        self, augment: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> "LazySplit":
        """Returns the same examples, changed when they are trained on."""
        return LazySplit(lambda: self._split.augmented(augment))
