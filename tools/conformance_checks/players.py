"""Metrics that look into the players: players of which the answers are known."""

import contextlib
import functools
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import scipy.stats
import tensorflow as tf

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric
from compare_ssgan.evaluation.metrics import (
    condition_number,
    discriminator_accuracy,
    gilbo,
    probe,
    rotation_accuracy,
)
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.types import Factor, Problem, Samples, Verdict
from tools.conformance_checks.check import Check

_SHAPE = (4, 4, 1)
_NUM = 100
_CORNERS = (0, 12, 15, 3)


class _Player:
    """Images whose first pixels are a linear function of normal latents, with noise.

    D's features are the pixels, and its logit is the brightness of the first less 1/2;
    its head of rotations sees which corner is the brightest.
    """

    def __init__(self, kernel: np.ndarray, noise: float = 0.0) -> None:
        """Takes the function.

        Args:
            kernel: [latents, pixels].
            noise: Deviation of the noise of every pixel.
        """
        self._kernel = tf.constant(kernel, tf.float32)
        self._noise = noise
        self.game = SimpleNamespace(
            problem=Problem(_SHAPE, 0, _NUM),
            num_classes=0,
            prior=[Factor("normal", len(kernel))],
            heads={"rotation": lambda features: tf.gather(features, _CORNERS, axis=1)},
            judge=_judge,
        )

    def generator(
        self, latents: tf.Tensor, labels: tf.Tensor | None, training: bool
    ) -> tf.Tensor:
        """Returns images without noise."""
        del labels, training
        pixels = latents @ self._kernel
        missing = int(np.prod(_SHAPE)) - self._kernel.shape[1]
        return tf.reshape(tf.pad(pixels, [[0, 0], [0, missing]]), [-1, *_SHAPE])

    def __call__(self, num: int, rng: tf.random.Generator) -> Samples:
        """Draws examples."""
        latents = rng.normal([num, self._kernel.shape[0]])
        noise = self._noise * rng.normal([num, *_SHAPE])
        return Samples(self.generator(latents, None, False) + noise, None, latents)

    @contextlib.contextmanager
    def drawing(self, sampling: Sampling) -> Iterator["_Player"]:
        """Returns what draws."""
        assert sampling.truncation is None
        yield self


def checks() -> list[Check]:
    """Returns the checks of this file."""
    return [
        Check("log_condition_number", "linear, singular values 1, 2, e",
              "closed form: ln(e^2)", 2.0, _condition, 1e-5),
        Check("log_condition_number_deviation", "linear, singular values 1, 2, e",
              "closed form: the same everywhere", 0.0,
              functools.partial(_condition, 1), 1e-5),
        Check("gilbo", "linear with noise of 1/2, 4 pixels, 300 steps",
              "capacity of the Gaussian channel: ln(1 + 4 / 0.25) / 2",
              0.5 * np.log(17), _gilbo, 0.08),
        Check("probe", "two normal classes 2 apart, 5000 x 8",
              "Bayes accuracy: Phi(1)", float(scipy.stats.norm.cdf(1)), _probe, 0.015),
        Check("discriminator_accuracy", "train, 75 % bright", "definition", 0.75,
              functools.partial(_accuracy, 0), 0),
        Check("discriminator_accuracy", "test, 40 % bright", "definition", 0.4,
              functools.partial(_accuracy, 1), 0),
        Check("discriminator_accuracy", "generated, none bright", "definition", 1.0,
              functools.partial(_accuracy, 2), 0),
        Check("rotation_accuracy", "train, a bright corner", "definition", 1.0,
              functools.partial(_rotation, 0), 0),
        Check("rotation_accuracy", "test, 100 black images",
              "definition: a head that always says the same", 0.25,
              functools.partial(_rotation, 1), 0),
    ]  # fmt: skip


def _judge(samples: Samples) -> Verdict:
    pixels = tf.reshape(samples.images, [-1, int(np.prod(_SHAPE))])
    return Verdict(pixels[:, :1] - 0.5, pixels, {})


def _condition(place: int = 0) -> float:
    rng = np.random.RandomState(0)
    left, right = (np.linalg.qr(rng.randn(size, size))[0] for size in (3, 16))
    player = _Player(left @ np.diag([1.0, 2.0, np.e]) @ right[:3])
    return _value(condition_number.condition_number(num_latents=4), player, place)


def _gilbo() -> float:
    player = _Player(np.ones([1, 4]), noise=0.5)
    metric = gilbo.gilbo(
        num_steps=300, batch_size=256, learning_rate=2e-3, num_samples=8192
    )
    return _value(metric, player)


def _probe() -> float:
    rng = np.random.RandomState(0)
    labels = rng.randint(2, size=10_000)
    vectors = rng.randn(10_000, 8)
    vectors[:, 0] += 2 * labels
    return probe.accuracy(vectors[:5000], labels[:5000], vectors[5000:], labels[5000:])


def _accuracy(place: int) -> float:
    train, test = (
        np.where(np.arange(_NUM)[:, None, None, None] < bright, 255, 0)
        for bright in (75, 40)
    )
    data = _dataset(*(images + np.zeros(_SHAPE) for images in (train, test)))
    metric = discriminator_accuracy.discriminator_accuracy(num_images=_NUM)
    return _value(metric, _Player(np.zeros([1, 1])), place, data)


def _rotation(place: int) -> float:
    train, test = np.zeros([2, _NUM, *_SHAPE])
    train[:, 0, 0] = 255
    metric = rotation_accuracy.rotation_accuracy(num_images=_NUM)
    return _value(metric, _Player(np.zeros([1, 1])), place, _dataset(train, test))


def _dataset(train: np.ndarray, test: np.ndarray) -> Dataset:
    splits = [
        array_split(Arrays(images.astype(np.uint8), None), 0)
        for images in (train, test)
    ]
    return Dataset("known", _SHAPE, 0, *splits)


def _value(
    metric: Metric, player: _Player, place: int = 0, data: Dataset | None = None
) -> float:
    evidence = Evidence(ImageSet(), model=player, dataset=data, num_samples=_NUM)
    return float(metric.compute(evidence)[place])
