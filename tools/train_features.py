"""Trains the small classifier whose features score generated images of a dataset.

    python tools/train_features.py [--dataset digits] [--out FILE.npz]

Only the training split is used to train; the accuracy on the test split is measured
once, at the end, printed, and recorded in the file beside the weights.
"""

import argparse
import os
import pathlib
import sys
from typing import Any, NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import keras
import numpy as np
import tensorflow as tf

from compare_ssgan.datasets import base
from compare_ssgan.datasets.cifar10 import cifar10
from compare_ssgan.datasets.digits import digits
from compare_ssgan.evaluation.features.small_classifier import (
    WEIGHTS_DIRECTORY,
    classifier,
)

DATASETS = {"digits": digits, "cifar10": cifar10}
CHANNELS = (16, 32, 64)
FEATURE_SIZE = 64
DROPOUT_RATE = 0.3
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
# Digits may be shifted by as much as an original pixel of theirs, 4 of the enlarged.
LARGEST_SHIFT = 4
NOISE_STDDEV = 0.1


class Accuracy(NamedTuple):
    """Correct answers among examples."""

    correct: int
    total: int

    @property
    def percent(self) -> float:
        """Correct answers per hundred examples."""
        return 100 * self.correct / self.total


def initial_weights(
    image_shape: tuple[int, int, int], num_classes: int, rng: np.random.Generator
) -> dict[str, tf.Variable]:
    """Returns He-normal kernels and zero biases for `features.classifier`."""
    height, width, channels = image_shape
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, size in enumerate(CHANNELS, 1):
        shapes[f"convolution{layer}"] = (3, 3, channels, size)
        height, width, channels = -(-height // 2), -(-width // 2), size
    shapes["features"] = (height * width * channels, FEATURE_SIZE)
    shapes["logits"] = (FEATURE_SIZE, num_classes)
    weights = {}
    for name, shape in shapes.items():
        stddev = np.sqrt(2 / np.prod(shape[:-1]))
        kernel = rng.normal(0, stddev, shape).astype(np.float32)
        weights[name] = tf.Variable(kernel, name=name)
        bias = np.zeros(shape[-1], np.float32)
        weights[f"{name}_bias"] = tf.Variable(bias, name=f"{name}_bias")
    return weights


def train(dataset: base.Dataset, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Returns trained weights by name."""
    weights = initial_weights(
        dataset.image_shape, dataset.num_classes, np.random.default_rng(seed)
    )
    variables = list(weights.values())
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    optimizer = keras.optimizers.Adam(schedule, epsilon=1e-8)
    optimizer.build(variables)
    rng = tf.random.Generator.from_seed(seed)

    @tf.function(autograph=False)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        images = _augmented(images, rng)
        with tf.GradientTape() as tape:
            features, _ = classifier(weights, images)
            keep = rng.uniform(tf.shape(features)) >= DROPOUT_RATE
            features = tf.where(keep, features, 0) / (1 - DROPOUT_RATE)
            logits = features @ weights["logits"] + weights["logits_bias"]
            losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, variables)
        optimizer.apply(gradients, variables)
        return loss

    batches = dataset.train.training_batches(BATCH_SIZE, seed)
    for number in range(1, steps + 1):
        batch = next(batches)
        loss = step(batch.images, batch.labels)
        if number % 500 == 0:
            print(f"step {number} of {steps}: loss {float(loss):.4f}")
    return {name: value.numpy() for name, value in weights.items()}


def rescale(weights: dict[str, np.ndarray], split: base.Split) -> None:
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


def measure(weights: dict[str, np.ndarray], split: base.Split) -> Accuracy:
    """Returns the accuracy of the classifier on a split."""
    correct = 0
    for batch in split.evaluation_batches(split.num_examples, 100):
        _, logits = classifier(weights, batch.images)
        hits = tf.argmax(logits, axis=1) == tf.argmax(batch.labels, axis=1)
        correct += int(np.sum(hits))
    return Accuracy(correct, split.num_examples)


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", choices=sorted(DATASETS), default="digits")
    parser.add_argument("--data_dir", help="directory of the files of datasets")
    parser.add_argument("--out", type=pathlib.Path, help="the .npz file to write")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    base.set_data_directory(arguments.data_dir)
    dataset = DATASETS[arguments.dataset]()
    out = arguments.out or WEIGHTS_DIRECTORY / f"{arguments.dataset}_cnn.npz"

    weights = train(dataset, arguments.steps, arguments.seed)
    rescale(weights, dataset.train)
    accuracy = measure(weights, dataset.test)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial.npz")
    content: dict[str, Any] = {
        **weights,
        "about_dataset": dataset.name,
        "about_train_hash": dataset.train.content_hash,
        "about_test_hash": dataset.test.content_hash,
        "about_test_correct": accuracy.correct,
        "about_test_total": accuracy.total,
        "about_steps": arguments.steps,
        "about_seed": arguments.seed,
    }
    np.savez_compressed(partial, **content)
    os.replace(partial, out)
    print(
        f"{out.stem}: test accuracy {accuracy.percent:.2f} % ({accuracy.correct} of "
        f"{accuracy.total}), {out.stat().st_size / 1000:.0f} kB, features of "
        f"{FEATURE_SIZE} units"
    )


def _augmented(images: tf.Tensor, rng: tf.random.Generator) -> tf.Tensor:
    """Returns noisy images, each shifted by a few pixels of its own."""
    batch_size, height, width, _ = images.shape
    pad = [LARGEST_SHIFT, LARGEST_SHIFT]
    padded = tf.pad(images, [[0, 0], pad, pad, [0, 0]])
    shifts = rng.uniform([2, batch_size], 0, 2 * LARGEST_SHIFT + 1, tf.int32)
    rows = shifts[0][:, None] + tf.range(height)
    columns = shifts[1][:, None] + tf.range(width)
    shifted = tf.gather(padded, rows, axis=1, batch_dims=1)
    shifted = tf.gather(shifted, columns, axis=2, batch_dims=1)
    return shifted + rng.normal(tf.shape(images), 0.0, NOISE_STDDEV)


if __name__ == "__main__":
    main()
