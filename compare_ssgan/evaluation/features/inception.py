"""Features of the Inception network, which FID and Inception score are defined on."""

import functools
import hashlib
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import weights_store
from compare_ssgan.evaluation.features import (
    frozen_graph,
    inception_network,
    resize,
    saved_model,
    torch_file,
)
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.features.inception_network import Network, Tap
from compare_ssgan.evaluation.weights_store import Source

_LOGITS = "logits"
_TAPS: tuple[Tap, ...] = (64, 192, 768, 2048, "logits")
_KINDS = ("unbiased", "biased")
# A quarter of the usual batch: an image takes 50 MB of activations.
_BATCH_SIZE = 25


@config.register("features")
def inception(
    protocol: Literal["legacy", "pytorch", "clean"] = "legacy",
    tap: Tap = 2048,
    weights: str | None = None,
    logits: Literal["unbiased", "biased"] = "unbiased",
) -> FeatureExtractor:
    """Features of the Inception network of 2015, for images of any size.

    Szegedy et al. 2015, https://arxiv.org/abs/1512.00567, with the weights that the
    Inception score (https://arxiv.org/abs/1606.03498) and FID
    (https://arxiv.org/abs/1706.08500) are defined on. Images are rounded to 256
    levels first, as if they came from a file; images of one channel are repeated to
    three. Named inception_<protocol>, for another tap inception64_<protocol>.

    The weights come from the first of these that is present in the cache directory:
    the published file of the PyTorch port (either name), which is read without
    PyTorch; TF-GAN's module, fetched by TensorFlow Hub; the frozen graph of 2015; a
    copy of that module; a file of unknown origin. Those that cannot be told to be
    the published ones have the first digits of their sha256 in the name.

    Args:
        protocol: How images are resized and scaled; see `resize`. "legacy" is that
            of TensorFlow 1, TF-GAN, compare_gan and torch-fidelity; "pytorch" that
            of pytorch-fid; "clean" that of clean-fid.
        tap: Which features: 64 after the first pooling, 192 after the second, 768
            before the auxiliary classifier, 2048 after the last; "logits". Those of
            64, 192 and 768 have no logits.
        weights: Path of a file or directory, "tfhub" for TF-GAN's module, which is
            fetched if need be, or None for those that are present.
        logits: Class logits without ("unbiased") or with the classifier's bias. The
            Inception score of its authors and of torch-fidelity is of the unbiased
            ones. The module has one kind, that of TF-GAN's score, whichever this
            setting; metrics of those are named ..._tfgan, of biased ones ..._biased.

    Raises:
        InputError: If a setting is unknown, or there are no weights.
        CommandError: If the module cannot be fetched.
    """
    if protocol not in resize.PROTOCOLS:
        raise _unknown("protocol", protocol, resize.PROTOCOLS)
    if tap not in _TAPS:
        raise _unknown("tap", tap, _TAPS)
    if logits not in _KINDS:
        raise _unknown("logits", logits, _KINDS)
    source = weights_store.choose(weights)
    biased = logits == "biased"
    if biased and (source.kind in ("tfhub", "saved_model") or tap in (64, 192, 768)):
        raise InputError(
            f"The features {tap} of {source.path} come with no choice of logits. "
            "Leave features.inception.logits out, or change features.inception.tap or "
            "features.inception.weights."
        )
    return _inception(protocol, tap, source, biased)


def load(source: Source, tap: Tap = 2048, *, biased: bool = False) -> Network:
    """Returns the network of weights.

    Args:
        source: The weights.
        tap: See `inception`.
        biased: Whether its logits have the classifier's bias, where there is a choice.

    Raises:
        InputError: If they are not those of the network.
    """
    if source.kind == "frozen_graph":
        return frozen_graph.load(source.path, tap, biased=biased)
    if source.kind == "torch":
        return _of_weights(_read_torch(source).weights, tap, biased)
    return saved_model.load(source.path, tap)


def check(source: Source) -> None:
    """Raises an `InputError` if weights are not those of the network."""
    load(source)


def _unknown(name: str, value: object, known: tuple[object, ...]) -> InputError:
    return InputError(
        f"{value!r} is not one of {', '.join(map(repr, known))}. "
        f"Change features.inception.{name}."
    )


# gin calls a factory anew for every evaluation; the network must not be compiled anew.
@functools.cache
def _inception(
    protocol: str, tap: Tap, source: Source, biased: bool
) -> FeatureExtractor:
    network = load(source, tap, biased=biased)

    module = source.kind in ("tfhub", "saved_model")
    logits_name = "_tfgan" if module else "_biased" if biased else ""
    parts = [f"inception{'' if tap == 2048 else tap}", protocol, source.label]
    name = "_".join(part for part in parts if part)
    # The same weights may come in files of several formats.
    own = source.kind == "torch"
    values = _read_torch(source).content_hash if own else source.sha256
    content = f"inception 1, {protocol}, {tap}, {biased}, {values}"
    return FeatureExtractor(
        f"{name}{logits_name}" if tap == _LOGITS else name,
        network.apply,
        weights_hash=hashlib.sha256(content.encode()).hexdigest(),
        feature_size=network.feature_size,
        num_logits=network.num_logits,
        batch_size=_BATCH_SIZE,
        logits_name="" if tap == _LOGITS else logits_name,
        prepare=functools.partial(resize.prepare, protocol=protocol),
    )


class _Read(NamedTuple):
    weights: inception_network.Weights
    content_hash: str


@functools.cache
def _read_torch(source: Source) -> _Read:
    folded = inception_network.fold(torch_file.read(source.path))
    digest = hashlib.sha256()
    for name, value in sorted(folded.items()):
        digest.update(repr((name, value.shape)).encode())
        digest.update(np.ascontiguousarray(value).data)
    weights = {name: tf.constant(value) for name, value in folded.items()}
    return _Read(weights, digest.hexdigest())


def _of_weights(weights: inception_network.Weights, tap: Tap, biased: bool) -> Network:
    size = inception_network.NUM_CLASSES

    def apply(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        last = 2048 if isinstance(tap, str) else tap
        features = inception_network.network(weights, images, last)
        if last != 2048:
            return features, tf.zeros([tf.shape(features)[0], 0])
        found = inception_network.logits(weights, features, biased=biased)
        return (found if tap == _LOGITS else features), found

    if isinstance(tap, str):
        return Network(apply, size, size)
    return Network(apply, tap, size if tap == 2048 else 0)
