"""What the discriminator says about many images, in one pass."""

from collections.abc import Callable, Hashable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.base import Dataset, Split
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.compiled import compiled
from compare_ssgan.evaluation.metric import Evidence
from compare_ssgan.evaluation.model import Model, drawing
from compare_ssgan.evaluation.sampling import Draw
from compare_ssgan.types import ImageGame, Samples

_BATCH_SIZE = 100

Read = Callable[[ImageGame, Samples], dict[str, tf.Tensor]]


def judge(
    model: Model, batches: Iterable[Samples], read: Read, key: Hashable
) -> dict[str, np.ndarray]:
    """Returns what is read from verdicts on images.

    Args:
        model: The players.
        batches: Of images, none larger than those of `real` and `generated`.
        read: Maps (game, samples) to named [batch, ...] tensors; compiled for one
            size of batch, to which others are filled up with zeros.
        key: Stands for `read`: another function needs another one.

    Returns:
        Named arrays [examples, ...].
    """
    game = model.game

    def make() -> Callable[[tf.Tensor, tf.Tensor | None], dict[str, tf.Tensor]]:
        @tf.function(autograph=False)
        def call(images: tf.Tensor, labels: tf.Tensor | None) -> dict[str, tf.Tensor]:
            return read(game, Samples(images, labels))

        return call

    call = compiled(model, key, make)
    found: dict[str, list[np.ndarray]] = {}
    for batch in batches:
        num = int(batch.images.shape[0])
        # Those of real images would make an unconditional game be compiled twice.
        labels = _fill(batch.labels) if game.num_classes else None
        for name, values in call(_fill(batch.images), labels).items():
            found.setdefault(name, []).append(values.numpy()[:num])
    # Batches of one name at a time: all of them twice may not fit into memory.
    return {name: np.concatenate(found.pop(name)) for name in list(found)}


def real(split: Split, num: int, setting: str) -> Iterator[Samples]:
    """Yields the first `num` images of a split.

    Args:
        split: The images.
        num: How many of them.
        setting: The gin line that says how many, for the message.

    Raises:
        InputError: If there are fewer.
    """
    available = split.num_examples
    if num > available:
        raise InputError(
            f"{setting} asks for {num} images of a split of {available}. Set "
            f"{setting} = {available} or less."
        )
    return split.evaluation_batches(num, _BATCH_SIZE)


def number(asked: int | None) -> Callable[[int, Dataset | None], int]:
    """Returns how many images a metric judges, from EVAL_SAMPLES and the dataset.

    Args:
        asked: What was asked for; None for EVAL_SAMPLES, or as many as both splits
            have.
    """

    def choose(num_samples: int, dataset: Dataset | None) -> int:
        if asked is not None:
            return asked
        if dataset is None:
            return num_samples
        splits = dataset.train, dataset.test
        return min(num_samples, *(split.num_examples for split in splits))

    return choose


def of_all(
    evidence: Evidence,
    num: int,
    setting: str,
    value: Callable[[Iterable[Samples], bool], float],
) -> tuple[float, float, float]:
    """Returns a value of train, of test and of generated images.

    Args:
        evidence: Has the players and the dataset.
        num: Number of images of each.
        setting: See `real`.
        value: Of batches, and of whether they are real.

    Raises:
        InputError: If a split has fewer images.
    """
    assert evidence.model is not None
    assert evidence.dataset is not None
    train, test = evidence.dataset.train, evidence.dataset.test
    with drawing(evidence.model, evidence.sampling) as draw:
        return (
            value(real(train, num, setting), True),
            value(real(test, num, setting), True),
            value(generated(evidence, draw, num), False),
        )


def generated(evidence: Evidence, draw: Draw, num: int) -> Iterator[Samples]:
    """Yields `num` generated images; the last batch is generated whole.

    Args:
        evidence: Has the seed.
        draw: Draws (number, rng).
        num: How many.
    """
    rng = tf.random.Generator.from_seed(evidence.seed, alg="philox")
    for first in range(0, num, _BATCH_SIZE):
        samples = draw(_BATCH_SIZE, rng)
        kept = slice(num - first)
        labels = None if samples.labels is None else samples.labels[kept]
        yield Samples(samples.images[kept], labels)


def _fill(tensor: tf.Tensor) -> tf.Tensor:
    missing = _BATCH_SIZE - int(tensor.shape[0])
    return tf.pad(tensor, [[0, missing], *[[0, 0]] * (len(tensor.shape) - 1)])
