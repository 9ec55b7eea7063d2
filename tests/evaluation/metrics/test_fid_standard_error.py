import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.fid import frechet_distance
from compare_ssgan.evaluation.metrics.fid_standard_error import (
    fid_standard_error,
    moments_of_draw,
)

RNG = np.random.default_rng(0)


def _error(fake, real, seed=0, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real), seed=seed)
    return fid_standard_error(**options).compute(evidence)[0]


def _draw(rng, num=400):
    return rng.normal(0.5, 1.2, (num, 4)), rng.normal(size=(num, 4))


def test_moments_of_a_draw_are_those_of_the_rows_drawn():
    features = RNG.normal(100, 1, (5000, 3)).astype(np.float32)
    counts = np.random.default_rng(7).multinomial(5000, np.full(5000, 1 / 5000))
    drawn = np.repeat(features.astype(np.float64), counts, axis=0)
    found = moments_of_draw(features, np.random.default_rng(7))
    assert found.num == 5000
    np.testing.assert_allclose(found.mean, drawn.mean(axis=0), rtol=1e-12)
    expected = np.cov(drawn, rowvar=False)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("resample_real", [True, False])
def test_the_error_is_the_spread_over_independent_sets(resample_real):
    rng = np.random.default_rng(1)
    _, same = _draw(rng)
    distances = []
    for _ in range(300):
        fake, real = _draw(rng)
        real = real if resample_real else same
        distances.append(frechet_distance(moments.of(fake), moments.of(real)))
    fake, real = _draw(rng)
    found = _error(
        fake,
        real if resample_real else same,
        num_replicates=300,
        resample_real=resample_real,
    )
    assert found == pytest.approx(np.std(distances, ddof=1), rel=0.25)


def test_the_same_seed_gives_the_same_error_and_another_one_another():
    fake, real = _draw(RNG, 50)
    first = _error(fake, real, num_replicates=5)
    assert _error(fake, real, num_replicates=5) == first
    assert _error(fake, real, num_replicates=5, seed=1) != first


def test_a_feature_that_is_no_number_gives_no_error():
    fake, real = _draw(RNG, 20)
    fake[3, 1] = np.nan
    assert np.isnan(_error(fake, real, num_replicates=3))


def test_one_replicate_and_one_example_are_refused():
    with pytest.raises(InputError, match=r"two replicates, not 1.*num_replicates"):
        fid_standard_error(num_replicates=1)
    with pytest.raises(InputError, match="two examples, there are 1"):
        _error(np.zeros((1, 3)), np.zeros((5, 3)))


def test_options_that_are_not_the_default_are_in_the_name():
    assert fid_standard_error().suffix == ""
    assert fid_standard_error(num_replicates=200).suffix == "_replicates200"
    assert fid_standard_error(resample_real=False).suffix == "_fixedreal"
