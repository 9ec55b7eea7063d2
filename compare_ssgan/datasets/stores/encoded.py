"""Images that are stored as PNG or JPEG files, or as records of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores import decoding
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

# [n] ids to the contents of n PNG or JPEG files.
Fetch = Callable[[np.ndarray], Sequence[bytes]]
# What TensorFlow raises for a file that is damaged.
_UNDECODABLE = tf.errors.InvalidArgumentError


class EncodedStore:
    """Images that are decoded when they are read; implements `Store`."""

    decodes = True

    def __init__(
        self,
        num_examples: int,
        fetch: Fetch,
        preparation: Preparation,
        *,
        describe: Callable[[int], str],
        feed: Callable[[Any], None],
    ) -> None:
        """Makes a store.

        Args:
            num_examples: Number of images.
            fetch: Reads the bytes of images; called from several threads at a time.
            preparation: What is done to a decoded image.
            describe: Names the image of an id, for messages: its file, and where in it.
            feed: Updates a hash with the content of all files.
        """
        self.num_examples = num_examples
        self._fetch = fetch
        self._preparation = preparation
        self._describe = describe
        self._feed = feed
        self._decoders = {
            training: _batched(preparation, training) for training in (False, True)
        }

    @property
    def image_shape(self) -> ImageShape:
        """(height, width, channels) of every image."""
        prepared = self._preparation
        return prepared.height, prepared.width, prepared.channels

    @property
    def random(self) -> bool:
        """Whether training images are cropped at random."""
        return self._preparation.random

    def read(self, ids: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
        """Returns decoded and prepared images; see `Store`."""
        encoded = self._fetch(ids)
        training = numbers is not None and self._preparation.random
        seeds = numbers if training else np.zeros(len(ids), np.int64)
        decode = self._decoders[training]
        try:
            return np.asarray(decode(tf.constant(encoded), tf.constant(seeds)))
        except _UNDECODABLE as error:
            raise self._undecodable(ids, encoded) from error

    def _undecodable(self, ids: np.ndarray, encoded: Sequence[bytes]) -> InputError:
        for each, content in zip(ids, encoded, strict=True):
            try:
                self._decoders[False](tf.constant([content]), tf.zeros([1], tf.int64))
            except _UNDECODABLE:
                name = self._describe(int(each))
                return InputError(
                    f"{name} cannot be decoded: it is truncated or damaged."
                )
        return InputError(f"A file near {self._describe(int(ids[0]))} has changed.")

    def feed(self, digest: Any) -> None:
        """Updates a hash with how images are prepared and with their files."""
        digest.update(repr(tuple(self._preparation)).encode())
        self._feed(digest)


def _batched(preparation: Preparation, training: bool) -> Callable[..., tf.Tensor]:
    decode = decoding.decoder(preparation, training=training)
    signature = [tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int64)]

    @tf.function(input_signature=signature)
    def batched(encoded: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda each: decode(*each),
            (encoded, numbers),
            fn_output_signature=tf.uint8,
        )

    return batched
