"""Latents: their distributions, truncated or not."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import latents


def generator(seed=0):
    return tf.random.Generator.from_seed(seed)


def test_latents_follow_their_distribution():
    z = latents.normal(stddev=2.0)(5000, 4, generator()).numpy()
    assert z.std() == pytest.approx(2.0, rel=0.03)
    z = latents.uniform()(5000, 4, generator()).numpy()
    assert z.min() >= -1
    assert z.max() < 1
    assert z.std() == pytest.approx(np.sqrt(1 / 3), rel=0.03)


def test_without_truncation_the_draws_are_those_of_the_generator():
    np.testing.assert_array_equal(
        latents.normal(stddev=2.0)(5, 4, generator(7)),
        generator(7).normal([5, 4], stddev=2.0),
    )


@pytest.mark.parametrize("limit", [0.1, 0.5, 1.0, 2.0, 6.0])
def test_a_truncated_draw_has_the_distribution_of_resampled_values(limit):
    z = latents.normal()(2000, 100, generator(), limit).numpy()
    assert z.dtype == np.float32
    assert np.abs(z).max() <= limit
    reference = np.random.default_rng(0).normal(size=2_000_000)
    reference = reference[np.abs(reference) <= limit]
    # Kolmogorov and Smirnov's statistic; 1.95 is its quantile of 0.999.
    grid = np.linspace(-limit, limit, 200)
    ours = np.searchsorted(np.sort(z.ravel()), grid) / z.size
    theirs = np.searchsorted(np.sort(reference), grid) / reference.size
    scale = math.sqrt(1 / z.size + 1 / reference.size)
    assert np.abs(ours - theirs).max() < 1.95 * scale


def test_the_unit_of_a_truncation_is_the_standard_deviation():
    z = latents.normal(stddev=3.0)(1000, 10, generator(1), 0.5)
    one = latents.normal()(1000, 10, generator(1), 0.5)
    np.testing.assert_allclose(z, 3.0 * one, rtol=1e-6)


def test_a_wide_truncation_leaves_finite_values():
    z = latents.normal()(1000, 100, generator(), 100.0).numpy()
    assert np.isfinite(z).all()
    assert z.std() == pytest.approx(1.0, rel=0.02)


def test_uniform_latents_cannot_be_truncated():
    with pytest.raises(InputError, match=r"no tails to cut off\. Remove eval"):
        latents.uniform()(3, 2, generator(), 0.5)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.inf, math.nan])
def test_a_truncation_is_positive(limit):
    with pytest.raises(InputError, match=r"positive number.*evaluate\.truncation"):
        latents.normal()(3, 2, generator(), limit)


def test_a_game_truncates_its_latents():
    game = tiny.game()
    samples = game.sample(50, generator(3), truncation=0.2)
    assert np.abs(samples.latents).max() <= 0.2
    np.testing.assert_array_equal(
        samples.images, game.generator(samples.latents, None, False)
    )
