"""Metrics of arrays, as `evaluate` and `score` compute them."""

import numpy as np

from compare_ssgan.evaluation.metric import Evidence, ImageSet, Metric


def value(
    metric: Metric, kind: str, fake: ImageSet, real: ImageSet | None = None
) -> float:
    """Returns one of the values of a metric of images."""
    values = metric.compute(Evidence(fake, real))
    return float(values[metric.kinds.index(kind)])


def of_features(metric: Metric, kind: str, fake: np.ndarray, real: np.ndarray) -> float:
    """Returns one of the values of a metric of features."""
    return value(metric, kind, ImageSet(features=fake), ImageSet(features=real))
