import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import fid_infinity as module
from compare_ssgan.evaluation.metrics.fid import frechet_distance
from compare_ssgan.evaluation.metrics.fid_infinity import (
    fid_infinity,
    intercept,
    subset_sizes,
)
from compare_ssgan.evaluation.moments import Moments

RNG = np.random.default_rng(0)


def _infinity(fake, real, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real))
    return fid_infinity(**options).compute(evidence)[0]


def test_sizes_are_equally_spaced_from_5000_to_all():
    sizes = subset_sizes(50_000, 15, 5000)
    assert (len(sizes), sizes[0], sizes[-1]) == (15, 5000, 50_000)
    assert set(np.diff(sizes)) == {3214, 3215}


def test_of_few_images_the_smallest_subset_is_half():
    assert subset_sizes(6000, 3, 5000).tolist() == [3000, 4500, 6000]


def test_a_distance_linear_in_one_over_the_number_is_extrapolated_exactly():
    sizes = np.array([10, 20, 50])
    assert intercept(sizes, 3 + 7 / sizes) == pytest.approx(3, rel=1e-12)


def test_subsets_of_all_sizes_are_compared_with_all_real_images(monkeypatch):
    fake, real = RNG.normal(size=(60, 2)), RNG.normal(size=(40, 2))
    seen = []

    def distance(a, b):
        seen.append((a.num, b.num))
        return 5 - 3 / a.num

    monkeypatch.setattr(module, "frechet_distance", distance)
    found = _infinity(fake, real, num_sizes=4, smallest=30)
    assert seen == [(30, 40), (40, 40), (50, 40), (60, 40)]
    assert found == pytest.approx(5, rel=1e-9)


def test_the_bias_of_finite_samples_is_taken_away():
    size, num = 16, 300
    truth = Moments(10**6, np.zeros(size), np.eye(size))
    plain, extrapolated = [], []
    for _ in range(30):
        fake = ImageSet(features=RNG.normal(size=(num, size)))
        evidence = Evidence(fake, ImageSet(moments=truth))
        plain.append(frechet_distance(moments.of(fake.features), truth))
        extrapolated += fid_infinity(smallest=100).compute(evidence)
    # The true distance is 0.
    assert abs(np.mean(extrapolated)) < np.mean(plain) / 5


def test_a_feature_that_is_no_number_gives_no_distance():
    fake, real = RNG.normal(size=(60, 2)), RNG.normal(size=(60, 2))
    fake[3, 1] = np.nan
    assert np.isnan(_infinity(fake, real))


def test_too_few_images_and_sizes_are_refused():
    with pytest.raises(InputError, match="20 generated images have no 15 subsets"):
        _infinity(np.zeros((20, 2)), np.zeros((20, 2)))
    assert np.isfinite(_infinity(RNG.normal(size=(30, 2)), RNG.normal(size=(9, 2))))
    with pytest.raises(InputError, match="1 sizes from 5000 on"):
        fid_infinity(num_sizes=1)
    with pytest.raises(InputError, match=r"metrics\.fid_infinity\.smallest"):
        fid_infinity(smallest=1)


def test_options_that_are_not_the_default_are_in_the_name():
    assert fid_infinity().suffix == ""
    assert fid_infinity(num_sizes=5, smallest=100).suffix == "_sizes5_from100"
