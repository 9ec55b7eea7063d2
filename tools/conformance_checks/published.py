"""Numbers published of CIFAR-10: they need the weights of Inception and the images.

torch-fidelity's tests, https://github.com/toshas/torch-fidelity. The 5000 and 256
images of a split are those that RandomState(2020) chooses of it without replacement, in
the order of CIFAR-10's own files, which Keras keeps in its cifar10.npz, and
tensorflow-datasets does not.
"""

import functools

import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.evaluation import weights_store
from compare_ssgan.evaluation.features import inception
from compare_ssgan.evaluation.metric import ImageSet, Metric
from compare_ssgan.evaluation.metrics import (
    fid,
    inception_score,
    kid,
    precision_recall,
)
from tools.conformance_checks.check import Check, Requirement
from tools.conformance_checks.values import value

_SEED = 2020
_NUM_TRAIN, _NUM_TEST = 50_000, 10_000
_NUM_BLOCK = 100


def _has_images() -> bool:
    directory = base.data_directory()
    if directory is None or not (directory / "cifar10.npz").is_file():
        return False
    # Of a part of CIFAR-10 other numbers are right.
    return (len(_images("train")), len(_images("test"))) == (_NUM_TRAIN, _NUM_TEST)


@functools.cache
def _images(split: str) -> np.ndarray:
    """Returns the images of a split of cifar10.npz, [examples, 32, 32, 3] uint8."""
    directory = base.data_directory()
    assert directory is not None
    with np.load(directory / "cifar10.npz", allow_pickle=False) as arrays:
        return arrays[f"x_{split}"]


_REQUIRES = (
    Requirement(
        lambda: any(source.published for source in weights_store.present()),
        "needs the weights of Inception: compare_ssgan weights show",
    ),
    Requirement(_has_images, "needs CIFAR-10: --data_dir DIR with cifar10.npz"),
)


def checks() -> list[Check]:
    """Returns the checks of this file."""
    whole, some, few = "train, 50000", "5000 train and 5000 test", "256 train and test"
    return [
        _check("is", whole, 11.23678, 1e-3, "is", _NUM_TRAIN, "10 parts"),
        _check("is", some, 10.75051, 1e-3, "is", 5000, "10 parts"),
        _check("fid", some, 10.3233274, 1e-4, "fid", 5000),
        _check("kid", some, -2.9079e-05, 1e-6, "kid", 5000),
        _check("precision", some, 0.6852, 1e-3, "precision", 5000),
        _check("recall", some, 0.6908, 1e-3, "recall", 5000),
        _check("is", few, 6.67541, 1e-3, "is", 256, "10 parts"),
        _check("fid", few, 110.28082617, 1e-3, "fid", 256),
        _check("kid", f"{few}, subsets of 64", -6.7925e-04, 1e-6, "kid64", 256),
        _check("precision", few, 0.71484, 1e-3, "precision", 256),
        _check("recall", few, 0.71094, 1e-3, "recall", 256),
    ]


def _check(
    metric: str, case: str, expected: float, tolerance: float, which: str, num: int,
    remark: str = "",
) -> Check:  # fmt: skip
    case = f"CIFAR-10, {case}" + (f", {remark}" if remark else "")
    return Check(
        metric, case, "torch-fidelity, tests", expected,
        functools.partial(_value, which, num), tolerance, _REQUIRES,
    )  # fmt: skip


def _value(which: str, num: int) -> float:
    metrics: dict[str, tuple[str, Metric]] = {
        "is": ("is", inception_score.inception_score(num_splits=10)),
        "fid": ("fid", fid.fid()),
        "kid": ("kid", kid.kid()),
        "kid64": ("kid", kid.kid(subset_size=64)),
        "precision": ("precision", precision_recall.precision_recall()),
        "recall": ("recall", precision_recall.precision_recall()),
    }
    kind, metric = metrics[which]
    real = _set("test", num) if metric.needs_real else None
    return value(metric, kind, _set("train", num), real)


@functools.cache
def _set(split: str, num: int) -> ImageSet:
    """Returns features and logits of the images that are chosen, in their order."""
    total = {"train": _NUM_TRAIN, "test": _NUM_TEST}[split]
    chosen = np.arange(total)
    if num < total:
        chosen = np.random.RandomState(_SEED).choice(total, num, replace=False)
    place = np.full(total, -1)
    place[chosen] = np.arange(num)
    network = inception.inception()
    found, places = [], []
    for first in range(0, total, _NUM_BLOCK):
        here = place[first : first + _NUM_BLOCK]
        if np.any(here >= 0):
            block = _images(split)[first : first + _NUM_BLOCK][here >= 0]
            found.append(network(block.astype(np.float32) / np.float32(255)))
            places.append(here[here >= 0])
    features, logits = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(np.concatenate(places))
    return ImageSet(features=features[order], logits=logits[order])
