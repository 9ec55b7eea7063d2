import numpy as np
import pytest

from compare_ssgan.datasets import spots
from compare_ssgan.datasets.gaussian_grid import gaussian_grid
from compare_ssgan.datasets.gaussian_ring import gaussian_ring
from compare_ssgan.errors import InputError

RNG = np.random.default_rng(0)
FACTORIES = {
    "gaussian_ring": (gaussian_ring, 8, 9 * 0.01),
    "gaussian_grid": (gaussian_grid, 25, 9 / 4 * 0.05),
}
BOTH = pytest.mark.parametrize("name", FACTORIES)


def _images(split, num):
    batch = next(split.evaluation_batches(num, num))
    return np.rint(batch.images.numpy() * 255).astype(np.uint8)


def _assign(dataset, images):
    return dataset.modes.assign(images, None)


def test_a_spot_is_a_gaussian_of_light():
    image = spots.draw(np.array([[1.5, -0.5]]))[0, ..., 0]
    assert image.shape == (32, 32)
    # The middle of the image is between its 16th and 17th pixel.
    assert np.unravel_index(image.argmax(), image.shape) == (17, 15)
    assert image[17, 15] == 255
    side = np.rint(102 + 153 * np.exp(-(1.5**2) / 2))
    assert image[17, 18] == image[20, 15] == image[14, 15] == side
    assert image[0].max() == image[-1].max() == image.min() == 102


def test_a_spot_is_located_to_a_fraction_of_the_smallest_deviation():
    points = RNG.uniform(-11, 11, (2000, 2))
    found, are_spots = spots.locate(spots.draw(points))
    assert are_spots.all()
    error = found - points
    assert np.sqrt(np.mean(error**2)) < 0.005
    assert np.abs(error).max() < 0.015
    # Nothing pulls it one way.
    assert np.abs(error.mean(axis=0)).max() < 5e-4


def test_an_uneven_ground_moves_no_spot():
    points = RNG.uniform(-9, 9, (200, 2))
    images = spots.draw(points).astype(int) + RNG.integers(-4, 5, (200, 32, 32, 1))
    found, are_spots = spots.locate(np.minimum(images, 255).astype(np.uint8))
    assert are_spots.all()
    np.testing.assert_allclose(found, points, atol=0.09)


def test_what_is_no_spot_is_of_no_mode():
    dataset = gaussian_ring()
    one, other = spots.draw(9 * np.array([[0.0, 1.0], [0.0, -1.0]]))
    broad = np.maximum(np.roll(one, 3, axis=0), one)
    images = [
        RNG.integers(0, 256, (32, 32, 1)),
        np.zeros((32, 32, 1)),
        np.full((32, 32, 1), 102),
        np.maximum(one, other),
        102 + (one - 102) // 2,
        broad,
        255 - one,
    ]
    assert np.all(_assign(dataset, np.array(images, np.uint8)) == -1)
    assert _assign(dataset, one[None]) == [0]


@BOTH
def test_real_images_belong_to_their_modes_within_three_deviations(name):
    factory, num_modes, _ = FACTORIES[name]
    dataset = factory()
    assert dataset.num_classes == dataset.modes.num == num_modes
    found = _assign(dataset, _images(dataset.test, 2500))
    labels = np.arange(2500) % num_modes
    np.testing.assert_array_equal(dataset.test.labels[:2500], labels)
    inside = found >= 0
    np.testing.assert_array_equal(found[inside], labels[inside])
    # The Rayleigh distribution at three; a deviation of the mean is 0.0021.
    assert inside.mean() == pytest.approx(1 - np.exp(-4.5), abs=0.008)


@BOTH
def test_points_are_those_of_the_mixture(name):
    factory, num_modes, stddev = FACTORIES[name]
    points, _ = spots.locate(_images(factory().test, 2500))
    means = np.stack([points[k::num_modes].mean(axis=0) for k in range(num_modes)])
    expected = _published_means(name)
    np.testing.assert_allclose(means, expected, atol=5 * stddev / 10)
    deviation = points - expected[np.arange(2500) % num_modes]
    assert deviation.std() == pytest.approx(stddev, rel=0.05)


def _published_means(name):
    """In pixels, the radius of the ring and half the grid's width being nine."""
    if name == "gaussian_ring":
        turn = np.exp(2j * np.pi * np.arange(8) / 8)
        return 9 * np.stack([turn.imag, turn.real], axis=1)
    rows = [(-4 + 2 * i, -4 + 2 * j) for i in range(5) for j in range(5)]
    return np.array(rows) * 9 / 4


def test_a_point_just_beyond_three_deviations_is_of_no_mode():
    dataset = gaussian_ring(stddev=0.05)
    away = 9 * 0.05 * np.array([2.9, 3.1])
    points = np.stack([np.zeros(2), 9 + away], axis=1)
    np.testing.assert_array_equal(_assign(dataset, spots.draw(points)), [0, -1])


@BOTH
def test_splits_differ_and_more_examples_begin_the_same(name):
    factory = FACTORIES[name][0]
    few, more = factory(num_examples=30), factory(num_examples=40)
    np.testing.assert_array_equal(_images(few.train, 30), _images(more.train, 30))
    assert np.any(_images(few.train, 30) != _images(few.test, 30))
    assert few.test.num_examples == 10_000


def test_the_sets_are_frozen():
    assert gaussian_ring().test.content_hash.startswith("4576cfec1e")
    assert gaussian_grid().test.content_hash.startswith("68a0fb5221")


def test_names_say_what_mixture_it_is():
    assert gaussian_ring(num_examples=9).name == "gaussian_ring"
    other = gaussian_ring(num_modes=12, stddev=0.02)
    assert other.name == "gaussian_ring_modes12_stddev0.02"
    assert gaussian_grid(num_rows=3, stddev=0.1).name == "gaussian_grid_3x3_stddev0.1"


@pytest.mark.parametrize(
    ("factory", "options", "message"),
    [
        (gaussian_ring, {"num_modes": 1}, r"2 or more modes, not 1.*ring.num_modes"),
        (gaussian_ring, {"num_modes": 200}, r"overlap.*3.1 stand.*ring.num_modes or"),
        (gaussian_ring, {"stddev": 0.0}, r"not 0\. Change.*gaussian_ring.stddev"),
        (gaussian_ring, {"stddev": 0.001}, r"from 0.0033 to 0.056.*not 0.001"),
        (gaussian_ring, {"num_examples": 0}, r"0 examples.*ring.num_examples"),
        (gaussian_grid, {"num_rows": 1}, r"2 to 32 modes.*not 1.*grid.num_rows"),
        (gaussian_grid, {"stddev": 3}, r"from 0.013 to 0.22.*not 3.*grid.stddev"),
        (gaussian_grid, {"num_rows": 8, "stddev": 0.34}, r"overlap.*grid.num_rows"),
        (gaussian_grid, {"num_examples": -1}, r"-1 examples.*grid.num_examples"),
    ],
)
def test_what_images_cannot_show_is_refused(factory, options, message):
    with pytest.raises(InputError, match=message):
        factory(**options)
