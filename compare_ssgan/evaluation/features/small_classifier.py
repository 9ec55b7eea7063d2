"""Features of small classifiers of a domain, trained by `tools/train_features.py`."""

import functools
import hashlib
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.evaluation.features.extractor import FeatureExtractor

WEIGHTS_DIRECTORY = pathlib.Path(__file__).parent.parent / "weights"


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
