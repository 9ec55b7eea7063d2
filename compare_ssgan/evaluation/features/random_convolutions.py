"""Features of an untrained network."""

import functools

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import FeatureExtractor

_SIZE, _SEED = 64, 0


@config.register("features")
def random_convolutions(
    feature_size: int = _SIZE, seed: int = _SEED
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

    default = (feature_size, seed) == (_SIZE, _SEED)
    return FeatureExtractor(
        "random" if default else f"random{feature_size}seed{seed}",
        network,
        weights_hash=f"random convolutions 1, {feature_size}, {seed}",
        feature_size=feature_size,
        num_logits=0,
    )
