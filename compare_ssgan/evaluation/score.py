"""Metrics of images that were made elsewhere."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments, real_sets
from compare_ssgan.evaluation.collect import Observed, collect, observe
from compare_ssgan.evaluation.evaluate import check_metric, names_of
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.image_source import FeatureSource, ImageSource
from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric, Part
from compare_ssgan.evaluation.moments import Moments, RunningMoments
from compare_ssgan.types import Samples

Source = ImageSource | FeatureSource

# The split in the names of metrics: nobody knows what the real images are of.
_SPLIT = "real"
_BATCH_SIZE = 100
# Vectors converted to float64 at once.
_ROWS = 4000
# What a run would set, as messages of metrics have it in parentheses.
_SETTING = re.compile(r" \(evaluate\.[^)]*\)")


class Score(NamedTuple):
    """A value of images, or features, that a user brought.

    Attributes:
        kind: One of `protocols.KINDS`.
        metric: Name of the protocol; see `protocols`.
        value: NaN where there is none.
    """

    kind: str
    metric: str
    value: float


class Judge(NamedTuple):
    """What `score` was configured to measure.

    Attributes:
        features: The feature network, None where features are given or not needed.
        metrics: What is measured.
    """

    features: FeatureExtractor | None
    metrics: tuple[Metric, ...]


@config.entry_point
def score(
    *,
    features: FeatureExtractor | None = config.REQUIRED,
    metrics: Sequence[Metric] = config.REQUIRED,
) -> Judge:
    """Builds what measures images of a user's.

    Args:
        features: The network whose features and logits the metrics see; None where
            the user gives features.
        metrics: What to measure.

    Raises:
        InputError: If there is nothing to measure.
    """
    if not metrics:
        raise InputError("score.metrics is empty: nothing would be measured.")
    return Judge(features, tuple(metrics))


def measure(
    real: Source, fake: Source, judge: Judge, logits: FeatureSource | None = None
) -> list[Score]:
    """Measures one set against another.

    Statistics of the real set are kept in the cache directory by the hash of its
    content, the features' and the machine's.

    Args:
        real: The real images, or features.
        fake: The generated ones, of the same kind.
        judge: Features and metrics.
        logits: Class logits of the generated examples, where features are given.

    Returns:
        A score per value, in the order of the metrics. Names have the split "real",
        and features that were given are called "features".

    Raises:
        InputError: If a metric cannot be had of such sets.
    """
    features, metrics = judge
    _check_sizes(real, fake, logits)
    for metric in metrics:
        _check(metric, features, real, fake, logits)
    fake_parts = frozenset[Part]().union(*(m.needs for m in metrics))
    real_parts = frozenset[Part]().union(*(m.needs for m in metrics if m.needs_real))
    try:
        for metric in metrics:
            metric.check_numbers(fake.num_examples, real.num_examples)
        evidence = Evidence(
            _fake_set(fake, fake_parts, features, logits),
            _real_set(real, real_parts, features) if real_parts else None,
        )
        values = [metric.compute(evidence) for metric in metrics]
    except (InputError, ValueError) as error:
        # Of sets that are too small, for example.
        raise InputError(_SETTING.sub("", str(error))) from error
    return [
        Score(kind, name, float(value))
        for metric, own in zip(metrics, values, strict=True)
        for kind, name, value in zip(
            metric.kinds, _names(metric, real, fake, features), own, strict=True
        )
    ]


def _names(
    metric: Metric, real: Source, fake: Source, features: FeatureExtractor | None
) -> list[str]:
    return names_of(
        metric,
        metric.number(fake.num_examples, None),
        features,
        split=_SPLIT if metric.needs_real else None,
        num_real=real.num_examples,
    )


def _check_sizes(real: Source, fake: Source, logits: FeatureSource | None) -> None:
    for source in (real, fake):
        if source.num_examples < 2:
            raise InputError(
                f"{source.path} has {source.num_examples} example: metrics need two "
                "at least."
            )
    if isinstance(real, FeatureSource) and isinstance(fake, FeatureSource):
        sizes = [source.features.shape[1] for source in (real, fake)]
        if sizes[0] != sizes[1]:
            raise InputError(
                f"The features of {real.path} have {sizes[0]} numbers each, those of "
                f"{fake.path} {sizes[1]}: they are of different networks."
            )
    if logits is not None and logits.num_examples != fake.num_examples:
        raise InputError(
            f"--logits: {logits.path} has logits of {logits.num_examples} examples, "
            f"but {fake.path} has {fake.num_examples}."
        )


def _check(
    metric: Metric,
    features: FeatureExtractor | None,
    real: Source,
    fake: Source,
    logits: FeatureSource | None,
) -> None:
    """Refuses a metric that cannot be had of what is given."""
    kind, given = metric.kinds[0], isinstance(fake, FeatureSource)
    if metric.needs_model:
        raise InputError(
            f"The metric '{kind}' looks into a trained game, and there are only "
            "images. Remove it from --metrics."
        )
    if given and "images" in metric.needs:
        raise InputError(
            f"The metric '{kind}' is of images, and --features none gives none. "
            "Remove it from --metrics."
        )
    if "logits" in metric.needs:
        _check_logits(metric, features, given, logits)
    sources = [fake, real] if metric.needs_real else [fake]
    for source in sources:
        if "labels" in metric.needs and source.labels is None:
            raise InputError(
                f"The metric '{kind}' needs labels, and {source.path} has none: a "
                "folder has them as one folder per class or as labels.csv (file, "
                "label), an .npz file as the array labels."
            )
        if isinstance(source, ImageSource):
            _check_shape(metric, features, source)
    if "labels" in metric.needs and metric.needs_real:
        _check_classes(real, fake)
    if "images" in metric.needs and metric.needs_real:
        _check_equal(real, fake)
    # Those of labels ask for a conditional model; here the labels themselves are there.
    if "labels" not in metric.needs:
        check_metric(metric, features, None, None)


def _check_logits(
    metric: Metric,
    features: FeatureExtractor | None,
    given: bool,
    logits: FeatureSource | None,
) -> None:
    kind = metric.kinds[0]
    if features is not None and not features.num_logits:
        raise InputError(
            f"The metric '{kind}' needs a classifier, and the features "
            f"{features.name} are none. Change --metrics or --features."
        )
    if given and logits is None:
        raise InputError(
            f"The metric '{kind}' needs class logits. Give those of FAKE with "
            "--logits FILE, or change --metrics."
        )
    if given and metric.needs_real:
        raise InputError(
            f"The metric '{kind}' needs class logits of REAL, too, for which there is "
            "no option. Change --metrics."
        )


def _check_shape(
    metric: Metric, features: FeatureExtractor | None, source: ImageSource
) -> None:
    if source.image_shape is None:
        if "images" in metric.needs or (metric.needs_features and not source.prepare):
            raise InputError(source.unequal)
    elif metric.needs_features and features is not None:
        features.check(source.image_shape)


def _check_classes(real: Source, fake: Source) -> None:
    known = [getattr(source, "class_names", None) or () for source in (real, fake)]
    odd = sorted(set(known[0]) ^ set(known[1]))
    if all(known) and odd:
        raise InputError(
            f"The classes of {real.path} and {fake.path} differ: only one of them has "
            f"{', '.join(odd[:5])}. Give folders of the same classes the same names."
        )


def _check_equal(real: Source, fake: Source) -> None:
    assert isinstance(real, ImageSource)
    assert isinstance(fake, ImageSource)
    if real.image_shape != fake.image_shape:
        raise InputError(
            f"The images of {real.path} are {real.image_shape}, those of {fake.path} "
            f"{fake.image_shape}: they cannot be compared pixel by pixel. Resize one."
        )


def _fake_set(
    source: Source,
    parts: frozenset[Part],
    features: FeatureExtractor | None,
    logits: FeatureSource | None,
) -> ImageSet:
    if isinstance(source, FeatureSource):
        known = _moments(source.features) if "moments" in parts else None
        return ImageSet(
            features=source.features,
            logits=None if logits is None else np.asarray(logits.features),
            moments=known,
            labels=source.labels,
        )
    network = _network(source, features)

    def observed() -> Iterator[Observed]:
        batches = source.evaluation_batches(source.num_examples, _BATCH_SIZE)
        for batch in _shown(batches, source):
            yield observe(batch.images, batch.labels, network, parts)

    return collect(observed(), parts)


def _real_set(
    source: Source, parts: frozenset[Part], features: FeatureExtractor | None
) -> ImageSet:
    if isinstance(source, FeatureSource):
        known = None
        if "moments" in parts:
            key = (source.content_hash, "features", _ROWS, *real_sets.arithmetic())
            known = moments.cached(key, lambda: _moments(source.features))
        return ImageSet(features=source.features, moments=known, labels=source.labels)
    network = _network(source, features)
    return real_sets.get(source, source.num_examples, network, parts)


def _network(
    source: ImageSource, features: FeatureExtractor | None
) -> FeatureExtractor | None:
    if features is None or source.prepare is None:
        return features
    return features.of_prepared()


def _shown(batches: Iterator[Samples], source: ImageSource) -> Iterator[Samples]:
    """Shows progress on a terminal: Inception takes its time without a GPU."""
    num = -(-source.num_examples // _BATCH_SIZE)
    yield from tqdm(batches, str(source.path), num, leave=False, disable=None)


def _moments(features: np.ndarray) -> Moments:
    running = RunningMoments(features.shape[1])
    for first in range(0, len(features), _ROWS):
        running.update(features[first : first + _ROWS])
    return running.result()
