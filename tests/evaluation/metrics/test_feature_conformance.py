"""Metrics of features against the libraries that others compute them with.

Tolerances are those that torch-fidelity states for itself: 1e-6 for FID and KID, 1e-3
for IS.
"""

import importlib

import numpy as np
import pytest

from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.density_coverage import density_and_coverage
from compare_ssgan.evaluation.metrics.fid import frechet_distance
from compare_ssgan.evaluation.metrics.inception_score import inception_score
from compare_ssgan.evaluation.metrics.kid import kid
from compare_ssgan.evaluation.metrics.precision_recall import precision_and_recall

pytestmark = pytest.mark.conformance


@pytest.fixture(autouse=True)
def _torchvision():
    import torchvision_stand_in

    torchvision_stand_in.install()
    # The ports derive from its classes without importing the module they are in.
    importlib.import_module("torchvision.models.inception")


def _features(num, size, seed=2023):
    """Two sets as of a network: correlated, not negative, single precision."""
    rng = np.random.default_rng([seed, num, size])
    mixing = rng.normal(size=(size, size)) / np.sqrt(size)
    return [
        np.maximum(rng.normal(shift, 1, (num, size)) @ mixing + 0.5, 0).astype(
            np.float32
        )
        for shift in (0, 0.1)
    ]


def _distance_of_torch_fidelity(a, b):
    import torch
    from torch_fidelity import metric_fid

    statistics = [
        metric_fid.fid_features_to_statistics(torch.from_numpy(x.astype(np.float64)))
        for x in (a, b)
    ]
    found = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    return found[metric_fid.KEY_METRIC_FID]


@pytest.mark.parametrize("size", [2, 4, 16, 64, 256])
@pytest.mark.parametrize("num", [2, 4, 8, 32, 128, 512, 4096, 32768])
def test_torch_fidelity_finds_the_same_distance(num, size):
    a, b = _features(num, size)
    expected = _distance_of_torch_fidelity(a, b)
    found = frechet_distance(moments.of(a), moments.of(b))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_four_examples_of_four_features_have_a_distance():
    # Rounding makes the determinant of the product of covariances negative.
    for seed in range(20):
        a, b = _features(4, 4, seed)
        expected = _distance_of_torch_fidelity(a, b)
        found = frechet_distance(moments.of(a), moments.of(b))
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("library", ["pytorch_fid", "cleanfid"])
@pytest.mark.filterwarnings("ignore")
def test_the_ports_of_the_original_find_the_same_distance(library):
    if library == "pytorch_fid":
        from pytorch_fid.fid_score import calculate_frechet_distance as theirs
    else:
        from cleanfid.fid import frechet_distance as theirs
    a, b = (moments.of(x) for x in _features(2000, 128))
    try:
        expected = theirs(a.mean, a.covariance, b.mean, b.covariance)
    except TypeError as error:
        # scipy 1.18 took the argument away that they call it with.
        assert "disp" in str(error)  # noqa: PT017
        pytest.skip(f"{library} does not run with this scipy: {error}")
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("num_real", [600, 500])
def test_torch_fidelity_finds_the_same_kernel_distance(num_real):
    import torch
    from torch_fidelity import metric_kid

    fake, real = _features(600, 64)
    real = real[:num_real]
    expected = metric_kid.kid_features_to_metric(
        torch.from_numpy(fake),
        torch.from_numpy(real),
        kid_subsets=20,
        kid_subset_size=200,
        verbose=False,
    )
    metric = kid(num_subsets=20, subset_size=200, spread=True)
    found = metric.compute(Evidence(ImageSet(features=fake), ImageSet(features=real)))
    names = metric_kid.KEY_METRIC_KID_MEAN, metric_kid.KEY_METRIC_KID_STD
    assert found == pytest.approx([expected[name] for name in names], abs=1e-6)


def test_torch_fidelity_finds_the_same_score():
    import torch
    from torch_fidelity import metric_isc

    logits = np.random.default_rng(0).normal(0, 3, (1005, 100)).astype(np.float32)
    names = metric_isc.KEY_METRIC_ISC_MEAN, metric_isc.KEY_METRIC_ISC_STD
    expected = metric_isc.isc_features_to_metric(torch.from_numpy(logits))
    evidence = Evidence(ImageSet(logits=logits))
    found = inception_score(num_splits=10, spread=True).compute(evidence)
    assert found == pytest.approx([expected[name] for name in names], abs=1e-9)
    expected = metric_isc.isc_features_to_metric(torch.from_numpy(logits), splits=1)
    found = inception_score().compute(evidence)
    assert found[0] == pytest.approx(expected[names[0]], abs=1e-9)


def _precision_and_recall_of_torch_fidelity(fake, real, k=3):
    import torch
    from torch_fidelity import metric_prc

    return metric_prc.calculate_precision_recall_full(
        torch.from_numpy(fake), torch.from_numpy(real), k
    )


@pytest.mark.parametrize("k", [1, 3, 5])
def test_torch_fidelity_finds_the_same_precision_and_recall(k):
    fake, real = _features(700, 32)
    real = real[:600] + np.float32(0.2)
    found = precision_and_recall(fake, real, k=k)
    expected = _precision_and_recall_of_torch_fidelity(fake, real, k)
    # Its distances are those of single precision: a border may lie elsewhere.
    assert found == pytest.approx(expected, abs=2 / 600)


def test_a_collapsed_generator_is_precise_by_both():
    import torch

    rng = torch.Generator().manual_seed(42)
    fake = (torch.randn(200, 16, generator=rng) * 0.1).numpy()
    real = (torch.randn(200, 16, generator=rng) * 3.0).numpy()
    precision, recall = precision_and_recall(fake, real, k=3)
    assert precision > 0.8
    assert recall < 0.3
    expected = _precision_and_recall_of_torch_fidelity(fake, real)
    assert (precision, recall) == pytest.approx(expected, abs=1e-9)
    density, coverage = density_and_coverage(fake, real, k=5)
    assert density > 1
    assert coverage < 0.8
