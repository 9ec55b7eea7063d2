"""Trains the small classifier: for its features, or to see what it learns."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.base import Split
from compare_ssgan.evaluation.features.small_classifier import classifier
from compare_ssgan.types import ImageShape

DROPOUT_RATE = 0.3
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
REPORT_EVERY = 500
# An image may be shifted by an eighth of its size: of the digits, which are enlarged
# four times, that is a pixel of theirs.
_LARGEST_SHIFT = 8


class Network(NamedTuple):
    """Sizes of the small classifier.

    Attributes:
        channels: Of each convolution of stride 2.
        doubled: Whether one of stride 1 comes before each of them.
        feature_size: Units of the dense layer.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    doubled: bool = False
    feature_size: int = 64


class Augmentation(NamedTuple):
    """What becomes of the images that it is trained on.

    Attributes:
        mirrored: Whether half of them are mirrored, left to right.
        noise_stddev: Standard deviation of noise added to pixels in [0, 1].
    """

    mirrored: bool = False
    noise_stddev: float = 0.1


def network_for(image_shape: ImageShape) -> Network:
    """Returns sizes that fit images: the digits' for one channel, else wider ones.

    Images are halved until they are no larger than 7 pixels, three times at least.
    """
    height, width, channels = image_shape
    stages = 3
    while max(height, width) / 2**stages > 7:
        stages += 1
    first = 16 if channels == 1 else 32
    sizes = tuple(min(256, first * 2**stage) for stage in range(stages))
    return Network(sizes, doubled=channels > 1)


def augmentation_for(image_shape: ImageShape) -> Augmentation:
    """Returns what fits images: mirroring for colour, noise for drawings."""
    colour = image_shape[2] > 1
    return Augmentation(mirrored=colour, noise_stddev=0.02 if colour else 0.1)


class Accuracy(NamedTuple):
    """Correct answers among examples."""

    correct: int
    total: int

    @property
    def percent(self) -> float:
        """Correct answers per hundred examples."""
        return 100 * self.correct / self.total


def initial_weights(
    image_shape: ImageShape,
    num_classes: int,
    rng: np.random.Generator,
    network: Network,
) -> dict[str, np.ndarray]:
    """Returns He-normal kernels and zero biases for `classifier`, by name."""
    height, width, channels = image_shape
    shapes: dict[str, tuple[int, ...]] = {}
    for number, size in enumerate(network.channels, 1):
        if network.doubled:
            shapes[f"same{number}"] = (3, 3, channels, size)
            channels = size
        shapes[f"convolution{number}"] = (3, 3, channels, size)
        height, width, channels = -(-height // 2), -(-width // 2), size
    shapes["features"] = (height * width * channels, network.feature_size)
    shapes["logits"] = (network.feature_size, num_classes)
    weights = {}
    for name, shape in shapes.items():
        stddev = np.sqrt(2 / np.prod(shape[:-1]))
        weights[name] = rng.normal(0, stddev, shape).astype(np.float32)
        weights[f"{name}_bias"] = np.zeros(shape[-1], np.float32)
    return weights


class Training:
    """A training of a fixed number of steps, compiled once for many sets of images.

    Adam with a learning rate that falls as a cosine, dropout of features, shifted
    images. Equal seeds, images and numbers of threads give equal weights.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: int,
        *,
        steps: int,
        network: Network,
        augmentation: Augmentation,
    ) -> None:
        """Makes the variables.

        Args:
            image_shape: (height, width, channels).
            num_classes: Number of classes.
            steps: Batches of `BATCH_SIZE` images that it is trained on.
            network: Its sizes.
            augmentation: What becomes of images.
        """
        self._image_shape, self._num_classes = image_shape, num_classes
        self._steps, self._network = steps, network
        self._augmentation = augmentation
        self._rng = tf.random.Generator.from_seed(0)
        blank = initial_weights(
            image_shape, num_classes, np.random.default_rng(0), network
        )
        self._weights = {k: tf.Variable(v, name=k) for k, v in blank.items()}
        schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        self._optimizer = keras.optimizers.Adam(schedule, epsilon=1e-8)
        self._optimizer.build(list(self._weights.values()))
        self._step = tf.function(self._update, autograph=False)

    def __call__(
        self,
        split: Split,
        seed: int,
        report: Callable[[int, float], None] = lambda step, loss: None,
    ) -> dict[str, np.ndarray]:
        """Returns weights trained on a split, by name.

        Args:
            split: Labelled images.
            seed: Of weights, order and augmentation.
            report: Told (step, loss) every `REPORT_EVERY` steps.
        """
        drawn = np.random.default_rng(seed)
        sizes = self._image_shape, self._num_classes, drawn, self._network
        for name, value in initial_weights(*sizes).items():
            self._weights[name].assign(value)
        for variable in self._optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self._rng.reset_from_seed(seed)
        batches = split.training_batches(min(BATCH_SIZE, split.num_examples), seed)
        for number in range(1, self._steps + 1):
            batch = next(batches)
            loss = self._step(batch.images, batch.labels)
            if number % REPORT_EVERY == 0:
                report(number, float(loss))
        return {name: value.numpy() for name, value in self._weights.items()}

    def _update(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        images = augmented(images, self._rng, self._augmentation)
        weights, variables = self._weights, list(self._weights.values())
        with tf.GradientTape() as tape:
            features, _ = classifier(weights, images)
            keep = self._rng.uniform(tf.shape(features)) >= DROPOUT_RATE
            features = tf.where(keep, features, 0) / (1 - DROPOUT_RATE)
            logits = features @ weights["logits"] + weights["logits_bias"]
            losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, variables)
        self._optimizer.apply(gradients, variables)
        return loss


def measure(weights: dict[str, np.ndarray], split: Split) -> Accuracy:
    """Returns the accuracy of a classifier on the labelled images of a split."""
    correct = total = 0
    for batch in split.evaluation_batches(split.num_examples, 100):
        assert batch.labels is not None
        _, logits = classifier(weights, batch.images)
        labelled = tf.reduce_any(batch.labels > 0, axis=1)
        hits = tf.argmax(logits, axis=1) == tf.argmax(batch.labels, axis=1)
        correct += int(np.sum(hits & labelled))
        total += int(np.sum(labelled))
    return Accuracy(correct, total)


def rescale(weights: dict[str, np.ndarray], split: Split) -> None:
    """Scales features to a mean square of 1 over a split, logits staying the same.

    The kernel of KID, (x.y / size + 1)^3, is made for features of that magnitude.
    """
    batch_size = min(split.num_examples, 1000)
    batch = next(split.evaluation_batches(batch_size, batch_size))
    features, _ = classifier(weights, batch.images)
    scale = np.sqrt(np.mean(np.square(features)))
    weights["features"] /= scale
    weights["features_bias"] /= scale
    weights["logits"] *= scale


def augmented(
    images: tf.Tensor, rng: tf.random.Generator, augmentation: Augmentation
) -> tf.Tensor:
    """Returns noisy images, each shifted by a few pixels of its own.

    Args:
        images: [batch, height, width, channels] in [0, 1].
        rng: Source of shifts, mirroring and noise.
        augmentation: What to do.
    """
    batch_size, height, width, _ = (int(size) for size in images.shape)
    largest = max(1, min(height, width) // _LARGEST_SHIFT)
    pad = [largest, largest]
    padded = tf.pad(images, [[0, 0], pad, pad, [0, 0]])
    shifts = rng.uniform([2, batch_size], 0, 2 * largest + 1, tf.int32)
    rows = shifts[0][:, None] + tf.range(height)
    columns = shifts[1][:, None] + tf.range(width)
    shifted = tf.gather(padded, rows, axis=1, batch_dims=1)
    shifted = tf.gather(shifted, columns, axis=2, batch_dims=1)
    if augmentation.mirrored:
        chosen = rng.uniform([batch_size, 1, 1, 1]) < 0.5
        shifted = tf.where(chosen, tf.reverse(shifted, [2]), shifted)
    return shifted + rng.normal(tf.shape(images), 0.0, augmentation.noise_stddev)
