"""TensorBoard events of a run: a view of the record, never its source."""

import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf


class Board:
    """Writes events.* into a run's directory.

    Events cannot be truncated: after an interruption, steps that were done again
    are there twice, with equal values.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._writer = tf.summary.create_file_writer(str(directory))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Adds scalars by name."""
        with self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds a [height, width, channels] uint8 image."""
        with self._writer.as_default(step):
            tf.summary.image(name, image[None])

    def flush(self) -> None:
        """Writes what is buffered."""
        self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the file."""
        self._writer.close()
