"""The libraries that others compute their numbers with, on the same features.

Tolerances are those that torch-fidelity states: 1e-6 for FID and KID, 1e-3 for IS.
"""

import functools
import importlib
import importlib.util
import pathlib
import sys
from typing import Any

import numpy as np

from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import ImageSet
from compare_ssgan.evaluation.metrics import (
    fid,
    inception_score,
    kid,
    precision_recall,
)
from tools.conformance_checks.check import Check, package
from tools.conformance_checks.values import of_features, value

_TESTS = pathlib.Path(__file__).parent.parent.parent / "tests"
_TORCH = package("torch", "pip install torch")
_FIDELITY = (_TORCH, package("torch_fidelity", "pip install torch-fidelity"))
_PYTORCH_FID = (_TORCH, package("pytorch_fid", "pip install pytorch-fid"))
_CLEANFID = (_TORCH, package("cleanfid", "pip install clean-fid"))


def checks() -> list[Check]:
    """Returns the checks of this file."""
    correlated = "600 and 500 x 64, correlated"
    return [
        Check("fid", correlated, "torch-fidelity", _fid_of_torch_fidelity, _fid, 1e-6,
              _FIDELITY),
        Check("fid", correlated, "pytorch-fid",
              functools.partial(_fid_of, "pytorch_fid.fid_score",
                                "calculate_frechet_distance"), _fid, 1e-6,
              _PYTORCH_FID),
        Check("fid", correlated, "clean-fid",
              functools.partial(_fid_of, "cleanfid.fid", "frechet_distance"), _fid,
              1e-6, _CLEANFID),
        Check("kid", f"{correlated}, 20 x 200", "torch-fidelity",
              _kid_of_torch_fidelity, _kid, 1e-6, _FIDELITY),
        Check("is", "1000 x 10 in 10 parts", "torch-fidelity",
              _is_of_torch_fidelity, _is, 1e-3, _FIDELITY),
        # Its distances are those of single precision: a border may lie elsewhere.
        *(
            Check(kind, correlated, "torch-fidelity",
                  functools.partial(_prc_of_torch_fidelity, place),
                  functools.partial(_prc, kind), 2 / 500, _FIDELITY)
            for place, kind in enumerate(("precision", "recall"))
        ),
    ]  # fmt: skip


def _features() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(2023)
    mixing = rng.randn(64, 64) / 8
    fake, real = (
        np.maximum((rng.randn(num, 64) + shift) @ mixing + 0.5, 0).astype(np.float32)
        for num, shift in ((600, 0.0), (500, 0.1))
    )
    return fake, real


def _logits() -> np.ndarray:
    return 3 * np.random.RandomState(0).randn(1000, 10)


def _load(name: str) -> Any:
    if importlib.util.find_spec("torchvision") is None:
        # They import it for other things than what is asked of them here.
        if str(_TESTS) not in sys.path:
            sys.path.append(str(_TESTS))
        importlib.import_module("torchvision_stand_in").install()
        importlib.import_module("torchvision.models.inception")
    return importlib.import_module(name)


def _fid() -> float:
    return of_features(fid.fid(), "fid", *_features())


def _fid_of(module: str, function: str) -> float:
    a, b = (moments.of(each) for each in _features())
    theirs = getattr(_load(module), function)
    return float(theirs(a.mean, a.covariance, b.mean, b.covariance))


def _fid_of_torch_fidelity() -> float:
    metric = _load("torch_fidelity.metric_fid")
    torch = importlib.import_module("torch")
    statistics = [
        metric.fid_features_to_statistics(torch.from_numpy(x.astype(np.float64)))
        for x in _features()
    ]
    found = metric.fid_statistics_to_metric(*statistics, verbose=False)
    return float(found[metric.KEY_METRIC_FID])


def _kid() -> float:
    metric = kid.kid(num_subsets=20, subset_size=200)
    return of_features(metric, "kid", *_features())


def _kid_of_torch_fidelity() -> float:
    metric = _load("torch_fidelity.metric_kid")
    torch = importlib.import_module("torch")
    found = metric.kid_features_to_metric(
        *(torch.from_numpy(x) for x in _features()),
        kid_subsets=20,
        kid_subset_size=200,
        verbose=False,
    )
    return float(found[metric.KEY_METRIC_KID_MEAN])


def _is() -> float:
    metric = inception_score.inception_score(num_splits=10)
    return value(metric, "is", ImageSet(logits=_logits()))


def _is_of_torch_fidelity() -> float:
    metric = _load("torch_fidelity.metric_isc")
    torch = importlib.import_module("torch")
    found = metric.isc_features_to_metric(torch.from_numpy(_logits()), splits=10)
    return float(found[metric.KEY_METRIC_ISC_MEAN])


def _prc(kind: str) -> float:
    metric = precision_recall.precision_recall()
    return of_features(metric, kind, *_features())


def _prc_of_torch_fidelity(place: int) -> float:
    metric = _load("torch_fidelity.metric_prc")
    torch = importlib.import_module("torch")
    fake, real = (torch.from_numpy(x) for x in _features())
    return float(metric.calculate_precision_recall_full(fake, real, 3)[place])
