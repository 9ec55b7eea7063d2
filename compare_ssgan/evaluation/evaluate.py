"""One pass over generated images, and every metric of it."""

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config, protocols
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import real_sets, sampling
from compare_ssgan.evaluation.collect import Observed, collect, observe
from compare_ssgan.evaluation.conditional import check_labelled
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric, Part
from compare_ssgan.evaluation.metrics import inception_score
from compare_ssgan.evaluation.model import Model, drawing
from compare_ssgan.evaluation.sampling import Draw, Sampling

_PLAIN = Sampling()


class Measurement(NamedTuple):
    """A value and the protocol it was obtained by.

    Attributes:
        metric: Name of the protocol; see `protocols`.
        value: NaN where the images have none.
        eval_seed: Seed of the generated images, and of all else that is drawn.
    """

    metric: str
    value: float
    eval_seed: int


@config.entry_point
def evaluate(
    sampler: Draw | Model,
    dataset: Dataset,
    *,
    features: FeatureExtractor = config.REQUIRED,
    metrics: Sequence[Metric] = config.REQUIRED,
    num_samples: int = config.REQUIRED,
    num_real: int | None = None,
    split: str = "test",
    eval_seed: int = 0,
    batch_size: int = sampling.BATCH_SIZE,
    truncation: float | None = None,
    standing_statistics: int | None = None,
    diverged: bool = False,
) -> list[Measurement]:
    """Measures generated images, compared with real ones, and who generates them.

    Args:
        sampler: (number, rng) to generated examples, with the statistics of
            evaluation; best compiled by the caller, since it is always called for
            `batch_size` examples. It is a `Model` where `truncation` or
            `standing_statistics` is set or a metric looks into the players.
        dataset: Where the real images come from.
        features: The network whose features and logits the metrics see.
        metrics: What to measure.
        num_samples: Number of generated images.
        num_real: Number of real images; None for as many.
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
        diverged: Whether every value is to be NaN, without any work.

    Returns:
        Measurements in the order of the metrics.

    Raises:
        InputError: If the split is too small, the features are not for such images,
            a metric cannot be had of them or of the players, two metrics have the
            same name.
    """
    if batch_size < 1:
        raise InputError(f"evaluate.batch_size must be positive, not {batch_size}.")
    model = sampler if isinstance(sampler, Model) else None
    how = Sampling(truncation, standing_statistics, batch_size)
    names = metric_names(
        dataset,
        features=features,
        metrics=metrics,
        num_samples=num_samples,
        num_real=num_real,
        split=split,
        how=how,
        model=model,
    )
    if diverged:
        nan = float("nan")
        return [Measurement(n, nan, eval_seed) for each in names for n in each]
    parts = frozenset[Part]().union(*(m.needs for m in metrics))
    compared = frozenset[Part]().union(*(m.needs for m in metrics if m.needs_real))
    rng = _generator()
    rng.reset_from_seed(eval_seed)
    size = min(batch_size, num_samples)
    with drawing(sampler, how) as draw:
        fake = ImageSet()
        if parts:
            fake = collect(
                _generate(draw, features, rng, num_samples, size, parts), parts
            )
        real = None
        if compared:
            num = num_real or num_samples
            real = real_sets.get(dataset.split(split), num, features, compared)
        evidence = Evidence(fake, real, model, dataset, eval_seed, how, num_samples)
        return [
            Measurement(name, float(value), eval_seed)
            for metric, own in zip(metrics, names, strict=True)
            for name, value in zip(own, metric.compute(evidence), strict=True)
        ]


def metric_names(
    dataset: Dataset,
    *,
    features: FeatureExtractor,
    metrics: Sequence[Metric],
    num_samples: int,
    num_real: int | None = None,
    split: str = "test",
    how: Sampling = _PLAIN,
    model: Model | None = None,
) -> list[list[str]]:
    """Returns the names of what each metric measures in `evaluate`; see `protocols`.

    Args:
        dataset: See `evaluate`.
        features: See `evaluate`.
        metrics: See `evaluate`.
        num_samples: See `evaluate`.
        num_real: See `evaluate`.
        split: See `evaluate`.
        how: How images are drawn.
        model: The players, where there are any.

    Raises:
        InputError: See `evaluate`.
    """
    sampling.check_number(how.standing_statistics)
    if not metrics:
        raise InputError("evaluate.metrics is empty: nothing would be measured.")
    features.check(dataset.image_shape)
    _check_numbers(dataset, metrics, num_samples, num_real, split)
    names = []
    for metric in metrics:
        check_metric(metric, features, model, dataset)
        metric.check_numbers(num_samples, num_real or num_samples)
        if metric.needs_real and "labels" in metric.needs and dataset.num_classes:
            check_labelled(metric.kinds[0], dataset, split)
        names.append(
            names_of(
                metric,
                metric.number(num_samples, dataset),
                features,
                model,
                how,
                split=split if metric.needs_real else None,
                num_real=num_real,
            )
        )
    every = [name for own in names for name in own]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise InputError(f"evaluate.metrics has {' and '.join(twice)} more than once.")
    return names


def names_of(
    metric: Metric,
    num: int,
    features: FeatureExtractor | None,
    model: Model | None = None,
    how: Sampling = _PLAIN,
    *,
    split: str | None = None,
    num_real: int | None = None,
) -> list[str]:
    """Returns the names of a metric's values, in their order.

    Args:
        metric: The metric.
        num: Number of examples.
        features: The feature network; None where a user gives features, of which
            nothing else is known: they are called "features".
        model: The players, where there are any.
        how: How images are drawn.
        split: Split of the real images, None if it compares with none.
        num_real: Number of those, None for as many.
    """
    network = ""
    if metric.needs_features:
        network = features.name if features else "features"
    if features and "logits" in metric.needs:
        network += features.logits_name
    return [
        protocols.write(
            kind,
            num,
            split=split,
            num_real=num_real,
            rest="_".join(
                part.strip("_")
                for part in (network, variant, metric.suffix, how.suffix)
                if part
            ),
        )
        for variant in metric.variants(model)
        for kind in metric.kinds
    ]


def check_metric(
    metric: Metric,
    features: FeatureExtractor | None,
    model: Model | None,
    dataset: Dataset | None,
) -> None:
    """Refuses a metric that cannot be had.

    Args:
        metric: The metric.
        features: The feature network, if there is one.
        model: The players; None where there are only images.
        dataset: The dataset, if there is one.

    Raises:
        InputError: If it needs a classifier and the features are none, if it needs
            players and there are none, if it compares labels with those of a
            classifier of other classes, or for a reason of its own.
    """
    kind = metric.kinds[0]
    if "logits" in metric.needs and features is not None and not features.num_logits:
        raise InputError(
            f"The metric '{kind}' needs a classifier, and the features "
            f"{features.name} are none. Choose other metrics, or change "
            "evaluate.features."
        )
    classes = dataset.num_classes if dataset else 0
    if (
        metric.needs >= {"logits", "labels"}
        and features is not None
        and classes not in (0, features.num_logits)
    ):
        raise InputError(
            f"The metric '{kind}' needs a classifier of the {classes} classes of "
            f"{dataset.name if dataset else ''}, and the features {features.name} are "
            f"of one of {features.num_logits}. Change evaluate.features."
        )
    if (
        metric.needs >= {"logits", "labels"}
        and dataset is not None
        and not dataset.own_classes
    ):
        raise InputError(
            f"The metric '{kind}' compares with a classifier, and the classes that "
            f"run.transforms gives {dataset.name} are none that it knows. Choose other "
            "metrics."
        )
    if metric.needs_model and model is None:
        raise InputError(
            f"The metric '{kind}' looks into a trained game, and there are only "
            "images. Choose other metrics."
        )
    metric.check(model, dataset)


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
    real = real_sets.get(dataset.split(split), num_samples, features, metric.needs)
    return metric.compute(Evidence(fake=real))[0]


def _check_numbers(
    dataset: Dataset,
    metrics: Sequence[Metric],
    num_samples: int,
    num_real: int | None,
    split: str,
) -> None:
    available = dataset.split(split).num_examples
    if num_samples < 2 or (num_real is not None and num_real < 2):
        raise InputError(
            f"Metrics of {min(num_samples, num_real or num_samples)} images mean "
            "nothing. Set EVAL_SAMPLES, and evaluate.num_real, to 2 or more."
        )
    num = num_real or num_samples
    if num > available and any(metric.needs_real for metric in metrics):
        raise InputError(
            f"{num_samples} generated images are to be compared with {num} real ones, "
            f"but the {split} split of {dataset.name} has {available}. Set "
            f"EVAL_SAMPLES = {available} or less (of the command evaluate: "
            f"evaluate.num_samples), or evaluate.num_real, or evaluate.split."
        )


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
    parts: frozenset[Part],
) -> Iterator[Observed]:
    """Yields what is asked of generated images; the last batch is generated whole."""
    for first in range(0, num_samples, batch_size):
        samples = sampler(batch_size, rng)
        kept = slice(num_samples - first)
        labels = None if samples.labels is None else samples.labels[kept]
        yield observe(samples.images[kept], labels, features, parts)
