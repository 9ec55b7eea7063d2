"""What metrics are given, and what they are."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import numpy as np

from compare_ssgan.evaluation import moments as moments_module
from compare_ssgan.evaluation.features import Features
from compare_ssgan.evaluation.moments import Moments, RunningMoments

Part = Literal["features", "logits", "moments"]


class FeatureSet:
    """What is kept of the features of a set of images.

    Only what the metrics at hand need: the moments of a million images fit where
    their features do not.
    """

    def __init__(
        self,
        *,
        features: np.ndarray | None = None,
        logits: np.ndarray | None = None,
        moments: Moments | None = None,
    ) -> None:
        """Makes a set of the parts that are known.

        Args:
            features: [examples, feature_size].
            logits: [examples, classes], class logits.
            moments: Those of the features; computed from these if not given.
        """
        self._features = features
        self._logits = logits
        self._moments = moments

    @property
    def features(self) -> np.ndarray:
        """[examples, feature_size] float64."""
        assert self._features is not None, "the metric did not ask for features"
        return self._features.astype(np.float64)

    @property
    def logits(self) -> np.ndarray:
        """[examples, classes] float64, unnormalized."""
        assert self._logits is not None, "the metric did not ask for logits"
        return self._logits.astype(np.float64)

    @property
    def moments(self) -> Moments:
        """Mean and unbiased covariance; ValueError for fewer than two examples."""
        if self._moments is None:
            self._moments = moments_module.of(self.features)
        return self._moments


class Evidence(NamedTuple):
    """What a metric judges.

    Attributes:
        fake: Of generated images.
        real: Of as many real ones; None where no metric needs them.
    """

    fake: FeatureSet
    real: FeatureSet | None = None


class Metric(NamedTuple):
    """A number that says how good generated images are.

    Attributes:
        kind: Leading letters of its name: "fid", "kid", "is".
        lower_is_better: Whether a smaller value is better.
        needs_real: Whether it compares with real images.
        needs: Parts of the feature sets it reads.
        compute: Evidence to value; NaN if any feature it reads is not finite.
        suffix: End of its name, empty for default options.
    """

    kind: str
    lower_is_better: bool
    needs_real: bool
    needs: frozenset[Part]
    compute: Callable[[Evidence], float]
    suffix: str = ""


def collect(
    batches: Iterable[Features], feature_size: int, parts: frozenset[Part]
) -> FeatureSet:
    """Reads batches of features once and keeps the parts asked for."""
    running = RunningMoments(feature_size)
    features, logits = [], []
    for batch in batches:
        if "features" in parts:
            features.append(batch.features)
        if "logits" in parts:
            logits.append(batch.logits)
        if "moments" in parts:
            running.update(batch.features)
    return FeatureSet(
        features=np.concatenate(features) if features else None,
        logits=np.concatenate(logits) if logits else None,
        moments=running.result() if "moments" in parts else None,
    )
