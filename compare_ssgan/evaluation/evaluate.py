"""One pass over generated images, and every metric of it."""

import functools
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Split
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import inception_score, moments, sampling
from compare_ssgan.evaluation.features import FeatureExtractor, Features
from compare_ssgan.evaluation.metric import (
    Evidence,
    FeatureSet,
    Metric,
    Part,
    collect,
)
from compare_ssgan.evaluation.sampling import Draw, Sampling

# Fixed, because the last bit of moments depends on it.
_REAL_BATCH_SIZE = 100

# A run evaluates many times against the same images; oldest first.
_real_sets: dict[tuple[object, ...], FeatureSet] = {}
_MOST_REAL_SETS = 4

_PLAIN = Sampling()


class Measurement(NamedTuple):
    """A value and the protocol it was obtained by.

    Attributes:
        metric: Name of the protocol: metric, examples, split, features, options.
        value: NaN where the images have none.
        eval_seed: Seed of the generated images.
    """

    metric: str
    value: float
    eval_seed: int


@config.entry_point
def evaluate(
    sampler: Draw | None,
    dataset: Dataset,
    *,
    features: FeatureExtractor = config.REQUIRED,
    metrics: Sequence[Metric] = config.REQUIRED,
    num_samples: int = config.REQUIRED,
    split: str = "test",
    eval_seed: int = 0,
    batch_size: int = 100,
    truncation: float | None = None,
    standing_statistics: int | None = None,
) -> list[Measurement]:
    """Measures generated images, compared with as many real ones.

    Args:
        sampler: (number, rng) to generated examples, with the statistics of
            evaluation; best compiled by the caller, since it is always called for
            `batch_size` examples. It is an `AdjustableSampler` where one of the last
            two options is set. None stands for a generator that diverged: every
            value is NaN, without any work.
        dataset: Where the real images come from.
        features: The network whose features and logits the metrics see.
        metrics: What to measure.
        num_samples: Number of generated, and of real, images.
        split: Split of the real images: "test" or "train".
        eval_seed: Seed of the generated images.
        batch_size: Generated images per call of the sampler. Another batch size
            takes other random numbers.
        truncation: Largest magnitude of latents, in standard deviations: values
            beyond it are drawn again, which trades variety for fidelity (BigGAN,
            arXiv 1809.11096, Sec. 3.1). None for no limit.
        standing_statistics: Number of samples, drawn for the purpose in batches like
            those of the training, the last one whole, whose mean statistics batch
            normalizations use in place of their moving averages. None for these.

    Returns:
        One measurement per metric, in their order.

    Raises:
        InputError: If the split is too small, the features are not for such images,
            a metric needs a classifier that the features lack, two metrics have the
            same name.
    """
    if batch_size < 1:
        raise InputError(f"evaluate.batch_size must be positive, not {batch_size}.")
    how = Sampling(truncation, standing_statistics)
    names = metric_names(
        dataset,
        features=features,
        metrics=metrics,
        num_samples=num_samples,
        split=split,
        how=how,
    )
    if sampler is None:
        return [Measurement(name, float("nan"), eval_seed) for name in names]
    rng = _generator()
    rng.reset_from_seed(eval_seed)
    size = min(batch_size, num_samples)
    parts = frozenset[Part]().union(*(m.needs for m in metrics))
    with sampling.drawing(sampler, how) as draw:
        generated = _generate(draw, features, rng, num_samples, size)
        fake = collect(generated, features.feature_size, parts)
    real = None
    compared = [m.needs for m in metrics if m.needs_real]
    if compared:
        parts = frozenset[Part]().union(*compared)
        real = _real_set(dataset.split(split), num_samples, features, parts)
    evidence = Evidence(fake, real)
    return [
        Measurement(name, float(metric.compute(evidence)), eval_seed)
        for name, metric in zip(names, metrics, strict=True)
    ]


def metric_names(
    dataset: Dataset,
    *,
    features: FeatureExtractor,
    metrics: Sequence[Metric],
    num_samples: int,
    split: str = "test",
    how: Sampling = _PLAIN,
) -> list[str]:
    """Returns the names of the protocols that `evaluate` would follow.

    A name is kind, examples on either side, split of the real ones, features, and
    options that are not the default: fid10k_test_digits_cnn. A metric that compares
    with nothing names no split: is10k_digits_cnn. How the images are drawn comes
    last: fid10k_test_digits_cnn_truncation0.5_standing50k.

    Args:
        dataset: See `evaluate`.
        features: See `evaluate`.
        metrics: See `evaluate`.
        num_samples: See `evaluate`.
        split: See `evaluate`.
        how: How images are drawn.

    Raises:
        InputError: See `evaluate`.
    """
    sampling.check_number(how.standing_statistics)
    if not metrics:
        raise InputError("evaluate.metrics is empty: nothing would be measured.")
    available = dataset.split(split).num_examples
    features.check(dataset.image_shape)
    if num_samples < 2:
        raise InputError(
            f"Metrics of {num_samples} images mean nothing. Set EVAL_SAMPLES to 2 or "
            "more."
        )
    count = sampling.abbreviate(num_samples)
    names = []
    for metric in metrics:
        if metric.needs_real and num_samples > available:
            raise InputError(
                f"{num_samples} generated images are to be compared with as many "
                f"real ones, but the {split} split of {dataset.name} has {available}. "
                f"Set EVAL_SAMPLES = {available} or less, or evaluate.split."
            )
        if "logits" in metric.needs and not features.num_logits:
            raise InputError(
                f"The metric '{metric.kind}' needs a classifier, and the features "
                f"{features.name} are none. Change evaluate.metrics or "
                "evaluate.features."
            )
        place = f"_{split}" if metric.needs_real else ""
        suffix = f"{metric.suffix}{how.suffix}"
        names.append(f"{metric.kind}{count}{place}_{features.name}{suffix}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"evaluate.metrics has {' and '.join(twice)} more than once.")
    return names


def reference_score(
    dataset: Dataset,
    *,
    features: FeatureExtractor,
    num_samples: int,
    split: str = "test",
    num_splits: int = 1,
) -> float:
    """Returns the formula of the Inception score on real images, to compare with.

    Args:
        dataset: Where the images come from.
        features: The classifier.
        num_samples: Number of images, the first of the split.
        split: "test" or "train".
        num_splits: See `metrics.inception_score`.

    Raises:
        InputError: If the split is too small or the features are no classifier.
    """
    metric = inception_score.inception_score(num_splits=num_splits)
    metric_names(
        dataset,
        features=features,
        metrics=[metric._replace(needs_real=True)],
        num_samples=num_samples,
        split=split,
    )
    real = _real_set(dataset.split(split), num_samples, features, metric.needs)
    return metric.compute(Evidence(fake=real))


# A compiled sampler is compiled again for every new generator.
@functools.cache
def _generator() -> tf.random.Generator:
    return tf.random.Generator.from_seed(0, alg="philox")


def _generate(
    sampler: Draw,
    features: FeatureExtractor,
    rng: tf.random.Generator,
    num_samples: int,
    batch_size: int,
) -> Iterator[Features]:
    """Yields features of generated images; the last batch is generated whole."""
    for first in range(0, num_samples, batch_size):
        images = sampler(batch_size, rng).images
        yield features(images[: num_samples - first])


def _real_set(
    split: Split, num: int, features: FeatureExtractor, parts: frozenset[Part]
) -> FeatureSet:
    """Returns parts of the first `num` real images, remembered by their content."""
    content = (split.content_hash, num, features.name, features.weights_hash)
    if (*content, parts) in _real_sets:
        return _real_sets[(*content, parts)]

    @functools.cache
    def read() -> FeatureSet:
        batches = split.evaluation_batches(num, _REAL_BATCH_SIZE)
        found = (features(batch.images) for batch in batches)
        return collect(found, features.feature_size, parts)

    known = None
    if "moments" in parts:
        known = moments.cached((*content, *_arithmetic()), lambda: read().moments)
    found = FeatureSet(
        features=read().features if "features" in parts else None,
        logits=read().logits if "logits" in parts else None,
        moments=known,
    )
    while len(_real_sets) >= _MOST_REAL_SETS:
        del _real_sets[next(iter(_real_sets))]
    _real_sets[(*content, parts)] = found
    return found


def _arithmetic() -> tuple[object, ...]:
    """Returns what the last bit of a feature or a sum depends on.

    Without it, a number would depend on whether an earlier process with other threads
    or other optimizations of its graphs left its moments behind.
    """
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    devices = [device.device_type for device in tf.config.list_physical_devices()]
    graphs = sorted(tf.config.optimizer.get_experimental_options().items())
    machine = os.cpu_count(), threads, sorted(devices)
    return tf.__version__, np.__version__, *machine, graphs
