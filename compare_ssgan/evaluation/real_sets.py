"""Real images as metrics see them, read once."""

import functools
import os
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.base import Examples
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.collect import Observed, collect, observe
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.metric import ImageSet, Part

# Fixed, because the last bit of moments depends on it.
_BATCH_SIZE = 100
_MOST_BYTES = 500_000_000

# A run evaluates many times against the same images; oldest first.
_known: dict[tuple[object, ...], ImageSet] = {}


def get(
    split: Examples,
    num: int,
    features: FeatureExtractor | None,
    parts: frozenset[Part],
) -> ImageSet:
    """Returns parts of the first `num` real images, remembered by their content.

    Moments are kept between processes, too, by the hash of what they depend on.

    Args:
        split: The images.
        num: How many of them.
        features: The feature network; None where metrics need nothing of it.
        parts: What metrics need of them.
    """
    network = (features.name, features.weights_hash) if features else ()
    content = (split.content_hash, num, *network)
    if (*content, parts) in _known:
        return _known[(*content, parts)]

    @functools.cache
    def read() -> ImageSet:
        def observed() -> Iterator[Observed]:
            for batch in split.evaluation_batches(num, _BATCH_SIZE):
                yield observe(batch.images, batch.labels, features, parts)

        return collect(observed(), parts)

    known = None
    if "moments" in parts:
        known = moments.cached((*content, *arithmetic()), lambda: read().moments)
    found = ImageSet(moments=known)
    if parts != {"moments"}:
        found = read().with_moments(known)
    while _known and _size(found) + sum(map(_size, _known.values())) > _MOST_BYTES:
        del _known[next(iter(_known))]
    _known[(*content, parts)] = found
    return found


def forget() -> None:
    """Forgets the sets of this process."""
    _known.clear()


def _size(images: ImageSet) -> int:
    return images.num_bytes


def arithmetic() -> tuple[object, ...]:
    """Returns what the last bit of a feature or a sum depends on.

    Without it, a number would depend on whether an earlier process with other threads
    or other optimizations of its graphs left its moments behind.
    """
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    devices = [device.device_type for device in tf.config.list_physical_devices()]
    graphs = sorted(tf.config.optimizer.get_experimental_options().items())
    machine = os.cpu_count(), threads, sorted(devices)
    return tf.__version__, np.__version__, *machine, graphs
