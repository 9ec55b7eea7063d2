import numpy as np
import pytest
from matplotlib.path import Path
from scipy.ndimage import uniform_filter

from compare_ssgan.datasets import polygons as module
from compare_ssgan.datasets.polygons import corners, polygons, rasterize
from compare_ssgan.errors import InputError

PAPER = (3, 20.0, 0.75, 28)


def _published(first, number):
    """Polygons of the set, one random number and one polygon at a time."""
    rng = np.random.RandomState(0)
    found = []
    for _ in range(80_000):
        draws = [rng.rand() for _ in range(4)]
        found.append(draws)
    order = rng.permutation(80_000)[first : first + number]
    points = []
    for draws in (found[i] for i in order):
        angles = np.radians([10 + 110 * u + 120 * i for i, u in enumerate(draws[:3])])
        circle = 10.5 * np.array([np.cos(angles), np.sin(angles)])
        theta = np.radians(2 * np.pi * draws[3])
        turn = [[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]]
        turned = (turn @ circle).T
        points.append(turned - turned.mean(axis=0) + 14)
    return np.array(points)


def _drawn_point_by_point(points):
    """A polygon of 28 pixels, every point of the raster asked."""
    grid = np.moveaxis(np.mgrid[:224, :224], 0, -1).reshape(-1, 2)
    inside = Path(points * 8).contains_points(grid).reshape(224, 224)
    # Of eight points a pixel has three before its first and four after.
    padded = np.pad(inside, (3, 0)).astype(float)
    blocks = padded[:224, :224].reshape(28, 8, 28, 8)
    return np.rint(255 * (1 - blocks.mean(axis=(1, 3)))).astype(np.uint8)


def _sides(points):
    return np.roll(points, -1, axis=1) - points


def _cross(a, b):
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def test_polygons_are_those_of_the_notebook():
    expected = _published(60_000, 50)
    np.testing.assert_allclose(corners(*PAPER)[60_000:60_050], expected, atol=1e-9)
    images = rasterize(expected, 28)[..., 0]
    for points, image in zip(expected, images, strict=True):
        np.testing.assert_array_equal(image, _drawn_point_by_point(points))


def test_pixels_are_means_of_a_filter_as_in_the_notebook():
    points = corners(*PAPER)[7]
    grid = np.moveaxis(np.mgrid[:224, :224], 0, -1).reshape(-1, 2)
    outside = ~Path(points * 8).contains_points(grid).reshape(224, 224)
    # Even filters reach one further back than forward; origin -1 is the other way.
    share = uniform_filter(
        outside.astype(float), 8, mode="constant", cval=1.0, origin=-1
    )
    expected = np.rint(255 * share[::8, ::8])
    np.testing.assert_array_equal(rasterize(points[None], 28)[0, ..., 0], expected)


@pytest.mark.parametrize("num_vertices", [3, 4, 7])
def test_polygons_are_convex_and_their_vertices_on_a_circle(num_vertices):
    points = corners(num_vertices, 20.0, 0.75, 28)
    assert points.shape == (80_000, num_vertices, 2)
    sides = _sides(points)
    turns = _cross(sides, np.roll(sides, -1, axis=1))
    assert np.all(turns > 0)
    # Convex, not a star: the turns add up to one round.
    angles = np.arctan2(turns, np.sum(sides * np.roll(sides, -1, axis=1), axis=2))
    np.testing.assert_allclose(angles.sum(axis=1), 2 * np.pi, atol=1e-6)
    np.testing.assert_allclose(points.mean(axis=1), 14, atol=1e-9)


def test_vertices_of_a_triangle_are_apart_by_half_the_angle_at_least():
    points = corners(*PAPER)
    sides = np.linalg.norm(_sides(points), axis=2)
    # Law of sines: a side is the diameter times the sine of the angle across it.
    area = np.abs(_cross(_sides(points)[:, 0], _sides(points)[:, 1])) / 2
    diameter = sides.prod(axis=1) / (2 * area)
    np.testing.assert_allclose(diameter, 0.75 * 28, rtol=1e-6)
    apart = 2 * np.degrees(np.arcsin(np.minimum(sides / 21, 1))).min(axis=1)
    assert apart.min() >= 10 - 1e-6
    assert apart.min() < 11


def test_the_area_of_the_images_is_that_of_the_polygons():
    points = corners(*PAPER)[:2000]
    sides = _sides(points)
    area = np.abs(_cross(sides[:, 0], sides[:, 1])) / 2
    images = rasterize(points, 28)
    black = np.sum(1 - images / 255.0, axis=(1, 2, 3))
    np.testing.assert_allclose(black, area, atol=1.5)
    assert np.mean(black - area) == pytest.approx(0, abs=0.02)


def test_a_block_more_or_less_changes_no_image(monkeypatch):
    points = corners(*PAPER)[:70]
    expected = rasterize(points, 28)
    monkeypatch.setattr(module, "_BLOCK", 3)
    np.testing.assert_array_equal(rasterize(points, 28), expected)


def test_the_splits_are_the_first_60000_and_the_next_10000():
    dataset = polygons(num_examples=20)
    assert polygons().train.num_examples == 60_000
    assert polygons().test.num_examples == 10_000
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.num_classes == 0
    batch = next(dataset.train.evaluation_batches(20, 20))
    assert batch.labels is None
    expected = rasterize(corners(*PAPER)[:20], 28) / np.float32(255)
    np.testing.assert_allclose(batch.images, expected, rtol=1e-6)
    tested = next(dataset.test.evaluation_batches(3, 3)).images
    expected = rasterize(corners(*PAPER)[60_000:60_003], 28) / np.float32(255)
    np.testing.assert_allclose(tested, expected, rtol=1e-6)


def test_the_name_says_what_polygons_they_are():
    assert polygons().name == "polygons"
    assert polygons(num_examples=5).name == "polygons"
    other = polygons(num_vertices=5, min_segment_angle=10, scale=0.5, image_size=32)
    assert other.name == "polygons_vertices5_angle10_scale0.5_32"
    assert other.image_shape == (32, 32, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_vertices": 2}, r"3 or more vertices, not 2.*polygons.num_vertices"),
        ({"num_vertices": 19}, r"18.9474 degrees.*polygons.min_segment_angle"),
        ({"min_segment_angle": -1}, r"is -1.*polygons.min_segment_angle"),
        ({"scale": 0}, r"\(0, 1\], not 0.*polygons.scale"),
        ({"scale": 1.5}, r"polygons.scale"),
        ({"image_size": 1}, r"not 1\. Change datasets.polygons.image_size"),
        ({"image_size": 4096}, r"polygons.image_size"),
        ({"num_examples": 0}, r"1 to 60,000.*not 0.*polygons.num_examples"),
        ({"num_examples": 80_000}, r"polygons.num_examples"),
    ],
)
def test_impossible_polygons_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        polygons(**options)
