"""Writes a small SavedModel with the interface of TF-GAN's Inception module."""

import numpy as np
import tensorflow as tf

_RNG = np.random.default_rng(0)
KERNEL = _RNG.normal(size=(3, 3, 3, 5)).astype(np.float32)
CLASSES = _RNG.normal(size=(5, 4)).astype(np.float32)
BIASES = _RNG.normal(size=4).astype(np.float32)


class _Module(tf.Module):
    def __init__(self, names):
        super().__init__()
        self.kernel = tf.Variable(KERNEL)
        self._names = names

    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
    def __call__(self, images):
        x = tf.nn.relu(tf.nn.conv2d(images, self.kernel, 8, "SAME"))
        pooled = tf.reduce_mean(x, [1, 2], keepdims=True)
        logits = tf.reshape(pooled, [-1, 5]) @ CLASSES + BIASES
        return dict(zip(self._names, (pooled, logits), strict=True))


def save(path, names=("pool_3", "logits")):
    """Writes the module; with signatures, as well."""
    module = _Module(names)
    tf.saved_model.save(module, str(path), signatures=module.__call__)
    return path


def expected(images):
    """Returns its features and logits of images in [-1, 1]."""
    x = tf.nn.relu(tf.nn.conv2d(images, KERNEL, 8, "SAME"))
    features = tf.reduce_mean(x, [1, 2]).numpy()
    return features, features @ CLASSES + BIASES
