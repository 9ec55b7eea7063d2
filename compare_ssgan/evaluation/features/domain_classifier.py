"""Features of the small classifiers that a user has trained."""

import functools
import os
import pathlib
import re
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from compare_ssgan import cache, config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import small_classifier
from compare_ssgan.evaluation.features.extractor import FeatureExtractor

_TRAIN = (
    "Train one with `python tools/train_features.py --dataset NAME`, where NAME is a "
    "file of gin_configs/datasets."
)
_DIGITS = 8
# What np.load raises for files that are none of its own, or cut short.
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@config.register("features")
def classifier(
    dataset: str = config.REQUIRED, digest: str | None = None
) -> FeatureExtractor:
    """Features of a classifier trained by `tools/train_features.py` on any dataset.

    For datasets on which the Inception network makes no sense. Its name,
    `<dataset>_cnn_<digest>`, carries a hash of its weights, so that numbers of two
    classifiers never meet in a table. Of the suite's own making (no reference):
    numbers obtained with it compare to each other only. The tool's files are in
    `classifiers` in the cache directory; a file copied there is found too.

    Args:
        dataset: Name of the dataset it was trained on, as in tables.
        digest: The 8 hexadecimal digits of its hash; None for the only one there is
            of that dataset.

    Raises:
        InputError: If there is none, or several to choose from, or the file is not
            what its name says.
    """
    prefix = f"{dataset}_cnn-"
    known = {
        path.stem.removeprefix(prefix): path
        for path in sorted(directory().glob("*.npz"))
        if re.fullmatch(re.escape(prefix) + f"[0-9a-f]{{{_DIGITS}}}", path.stem)
    }
    if digest is None and len(known) > 1:
        raise InputError(
            f"There are {len(known)} classifiers of {dataset} in {directory()}: "
            f"{', '.join(known)}. Set features.classifier.digest to one of these."
        )
    if not known or digest not in (None, *known):
        raise InputError(_missing(dataset, digest, [*known]))
    chosen = digest or next(iter(known))
    return _load(known[chosen], dataset, chosen)


def directory() -> pathlib.Path:
    """Returns where classifiers are kept."""
    return cache.directory() / "classifiers"


def file_name(dataset: str, weights: Mapping[str, np.ndarray]) -> str:
    """Returns the name of the file of a classifier of a dataset."""
    return f"{dataset}_cnn-{small_classifier.content_hash(weights)[:_DIGITS]}.npz"


def store(
    path: pathlib.Path, weights: Mapping[str, np.ndarray], about: Mapping[str, Any]
) -> None:
    """Writes a classifier, whole or not at all.

    Args:
        path: The .npz file.
        weights: See `small_classifier.classifier`.
        about: How it was made; of these, `classifier` reads "image_shape".

    Raises:
        InputError: If the file cannot be written.
    """
    said = {small_classifier.ABOUT + name: value for name, value in about.items()}
    partial = path.with_suffix(f".{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez_compressed(file, **{**weights, **said})
        os.replace(partial, path)
    except OSError as error:
        if partial.is_file():
            partial.unlink()
        raise InputError(f"Cannot write the classifier: {error}") from error


def _missing(dataset: str, digest: str | None, known: list[str]) -> str:
    which = dataset if digest is None else f"{dataset} with digest {digest}"
    text = f"There is no classifier of {which} in {directory()}. "
    if known:
        return text + f"Set features.classifier.digest to {' or '.join(known)}."
    if dataset == "digits":
        text += "The embedded one is @features.digits_cnn(). "
    others = sorted(path.stem for path in directory().glob("*_cnn-*.npz"))
    text += f"There are: {', '.join(others) or 'none at all'}. "
    return text + _TRAIN


# gin calls a factory anew for every evaluation; the network must not be compiled anew.
@functools.cache
def _load(path: pathlib.Path, dataset: str, digest: str) -> FeatureExtractor:
    try:
        weights = small_classifier.read_weights(path)
        with np.load(path, allow_pickle=False) as file:
            shape = file[f"{small_classifier.ABOUT}image_shape"]
    except _UNREADABLE as error:
        raise InputError(
            f"{path} is no classifier that can be read: {error}"
        ) from error
    found = small_classifier.content_hash(weights)
    if not found.startswith(digest):
        raise InputError(
            f"{path} has the hash {found[:_DIGITS]}, not {digest}: it was changed "
            f"after it was written. {_TRAIN}"
        )
    height, width, channels = (int(size) for size in shape)
    name = f"{dataset}_cnn_{digest}"
    return small_classifier.extractor(name, weights, (height, width, channels))
