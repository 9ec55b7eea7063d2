"""The only importer of TF-GAN: the parts of it that work, under their own names.

TF-GAN 2.1.0 (https://github.com/tensorflow/gan) was written for TensorFlow 1 and
does not import under TensorFlow 2.16 and later, where `tf.estimator` is gone. Here
an empty stand-in takes the place of that module while TF-GAN is imported; nothing
that is re-exported below uses it.

What is left out does not work: whatever keeps TensorFlow 1 variables, `GANModel`
tuples and estimators, everything that downloads an Inception network per call.

`label_smoothing` of the two discriminator losses of Goodfellow et al. is 0.25 by
default in TF-GAN, which is in no paper; here it is 0. The minimax generator loss
carries a constant, that of a discriminator whose logits on real examples are all 1.
"""

import functools
import importlib
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1


class _Estimator(types.ModuleType):
    """Stands in for `tf.estimator`: every attribute is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # TF-GAN reaches classes through these two as if they were submodules.
        if name in ("tpu", "export"):
            return self
        return type(name, (), {})


@contextmanager
def _estimator_stand_in() -> Iterator[None]:
    """Provides `tf.estimator` and `tf.compat.v1.estimator` for the time of an import.

    `tf.compat.v1` exists as several wrappers, each around a module of its own.
    """
    wrappers = [
        tf.compat.v1,
        sys.modules["tensorflow.compat.v1"],
        sys.modules["tensorflow._api.v2.compat.v1"],
    ]
    modules = {
        id(m): m for m in (getattr(w, "_tfmw_wrapped_module", w) for w in wrappers)
    }
    modules[id(tf)] = tf
    patched = [m for m in modules.values() if "estimator" not in vars(m)]
    stand_in = _Estimator("tensorflow.estimator")
    for module in patched:
        module.estimator = stand_in
    try:
        yield
    finally:
        for module in patched:
            del module.estimator


def _import_tfgan() -> Any:
    with _estimator_stand_in(), warnings.catch_warnings():
        # Deprecated names in TF-GAN and TensorFlow Probability, none of our making.
        warnings.simplefilter("ignore")
        return importlib.import_module("tensorflow_gan")


_tfgan = _import_tfgan()
_wargs = _tfgan.losses.wargs
_eval = _tfgan.eval
_sliced_wasserstein = importlib.import_module(
    "tensorflow_gan.python.eval.sliced_wasserstein"
)

# Adversarial losses of logits [batch, ...], each a mean over all of them.
minimax_discriminator_loss = functools.partial(
    _wargs.minimax_discriminator_loss, label_smoothing=0.0
)
minimax_generator_loss = _wargs.minimax_generator_loss
modified_discriminator_loss = functools.partial(
    _wargs.modified_discriminator_loss, label_smoothing=0.0
)
modified_generator_loss = _wargs.modified_generator_loss
wasserstein_discriminator_loss = _wargs.wasserstein_discriminator_loss
wasserstein_generator_loss = _wargs.wasserstein_generator_loss
hinge_discriminator_loss = _wargs.wasserstein_hinge_discriminator_loss
hinge_generator_loss = _wargs.wasserstein_hinge_generator_loss
least_squares_discriminator_loss = _wargs.least_squares_discriminator_loss
least_squares_generator_loss = _wargs.least_squares_generator_loss
relativistic_discriminator_loss = _wargs.relativistic_discriminator_loss
relativistic_generator_loss = _wargs.relativistic_generator_loss

# Losses of classes, codes and cycles.
acgan_discriminator_loss = _wargs.acgan_discriminator_loss
acgan_generator_loss = _wargs.acgan_generator_loss
cycle_consistency_loss = _wargs.cycle_consistency_loss
mutual_information_penalty = _wargs.mutual_information_penalty

# Images.
image_grid = _eval.image_grid
python_image_grid = _eval.python_image_grid


def sliced_wasserstein_distance(
    real_images: tf.Tensor, fake_images: tf.Tensor, **options: Any
) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Returns sliced Wasserstein distances per level of a Laplacian pyramid.

    Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 5. Patches and
    directions are drawn from the global random state. The distance is NaN if a patch
    has no variance, and takes a gigabyte per thousand colour images:
    `metrics.sliced_wasserstein` has neither limit.

    Args:
        real_images: [examples, size, size, 3], size a power of two.
        fake_images: Of the same shape.
        **options: Of `tfgan.eval.sliced_wasserstein_distance`.

    Returns:
        For each level, finest first, the distance between two halves of the real
        images (the floor), and that between real and generated ones.
    """
    # It says once per process that its `tf.py_func` is deprecated.
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        return _eval.sliced_wasserstein_distance(real_images, fake_images, **options)
    finally:
        logger.setLevel(level)


# Maps images [examples, size, size, channels] and a number of levels to as many
# tensors, each half the size of the one before: differences of scales, then the rest.
laplacian_pyramid = _sliced_wasserstein.laplacian_pyramid

# Metrics of activations [examples, size] or logits [examples, classes].
frechet_distance = _eval.frechet_classifier_distance_from_activations
mean_only_frechet_distance = (
    _eval.mean_only_frechet_classifier_distance_from_activations
)
diagonal_only_frechet_distance = (
    _eval.diagonal_only_frechet_classifier_distance_from_activations
)
kernel_distance = _eval.kernel_classifier_distance_from_activations
kernel_distance_and_std = _eval.kernel_classifier_distance_and_std_from_activations
classifier_score = _eval.classifier_score_from_logits
