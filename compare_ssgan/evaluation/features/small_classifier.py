"""Features of small classifiers of a domain, trained by `tools/train_features.py`."""

import functools
import hashlib
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.types import ImageShape

WEIGHTS_DIRECTORY = pathlib.Path(__file__).parent.parent / "weights"
# Entries of a weights file that say how the weights were made.
ABOUT = "about_"


@config.register("features")
def digits_cnn() -> FeatureExtractor:
    """Features of a small classifier of handwritten digits, 32x32x1 images only.

    64 rectified units before the ten logits; trained by `tools/train_features.py` on
    the training split of `datasets.digits`. Of the suite's own making (no
    reference): numbers obtained with it compare to each other, not to a published
    FID or Inception score, which are of the Inception network.
    """
    return _digits_cnn()


def classifier(
    weights: Mapping[str, tf.Tensor], images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns features [batch, units] and logits [batch, classes] of the small CNN.

    Rectified convolutions, as many as there are kernels; a rectified dense layer,
    whose output are the features; and a linear one.

    Args:
        weights: By layer; kernels "convolution1" and so on, of stride 2, "same1" and
            so on, of stride 1, before those of their number, if there are any;
            "features", "logits"; and as many biases, e.g. "convolution1_bias".
        images: [batch, height, width, channels] in [0, 1].
    """
    x = 2 * images - 1
    number = 1
    while f"convolution{number}" in weights:
        for layer, strides in ((f"same{number}", 1), (f"convolution{number}", 2)):
            if layer in weights:
                x = tf.nn.conv2d(x, weights[layer], strides=strides, padding="SAME")
                x = tf.nn.relu(x + weights[f"{layer}_bias"])
        number += 1
    x = tf.reshape(x, [tf.shape(x)[0], weights["features"].shape[0]])
    features = tf.nn.relu(x @ weights["features"] + weights["features_bias"])
    return features, features @ weights["logits"] + weights["logits_bias"]


def read_weights(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Returns the weights of a file by the names of their layers, sorted."""
    with np.load(path, allow_pickle=False) as file:
        names = [name for name in file.files if not name.startswith(ABOUT)]
        return {name: file[name] for name in sorted(names)}


def content_hash(weights: Mapping[str, np.ndarray]) -> str:
    """Returns the hexadecimal SHA-256 of names, shapes and values."""
    digest = hashlib.sha256(b"classifier 1")
    for name, value in sorted(weights.items()):
        digest.update(repr((name, value.shape, str(value.dtype))).encode())
        digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()


def extractor(
    name: str, weights: Mapping[str, np.ndarray], image_shape: ImageShape
) -> FeatureExtractor:
    """Returns the feature network of a classifier.

    Args:
        name: What names of metrics call it.
        weights: See `classifier`.
        image_shape: (height, width, channels) of the images it was trained on.
    """

    def network(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        constants = {name: tf.constant(value) for name, value in weights.items()}
        return classifier(constants, images)

    return FeatureExtractor(
        name,
        network,
        weights_hash=content_hash(weights),
        feature_size=weights["features"].shape[1],
        num_logits=weights["logits"].shape[1],
        image_shape=image_shape,
    )


# gin calls a factory anew for every evaluation; the network must not be compiled anew.
@functools.cache
def _digits_cnn() -> FeatureExtractor:
    weights = read_weights(WEIGHTS_DIRECTORY / "digits_cnn.npz")
    return extractor("digits_cnn", weights, (32, 32, 1))
