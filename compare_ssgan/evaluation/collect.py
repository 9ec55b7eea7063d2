"""From batches of images to what metrics need of them, in one pass."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.metric import OF_NETWORK, ImageSet, Part
from compare_ssgan.evaluation.moments import RunningMoments


class Observed(NamedTuple):
    """A batch of what `collect` collects.

    Attributes:
        features: [examples, feature_size], or None.
        logits: [examples, classes], or None.
        images: [examples, height, width, channels] float32 in [0, 1], or None.
        labels: [examples, classes] one-hot, all zero for an unlabelled example; or
            None.
    """

    features: np.ndarray | None = None
    logits: np.ndarray | None = None
    images: np.ndarray | None = None
    labels: np.ndarray | None = None


def collect(batches: Iterable[Observed], parts: frozenset[Part]) -> ImageSet:
    """Reads batches once and keeps the parts asked for."""
    running = None
    kept: dict[str, list[np.ndarray]] = {}
    finite = True
    for batch in batches:
        if "moments" in parts:
            assert batch.features is not None
            running = running or RunningMoments(batch.features.shape[1])
            running.update(batch.features)
        found = batch._asdict()
        if "images" in parts:
            assert batch.images is not None
            # Bytes cannot say that a pixel is no number.
            finite = finite and bool(np.all(np.isfinite(batch.images)))
            found["images"] = to_bytes(np.nan_to_num(batch.images))
        if "labels" in parts and batch.labels is not None:
            found["labels"] = to_numbers(batch.labels)
        for name in parts - {"moments"}:
            if found[name] is not None:
                kept.setdefault(name, []).append(found[name])
    # One name at a time: all of them twice may not fit into memory.
    arrays = {name: np.concatenate(kept.pop(name)) for name in list(kept)}
    moments = running.result() if running else None
    return ImageSet(**arrays, moments=moments, finite=finite)


def observe(
    images: tf.Tensor,
    labels: tf.Tensor | None,
    features: FeatureExtractor | None,
    parts: frozenset[Part],
) -> Observed:
    """Returns what is asked of a batch.

    Args:
        images: [examples, height, width, channels] float32 in [0, 1].
        labels: [examples, classes] one-hot, or None.
        features: The feature network; None where metrics need nothing of it.
        parts: What metrics need.
    """
    found = None
    if parts & OF_NETWORK:
        assert features is not None
        found = features(images)
    return Observed(
        features=found.features if found else None,
        logits=found.logits if found else None,
        images=np.asarray(images) if "images" in parts else None,
        labels=None if labels is None else np.asarray(labels),
    )


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Returns images in [0, 1] rounded to the 256 levels of a file, uint8."""
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)


def to_numbers(labels: np.ndarray) -> np.ndarray:
    """Returns the class of each row, -1 for a row of zeros."""
    numbers = np.argmax(labels, axis=1).astype(np.int64)
    return np.where(np.any(labels, axis=1), numbers, -1)
