import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import sliced_wasserstein as module
from compare_ssgan.evaluation.metrics.sliced_wasserstein import (
    level_distances,
    sliced_wasserstein,
)

RNG = np.random.default_rng(0)


def _noise(num, size=32, channels=3):
    return RNG.integers(0, 256, (num, size, size, channels)).astype(np.uint8)


def _smooth(num, size=32, channels=3):
    small = tf.constant(_noise(num, size // 4, channels), tf.float32)
    large = tf.image.resize(small, (size, size), "bicubic")
    return np.clip(np.rint(large), 0, 255).astype(np.uint8)


def _value(fake, real, seed=0, finite=True, **options):
    evidence = Evidence(
        ImageSet(images=fake, finite=finite), ImageSet(images=real), seed=seed
    )
    return sliced_wasserstein(**options).compute(evidence)[0]


def test_tfgan_finds_the_same_distances_up_to_what_is_drawn():
    fake, real = _smooth(60), _noise(60)
    np.random.seed(0)
    tf.random.set_seed(0)
    expected = tfgan.sliced_wasserstein_distance(
        tf.constant(real, tf.float32), tf.constant(fake, tf.float32)
    )
    found = level_distances(fake, real)
    assert len(found) == 2
    for own, (_, theirs) in zip(found, expected, strict=True):
        assert own == pytest.approx(float(theirs), rel=0.1)


def test_equal_distributions_have_the_floor_of_tfgan():
    # One distance varies by a tenth with the patches and directions that are drawn.
    images = _smooth(100)
    halves = [tf.constant(part, tf.float32) for part in (images, images)]
    found, expected = [], []
    for seed in range(3):
        np.random.seed(seed)
        tf.random.set_seed(seed)
        levels = tfgan.sliced_wasserstein_distance(*halves)
        expected.append([float(floor) for floor, _ in levels])
        found.append(level_distances(images, images, seed=seed))
    np.testing.assert_allclose(np.mean(found, 0), np.mean(expected, 0), rtol=0.2)


def test_the_area_between_counts_is_the_distance_of_sorted_projections():
    x, y = RNG.normal(size=3000), RNG.normal(0.05, 1.1, 3000)
    expected = np.mean(np.abs(np.sort(x) - np.sort(y)))
    bins = np.linspace(-7, 7, module._BINS + 1)
    counts = [np.histogram(values, bins)[0][None] for values in (x, y)]
    found = module._area(*counts) * 14 / module._BINS
    assert found == pytest.approx(expected, rel=1e-3)


def test_the_distance_of_sets_of_different_sizes_is_of_their_distributions():
    # Every image twice is the same distribution.
    counts = RNG.integers(0, 5, (3, 50)), RNG.integers(0, 5, (3, 50))
    once = module._area(*counts)
    assert module._area(counts[0], 2 * counts[1]) == pytest.approx(once, rel=1e-12)
    assert np.isfinite(_value(_noise(10), _noise(25)))


def test_projections_are_counted_where_they_are():
    images = _noise(7, 16, 1)
    directions = RNG.normal(size=(1, 4, 49)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    found = module._counts(images, directions, 5, np.random.default_rng(1))
    patches = module._patches(
        images.astype(np.float32), 5, np.random.default_rng(1)
    )  # One level is the images themselves.
    assert found.shape == (1, 4, module._BINS)
    np.testing.assert_allclose(patches.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(patches.var(axis=1), 1, rtol=1e-4)
    edges = np.linspace(-7, 7, module._BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    means = found[0] @ centres / 35
    np.testing.assert_allclose(means, (directions[0] @ patches.T).mean(1), atol=2e-4)


def test_another_texture_is_far_and_the_same_one_near():
    real = _smooth(150)
    near, far = _value(_smooth(150), real), _value(_noise(150), real)
    assert far > 2 * near > 0


def test_the_value_is_the_mean_of_levels_in_thousandths():
    fake, real = _noise(5, 64, 1), _smooth(5, 64, 1)
    levels = level_distances(fake, real, seed=3)
    assert len(levels) == 3
    assert _value(fake, real, seed=3) == pytest.approx(1000 * np.mean(levels))


def test_flat_patches_have_a_distance_where_tfgan_has_none():
    fake, real = _noise(8), np.zeros((8, 32, 32, 3), np.uint8)
    real[:, 14:18, 14:18] = 255
    theirs = tfgan.sliced_wasserstein_distance(
        tf.constant(real, tf.float32), tf.constant(fake, tf.float32)
    )
    assert np.isnan(float(theirs[0][1]))
    assert np.all(np.isfinite(level_distances(fake, real)))
    black = np.zeros((5, 32, 32, 3), np.uint8)
    assert _value(black, black) == 0
    # Rounding of a uniform grey leaves nothing to be normalized.
    assert _value(black + 77, black) == 0


def test_equal_seeds_give_equal_values_and_global_states_stay():
    fake, real = _noise(5), _noise(5)
    np.random.seed(1)
    first = _value(fake, real, seed=1)
    np.random.seed(2)
    assert _value(fake, real, seed=1) == first
    assert _value(fake, real, seed=2) != first
    np.random.seed(2)
    expected = np.random.get_state()[1].copy()
    _value(fake, real)
    np.testing.assert_array_equal(np.random.get_state()[1], expected)


def test_blocks_of_images_make_no_difference_to_what_is_counted(monkeypatch):
    fake, real = _noise(30, 16, 1), _smooth(30, 16, 1)
    whole = _value(fake, real)
    monkeypatch.setattr(module, "_BLOCK", 7)
    # Other patches are drawn, of the same images.
    assert _value(fake, real) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 16, 3), (4, 4, 1)])
def test_sizes_that_cannot_be_halved_are_refused(shape):
    metric = sliced_wasserstein()
    images = np.zeros((3, *shape), np.uint8)
    with pytest.raises(InputError, match=f"these are {shape[0]}x{shape[1]}"):
        level_distances(images, images)
    with pytest.raises(InputError, match="power of two"):
        metric.check(None, synthetic(image_shape=shape))
    metric.check(None, synthetic(image_shape=(32, 32, 1)))
    metric.check(None, None)


def test_images_of_other_shapes_are_refused():
    with pytest.raises(InputError, match="cannot be compared"):
        level_distances(_noise(3, 32), _noise(3, 16))


def test_an_image_that_is_no_number_gives_no_distance():
    assert np.isnan(_value(_noise(3), _noise(3), finite=False))


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        ({}, ""),
        ({"patches_per_image": 16}, "_patches16"),
        ({"resolution_min": 8}, "_resolution8"),
    ],
)
def test_options_that_are_not_the_default_are_in_the_name(options, suffix):
    assert sliced_wasserstein(**options).suffix == suffix


@pytest.mark.parametrize(
    "options", [{"patches_per_image": 0}, {"resolution_min": 24}, {"resolution_min": 4}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=r"metrics\.sliced_wasserstein"):
        sliced_wasserstein(**options)
