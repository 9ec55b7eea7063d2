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
            training: _batched(decoding.decoder(preparation, training=training))
            for training in (False, True)
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
        seeds = np.zeros(len(ids), np.int64)
        training = numbers is not None and self._preparation.random
        if numbers is not None and training:
            seeds = numbers
        decode = self._decoders[training]
        try:
            return _call(decode, encoded, seeds)
        except _UNDECODABLE as error:
            wrong = ids[~_succeeds(decode, encoded, seeds)]
            raise InputError(
                f"{self._describe(int(wrong[0]))} cannot be decoded: it is truncated, "
                "damaged, or neither PNG nor JPEG."
            ) from error

    def feed(self, digest: Any) -> None:
        """Updates a hash with how images are prepared and with their files."""
        digest.update(repr(tuple(self._preparation)).encode())
        self._feed(digest)


def decodable(encoded: Sequence[bytes]) -> np.ndarray:
    """Returns which files can be decoded: [encoded] bool.

    A file that is truncated cannot, nor one that is neither PNG nor JPEG. May be
    called from several threads at a time.

    Args:
        encoded: Contents of files.
    """
    return _succeeds(_sizes, encoded, np.zeros(len(encoded), np.int64))


def _succeeds(
    decode: Callable[..., tf.Tensor], encoded: Sequence[bytes], numbers: np.ndarray
) -> np.ndarray:
    """Returns for each file whether it can be decoded."""
    try:
        _call(decode, encoded, numbers)
    except _UNDECODABLE:
        if len(encoded) == 1:
            return np.zeros(1, bool)
        middle = len(encoded) // 2
        halves = slice(middle), slice(middle, None)
        return np.concatenate(
            [_succeeds(decode, encoded[half], numbers[half]) for half in halves]
        )
    return np.ones(len(encoded), bool)


def _call(
    decode: Callable[..., tf.Tensor], encoded: Sequence[bytes], numbers: np.ndarray
) -> np.ndarray:
    # Images are decoded there, and go to another device a batch at a time.
    with tf.device("CPU:0"):
        decoded = decode(tf.constant(encoded, tf.string), tf.constant(numbers))
        return np.asarray(decoded)


def _batched(
    decode: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], dtype: tf.DType = tf.uint8
) -> Callable[..., tf.Tensor]:
    signature = [tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int64)]

    @tf.function(input_signature=signature)
    def batched(encoded: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            return tf.map_fn(
                lambda each: decode(*each),
                (encoded, numbers),
                fn_output_signature=dtype,
            )

    return batched


_sizes = _batched(
    lambda encoded, _: tf.size(decoding.decode_file(encoded, channels=0)), tf.int32
)
