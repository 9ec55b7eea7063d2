"""What every feature network is wrapped in."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

_BATCH_SIZE = 100
_LARGEST_LEVEL = 255

# [batch, height, width, channels] in [0, 1] to what a network takes.
Prepare = Callable[[tf.Tensor], tf.Tensor]


class Features(NamedTuple):
    """What a feature network says about images.

    Attributes:
        features: [examples, feature_size] float32.
        logits: [examples, num_logits] float32 class logits, unnormalized.
    """

    features: np.ndarray
    logits: np.ndarray


class FeatureExtractor:
    """A fixed network, compiled once for one batch size.

    Images are rounded to the 256 levels of a file first: scoring generated images
    in memory and scoring them saved gives the same number, and real and generated
    images are treated alike. An image that is not finite has features that are NaN.

    Attributes:
        name: Part of the names of metrics; another network needs another name.
        weights_hash: Identifies network and weights in caches.
        feature_size: Size of a feature vector.
        num_logits: Number of class logits; 0 if the network is no classifier.
        image_shape: The only shape accepted, or None for any.
        logits_name: Part of the names of metrics that see the logits, where there
            are several kinds of these; empty for the usual ones.
        prepare: Brings images of one size to that of the network, whose input it
            returns; None where it does not resize. See `of_prepared`.
    """

    def __init__(
        self,
        name: str,
        network: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
        *,
        weights_hash: str,
        feature_size: int,
        num_logits: int,
        image_shape: ImageShape | None = None,
        batch_size: int = _BATCH_SIZE,
        logits_name: str = "",
        prepare: Prepare | None = None,
    ) -> None:
        """Wraps a network.

        Args:
            name: See the class.
            network: Maps [batch, height, width, channels] in [0, 1], or what `prepare`
                makes of them, to features [batch, feature_size] and logits
                [batch, num_logits].
            weights_hash: See the class.
            feature_size: See the class.
            num_logits: See the class.
            image_shape: See the class.
            batch_size: Images per call of the network; smaller batches are padded.
            logits_name: See the class.
            prepare: Maps [batch, height, width, channels] in [0, 1], rounded to 256
                levels, to the input of the network; None for these themselves.
        """
        self.name = name
        self.weights_hash = weights_hash
        self.feature_size = feature_size
        self.num_logits = num_logits
        self.image_shape = image_shape
        self.logits_name = logits_name
        self._batch_size = batch_size
        self.prepare = None if prepare is None else _after_rounding(prepare)
        ready = self.prepare or _rounded
        self._of_prepared = tf.function(network, autograph=False)

        def checked(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            features, logits = network(ready(images))
            # Rectifiers turn NaN into 0: images of a diverged generator would get
            # features like any other.
            finite = tf.reduce_all(tf.math.is_finite(images), [1, 2, 3])[:, None]
            nan = tf.constant(np.nan, tf.float32)
            return tf.where(finite, features, nan), tf.where(finite, logits, nan)

        self._network = tf.function(checked, autograph=False)

    def __call__(self, images: tf.Tensor | np.ndarray) -> Features:
        """Returns features and logits.

        Args:
            images: [examples, height, width, channels] float32 in [0, 1]; any
                number of examples.
        """
        images = tf.convert_to_tensor(images, tf.float32)
        num = int(images.shape[0])
        found = []
        for first in range(0, num, self._batch_size):
            batch = images[first : first + self._batch_size]
            missing = self._batch_size - int(batch.shape[0])
            if missing:
                batch = tf.pad(batch, [[0, missing], [0, 0], [0, 0], [0, 0]])
            found.append(self._network(batch))
        features, logits = zip(*found, strict=True)
        return Features(
            np.concatenate([f.numpy() for f in features])[:num],
            np.concatenate([k.numpy() for k in logits])[:num],
        )

    def of_prepared(self) -> "FeatureExtractor":
        """Returns the extractor of what `prepare` returns.

        For images of several sizes, each prepared for itself. It has the same name:
        the features are the same.
        """
        assert self.prepare is not None
        found = copy.copy(self)
        found.prepare, found._network = None, self._of_prepared
        return found

    def check(self, image_shape: ImageShape) -> None:
        """Refuses a dataset whose images the network cannot take.

        Raises:
            InputError: If it takes only images of another shape.
        """
        if self.image_shape not in (None, image_shape):
            raise InputError(
                f"The features {self.name} are of images of shape "
                f"{self.image_shape}, and these are {image_shape}. Choose others: "
                "evaluate.features = @features.random_convolutions(), of `score` "
                "--features random_convolutions."
            )


def _after_rounding(prepare: Prepare) -> Prepare:
    return lambda images: prepare(_rounded(images))


def _rounded(images: tf.Tensor) -> tf.Tensor:
    levels = tf.constant(_LARGEST_LEVEL, tf.float32)
    return tf.round(images * levels) / levels
