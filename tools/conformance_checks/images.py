"""Metrics of images: MS-SSIM, sliced Wasserstein distance, accuracies."""

import numpy as np
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.evaluation.metric import ImageSet
from compare_ssgan.evaluation.metrics import (
    label_accuracy,
    ms_ssim,
    sliced_wasserstein,
)
from tools.conformance_checks.check import Check, package
from tools.conformance_checks.values import value

_SKIMAGE = package("skimage", "pip install scikit-image")


def checks() -> list[Check]:
    """Returns the checks of this file."""
    return [
        Check("ms_ssim", "uniform images of 1, 0.7 and 0",
              "compare_gan, metrics/ms_ssim_score_test.py", 0.989989, _uniform, 1e-6),
        Check("ms_ssim", "two images of 176x192",
              "TensorFlow, tf.image.ssim_multiscale", _tensorflow, _two, 1e-4),
        Check("ms_ssim", "one scale of two images of 48x40",
              "scikit-image, structural_similarity", _skimage, _one_scale, 1e-6,
              (_SKIMAGE,)),
        Check("swd", "200 and 200 images, finest level",
              "TF-GAN, sliced_wasserstein_distance (1 % for what is drawn)",
              _tfgan_swd, _swd, 0.01),
        Check("label_accuracy", "3 of 4 right, one without a label", "by hand", 0.75,
              _label_accuracy, 0.0),
    ]  # fmt: skip


def _smooth(num: int, height: int, width: int, channels: int) -> np.ndarray:
    rng = np.random.RandomState(0)
    coarse = rng.uniform(size=[num, height // 8, width // 8, channels])
    images = tf.image.resize(coarse, [height, width], "bicubic").numpy()
    noise = 0.1 * rng.randn(*images.shape)
    return np.clip(255 * (images + noise), 0, 255).astype(np.uint8)


def _uniform() -> float:
    levels = (1.0, 0.7, 0.0)
    images = np.stack([np.full((64, 64, 3), level) for level in levels])
    return ms_ssim.similarity(images)


def _two() -> float:
    images = _smooth(2, 176, 192, 1)
    return value(ms_ssim.ms_ssim(1, 2), "ms_ssim", ImageSet(images=images))


def _tensorflow() -> float:
    first, second = _smooth(2, 176, 192, 1)
    return float(tf.image.ssim_multiscale(first, second, 255))


def _alike() -> np.ndarray:
    """Returns two images with a positive similarity: a negative one counts as none."""
    first, second = _smooth(2, 48, 40, 1).astype(int)
    return np.stack([first, (first + second) // 2]).astype(np.uint8)


def _one_scale() -> float:
    images = _alike()
    found = ms_ssim.pairwise_similarities(
        images, np.array([0]), np.array([1]), weights=[1.0]
    )
    return float(found[0])


def _skimage() -> float:
    import skimage.metrics

    first, second = _alike()[..., 0]
    _, local = skimage.metrics.structural_similarity(
        first,
        second,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )
    # Windows that lie within the image, as Wang et al. have it.
    return float(np.mean(local[5:-5, 5:-5]))


def _sets() -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.RandomState(1).randint(0, 256, [200, 32, 32, 3])
    return _smooth(200, 32, 32, 3), noise.astype(np.uint8)


def _swd() -> float:
    return sliced_wasserstein.level_distances(*_sets())[0]


def _tfgan_swd() -> float:
    np.random.seed(0)
    tf.random.set_seed(0)
    fake, real = (tf.constant(images, tf.float32) for images in _sets())
    return float(tfgan.sliced_wasserstein_distance(real, fake)[0][1])


def _label_accuracy() -> float:
    fake = ImageSet(
        logits=np.eye(3)[[0, 1, 2, 0, 1]], labels=np.array([0, 1, 2, 1, -1])
    )
    return value(label_accuracy.label_accuracy(), "label_accuracy", fake)
