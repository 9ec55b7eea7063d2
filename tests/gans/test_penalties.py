"""Penalties on critics whose gradients are known."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.gans import penalties
from compare_ssgan.types import Samples, Verdict

W = np.array([[3.0, 0.0], [0.0, 4.0]])  # norm 5


class LinearCritic:
    """The logit is <W, image>, so its gradient is W everywhere."""

    def __init__(self):
        self.kernels = [tf.Variable([[1.0, 2.0]]), tf.Variable([[2.0], [4.0]])]
        self.seen = []

    def __call__(self, samples):
        self.seen.append(samples.images)
        w = tf.constant(W[..., None], tf.float32)
        logits = tf.reduce_sum(samples.images * w, axis=[1, 2, 3])[:, None]
        return Verdict(logits, logits, {})


class QuadraticCritic(LinearCritic):
    """The logit is half the squared norm of the image: its gradient is the image."""

    def __call__(self, samples):
        logits = 0.5 * tf.reduce_sum(samples.images**2, axis=[1, 2, 3])[:, None]
        return Verdict(logits, logits, {})


def batch(value):
    return Samples(tf.fill([3, 2, 2, 1], value))


RNG = tf.random.Generator.from_seed(0)


def test_wgan_gp_is_the_squared_distance_of_the_norm_to_its_target():
    penalty = penalties.wgan_gp(weight=10.0)
    value = penalty(LinearCritic(), batch(0.2), batch(0.8), RNG)
    assert value.numpy() == pytest.approx(10 * (5 - 1) ** 2, rel=1e-4)


def test_wgan_gp_looks_between_real_and_fake():
    critic = LinearCritic()
    penalties.wgan_gp()(critic, batch(0.2), batch(0.8), RNG)
    images = critic.seen[0].numpy()
    assert ((images >= 0.2) & (images <= 0.8)).all()
    # One point on the line for each example.
    assert len(np.unique(images)) == 3


def test_dragan_looks_around_the_data_and_inside_the_range():
    critic = LinearCritic()
    images = tf.constant(np.linspace(0, 1, 12).reshape(3, 2, 2, 1), tf.float32)
    value = penalties.dragan(weight=2.0)(critic, Samples(images), batch(0.0), RNG)
    assert value.numpy() == pytest.approx(2 * (5 - 1) ** 2, rel=1e-4)
    moved = critic.seen[0].numpy()
    assert moved.min() >= 0
    assert moved.max() <= 1
    distance = np.abs(moved - images).max()
    assert 0 < distance <= 0.5 * np.std(images)


def test_r1_is_half_the_mean_squared_gradient_on_real_images():
    value = penalties.r1(weight=4.0)(QuadraticCritic(), batch(0.5), batch(9.0), RNG)
    assert value.numpy() == pytest.approx(4 / 2 * 4 * 0.25)


def test_l2_is_the_mean_over_kernels_of_half_the_squared_norm():
    value = penalties.l2(weight=3.0)(LinearCritic(), batch(0.0), batch(0.0), RNG)
    assert value.numpy() == pytest.approx(3 * (5 / 2 + 20 / 2) / 2)


def test_none_is_no_penalty():
    assert penalties.none() is None


def test_dragan_without_noise_is_refused():
    with pytest.raises(InputError, match=r"penalties.dragan.noise must be positive"):
        penalties.dragan(noise=0.0)


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "r1", "l2"])
def test_a_weight_of_zero_is_refused(name):
    with pytest.raises(InputError, match=f"penalties.{name}.weight must be positive"):
        getattr(penalties, name)(weight=0.0)
