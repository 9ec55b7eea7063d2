"""The command score against torch-fidelity, on the same features.

Tolerances are those that it states for itself.
"""

import importlib
import json

import numpy as np
import pytest

pytestmark = pytest.mark.conformance
METRICS = "fid,kid,is,precision_recall,density_coverage"


def test_torch_fidelity_finds_the_same_scores(tmp_path, command):
    import torch
    import torchvision_stand_in

    torchvision_stand_in.install()
    importlib.import_module("torchvision.models.inception")
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    rng = np.random.RandomState(0)
    mixing = rng.randn(48, 48) / 7
    real = np.maximum(rng.randn(1500, 48) @ mixing, 0).astype(np.float32)
    fake = np.maximum((rng.randn(1200, 48) + 0.2) @ mixing, 0).astype(np.float32)
    logits = (3 * rng.randn(1200, 10)).astype(np.float32)
    for name, array in (("real", real), ("fake", fake), ("logits", logits)):
        np.save(tmp_path / f"{name}.npy", array)

    code, out, err = command(
        "score", "real.npy", "fake.npy", "--features", "none", "--logits",
        "logits.npy", "--metrics", METRICS, "--json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)

    tensors = [torch.from_numpy(x) for x in (fake, real)]
    statistics = [metric_fid.fid_features_to_statistics(x.double()) for x in tensors]
    fid = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    assert found["fid"] == pytest.approx(fid[metric_fid.KEY_METRIC_FID], abs=1e-6)
    kid = metric_kid.kid_features_to_metric(*tensors, verbose=False)
    names = metric_kid.KEY_METRIC_KID_MEAN, metric_kid.KEY_METRIC_KID_STD
    expected = [kid[name] for name in names]
    own = [found["kid"], found["kid_standard_deviation"]]
    assert own == pytest.approx(expected, abs=1e-6)
    isc = metric_isc.isc_features_to_metric(torch.from_numpy(logits))
    names = metric_isc.KEY_METRIC_ISC_MEAN, metric_isc.KEY_METRIC_ISC_STD
    expected = [isc[name] for name in names]
    own = [found["is"], found["is_standard_deviation"]]
    assert own == pytest.approx(expected, abs=1e-3)
    expected = metric_prc.calculate_precision_recall_full(*tensors, 3)
    own = [found["precision"], found["recall"]]
    assert own == pytest.approx(expected, abs=2 / 1200)
    assert {"density", "coverage"} < found.keys()
    assert found["protocols"].keys() >= {
        "fid1200_real1500_features",
        "is1200_features_splits10",
        "precision1200_real1500_features",
    }
