import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.fractal_dimension import (
    dimension,
    fractal_dimension,
)


def _uniform(size, num=10_000):
    return np.random.default_rng(0).uniform(size=(num, size))


def _dimension(vectors, **options):
    return dimension(vectors, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize("size, tolerance", [(1, 0.05), (2, 0.15)])
def test_uniform_noise_has_its_number_of_dimensions(size, tolerance):
    assert _dimension(_uniform(size)) == pytest.approx(size, abs=tolerance)


def test_a_line_in_space_has_one_dimension_at_any_scale():
    line = 1e-3 * _uniform(1) @ np.array([[1.0, -2.0, 3.0]]) + 5
    assert _dimension(line) == pytest.approx(1, abs=0.05)


def test_images_are_measured_by_their_pixels():
    values = np.random.default_rng(1).integers(0, 256, size=(500, 4, 4, 1))
    images = values.astype(np.uint8)
    evidence = Evidence(ImageSet(images=images), seed=3)
    expected = dimension(
        images.reshape(500, 16).astype(np.float64), rng=np.random.default_rng(3)
    )
    assert fractal_dimension().compute(evidence)[0] == expected
    assert expected > 5


def test_more_various_images_have_a_larger_dimension():
    first, second = (_dimension(_uniform(size, 2000)) for size in (2, 4))
    assert second > first + 1


def test_a_collapsed_set_has_dimension_zero():
    assert _dimension(np.full((200, 3), 0.1)) == 0
    assert _dimension(np.repeat([[0.0], [1.0]], 100, axis=0)) == 0


def test_a_pixel_that_is_no_number_gives_no_dimension():
    vectors = _uniform(2, 200)
    vectors[3, 1] = np.nan
    assert np.isnan(_dimension(vectors))


def test_an_image_that_is_no_number_gives_no_dimension():
    values = np.random.default_rng(1).integers(0, 256, size=(200, 4, 4, 1))
    images = ImageSet(images=values.astype(np.uint8), finite=False)
    assert np.isnan(fractal_dimension().compute(Evidence(images))[0])


def test_fewer_images_than_seeds_are_refused():
    with pytest.raises(InputError, match="needs 100 images to count from, there are 9"):
        _dimension(_uniform(2, 9))


@pytest.mark.parametrize("options", [{"num_seeds": 0}, {"num_radii": 9}, {"scale": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=r"metrics\.fractal_dimension"):
        fractal_dimension(**options)


def test_options_that_are_not_the_default_are_in_the_name():
    assert fractal_dimension().suffix == ""
    changed = fractal_dimension(num_seeds=50, num_radii=100, scale=0.2)
    assert changed.suffix == "_seeds50_radii100_scale0.2"
