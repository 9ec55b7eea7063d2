"""Networks that turn images into the features and class logits metrics compare."""

import functools
import hashlib
import pathlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape

WEIGHTS_DIRECTORY = pathlib.Path(__file__).parent / "weights"

_BATCH_SIZE = 100
_LARGEST_LEVEL = 255
_RANDOM_SIZE, _RANDOM_SEED = 64, 0


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
    ) -> None:
        """Wraps a network.

        Args:
            name: See the class.
            network: Maps [batch, height, width, channels] in [0, 1] to features
                [batch, feature_size] and logits [batch, num_logits].
            weights_hash: See the class.
            feature_size: See the class.
            num_logits: See the class.
            image_shape: See the class.
            batch_size: Images per call of the network; smaller batches are padded.
        """
        self.name = name
        self.weights_hash = weights_hash
        self.feature_size = feature_size
        self.num_logits = num_logits
        self.image_shape = image_shape
        self._batch_size = batch_size

        def checked(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            levels = tf.constant(_LARGEST_LEVEL, tf.float32)
            features, logits = network(tf.round(images * levels) / levels)
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

    def check(self, image_shape: ImageShape) -> None:
        """Refuses a dataset whose images the network cannot take.

        Raises:
            InputError: If it takes only images of another shape.
        """
        if self.image_shape not in (None, image_shape):
            raise InputError(
                f"The features {self.name} are of images of shape "
                f"{self.image_shape}, but those of the dataset are {image_shape}. "
                "Set evaluate.features = @features.random_convolutions()."
            )


@config.register("features")
def digits_cnn() -> FeatureExtractor:
    """Features of a small classifier of handwritten digits, 32x32x1 images only.

    64 rectified units before the ten logits; trained by `tools/train_features.py` on
    the training split of `datasets.digits`. Of the suite's own making (no
    reference): numbers obtained with it compare to each other, not to a published
    FID or Inception score, which are of the Inception network.
    """
    return _digits_cnn()


@config.register("features")
def random_convolutions(
    feature_size: int = _RANDOM_SIZE, seed: int = _RANDOM_SEED
) -> FeatureExtractor:
    """Features of an untrained network, for images of any shape.

    For tests, and for datasets without a classifier of their own. Random features
    tell sets of images apart but know no classes. Of the suite's own making (no
    reference); that untrained convolutions are informative is an observation of
    Saxe et al. 2011, "On random weights and unsupervised feature learning".

    Args:
        feature_size: Number of features.
        seed: Seed of the weights.

    Raises:
        InputError: If there are no features.
    """
    if feature_size < 1:
        raise InputError(
            f"There cannot be {feature_size} features. "
            "Change features.random_convolutions.feature_size."
        )
    return _random_convolutions(feature_size, seed)


def classifier(
    weights: Mapping[str, tf.Tensor], images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns features [batch, units] and logits [batch, classes] of the small CNN.

    Three convolutions with stride 2, a rectified dense layer, whose output are the
    features, and a linear one.

    Args:
        weights: By layer; kernels "convolution{1,2,3}", "features", "logits", and
            as many biases, e.g. "convolution1_bias".
        images: [batch, height, width, channels] in [0, 1].
    """
    x = 2 * images - 1
    for layer in ("convolution1", "convolution2", "convolution3"):
        x = tf.nn.conv2d(x, weights[layer], strides=2, padding="SAME")
        x = tf.nn.relu(x + weights[f"{layer}_bias"])
    x = tf.reshape(x, [tf.shape(x)[0], weights["features"].shape[0]])
    features = tf.nn.relu(x @ weights["features"] + weights["features_bias"])
    return features, features @ weights["logits"] + weights["logits_bias"]


# gin calls a factory anew for every evaluation; the network must not be compiled anew.
@functools.cache
def _digits_cnn() -> FeatureExtractor:
    path = WEIGHTS_DIRECTORY / "digits_cnn.npz"
    with np.load(path, allow_pickle=False) as file:
        names = [name for name in file.files if not name.startswith("about_")]
        weights = {name: file[name] for name in sorted(names)}
    digest = hashlib.sha256(b"classifier 1")
    for name, value in weights.items():
        digest.update(repr((name, value.shape, str(value.dtype))).encode())
        digest.update(np.ascontiguousarray(value).data)

    def network(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        constants = {name: tf.constant(value) for name, value in weights.items()}
        return classifier(constants, images)

    return FeatureExtractor(
        "digits_cnn",
        network,
        weights_hash=digest.hexdigest(),
        feature_size=weights["features"].shape[1],
        num_logits=weights["logits"].shape[1],
        image_shape=(32, 32, 1),
    )


@functools.cache
def _random_convolutions(feature_size: int, seed: int) -> FeatureExtractor:
    def network(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rng = np.random.RandomState(seed)
        x = 2 * images - 1
        for size in (32, 64, feature_size):
            fan_in = 9 * x.shape[-1]
            kernel = rng.normal(0, np.sqrt(2 / fan_in), (3, 3, x.shape[-1], size))
            kernel = tf.constant(kernel, tf.float32)
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, strides=2, padding="SAME"))
        return tf.reduce_mean(x, [1, 2]), tf.zeros([tf.shape(x)[0], 0])

    default = (feature_size, seed) == (_RANDOM_SIZE, _RANDOM_SEED)
    return FeatureExtractor(
        "random" if default else f"random{feature_size}seed{seed}",
        network,
        weights_hash=f"random convolutions 1, {feature_size}, {seed}",
        feature_size=feature_size,
        num_logits=0,
    )
