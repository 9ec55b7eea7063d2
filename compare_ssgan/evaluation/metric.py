"""What metrics are given, and what they are."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.evaluation import moments as moments_module
from compare_ssgan.evaluation.model import Model
from compare_ssgan.evaluation.moments import Moments
from compare_ssgan.evaluation.sampling import Sampling

# Of a set of images.
Part = Literal["features", "logits", "moments", "images", "labels"]
# Parts that a feature network makes.
OF_NETWORK = frozenset[Part](["features", "logits", "moments"])
_PLAIN = Sampling()


class ImageSet:
    """What is kept of a set of images.

    Only what the metrics at hand need: the moments of a million images fit where
    their features do not.

    Attributes:
        finite: Whether all images are; where one is not, metrics of images are NaN.
    """

    def __init__(
        self,
        *,
        features: np.ndarray | None = None,
        logits: np.ndarray | None = None,
        moments: Moments | None = None,
        images: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        finite: bool = True,
    ) -> None:
        """Makes a set of the parts that are known.

        Args:
            features: [examples, feature_size].
            logits: [examples, classes], class logits.
            moments: Those of the features; computed from these if not given.
            images: [examples, height, width, channels] uint8.
            labels: [examples] integers, -1 for an unlabelled example.
            finite: Whether all images were, before they became bytes.
        """
        self._features = features
        self._logits = logits
        self._moments = moments
        self._images = images
        self._labels = labels
        self.finite = finite

    @property
    def features(self) -> np.ndarray:
        """[examples, feature_size] of the network's type, float32 as a rule.

        A float64 copy of many long features does not fit into memory: convert blocks.
        """
        assert self._features is not None, "the metric did not ask for features"
        return self._features

    @property
    def logits(self) -> np.ndarray:
        """[examples, classes] of the network's type, unnormalized.

        Convert blocks, as for features.
        """
        assert self._logits is not None, "the metric did not ask for logits"
        return self._logits

    @property
    def moments(self) -> Moments:
        """Mean and unbiased covariance; InputError for fewer than two examples."""
        if self._moments is None:
            self._moments = moments_module.of(self.features)
        return self._moments

    @property
    def images(self) -> np.ndarray:
        """[examples, height, width, channels] uint8."""
        assert self._images is not None, "the metric did not ask for images"
        return self._images

    @property
    def labels(self) -> np.ndarray:
        """[examples] int64, the label of the image, or the one it was asked for.

        -1 for an unlabelled example.
        """
        assert self._labels is not None, "the metric did not ask for labels"
        return self._labels

    def with_moments(self, moments: Moments | None) -> "ImageSet":
        """Returns the set with moments that are known."""
        return ImageSet(
            features=self._features,
            logits=self._logits,
            moments=moments,
            images=self._images,
            labels=self._labels,
            finite=self.finite,
        )

    @property
    def num_bytes(self) -> int:
        """Size of what is kept."""
        kept = (self._features, self._logits, self._images, self._labels)
        return sum(array.nbytes for array in kept if array is not None)


class Evidence(NamedTuple):
    """What a metric judges.

    Attributes:
        fake: Of generated images; empty where no metric needs any.
        real: Of real ones; None where no metric needs them.
        model: The players, for metrics that look into them.
        dataset: What the model was trained and is tested on; for those, too.
        seed: Of all that such a metric draws.
        sampling: How such a metric draws images, within `model.drawing`.
        num_samples: Number of images in its name, where it states none of its own.
    """

    fake: ImageSet
    real: ImageSet | None = None
    model: Model | None = None
    dataset: Dataset | None = None
    seed: int = 0
    sampling: Sampling = _PLAIN
    num_samples: int = 0


def _once(model: Model | None) -> Sequence[str]:
    del model
    return ("",)


class Metric(NamedTuple):
    """Numbers that say how good a generator, or its images, are.

    Attributes:
        kinds: What it measures, each one of `protocols.KINDS`.
        compute: Evidence to values, for each variant those of all kinds; NaN if
            anything it reads is not finite.
        needs: Parts that it reads of the generated set, and of the real one if it
            reads that.
        needs_real: Whether it compares with real images.
        needs_model: Whether it looks into the players.
        num: Number of examples in its name, where that is not the number of generated
            images, because it draws its own; or a function of that number and of the
            dataset.
        suffix: Options in its name, empty for default ones.
        variants: Of a model, endings of names of which the metric has values each,
            e.g. one per block of D.
        check: Raises an `InputError` if the metric cannot be had of a model (None
            where there is none but images) and a dataset.
        check_numbers: The same of a number of generated and one of real images.
    """

    kinds: tuple[str, ...]
    compute: Callable[[Evidence], Sequence[float]]
    needs: frozenset[Part] = frozenset()
    needs_real: bool = False
    needs_model: bool = False
    num: int | Callable[[int, Dataset | None], int] | None = None
    suffix: str = ""
    variants: Callable[[Model | None], Sequence[str]] = _once
    check: Callable[[Model | None, Dataset | None], None] = lambda model, dataset: None
    check_numbers: Callable[[int, int], None] = lambda num_fake, num_real: None

    def number(self, num_samples: int, dataset: Dataset | None) -> int:
        """Returns the number of examples in its name.

        Args:
            num_samples: Number of generated images.
            dataset: The dataset, if there is one.
        """
        if callable(self.num):
            return self.num(num_samples, dataset)
        return num_samples if self.num is None else self.num

    @property
    def needs_features(self) -> bool:
        """Whether its values depend on the feature network."""
        return bool(self.needs & OF_NETWORK)
