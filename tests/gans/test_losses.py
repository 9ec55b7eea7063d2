"""Adversarial losses against the formulas of the papers, in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.gans import losses

REAL = np.array([[1.5], [-0.3], [0.2], [-2.0]])
FAKE = np.array([[0.7], [-1.1], [3.0], [0.0]])


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


CROSS_ENTROPY = -log_sigmoid(REAL).mean() - log_sigmoid(-FAKE).mean()
RELATIVE_REAL, RELATIVE_FAKE = REAL - FAKE.mean(), FAKE - REAL.mean()
EXPECTED = {
    "non_saturating": ({}, CROSS_ENTROPY, -log_sigmoid(FAKE).mean()),
    "minimax": ({}, CROSS_ENTROPY, log_sigmoid(-FAKE).mean()),
    "hinge": (
        {},
        np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(),
        -FAKE.mean(),
    ),
    "wasserstein": ({}, FAKE.mean() - REAL.mean(), -FAKE.mean()),
    "least_squares": (
        {"real": 0.9, "fake": -0.2},
        0.5 * ((REAL - 0.9) ** 2).mean() + 0.5 * ((FAKE + 0.2) ** 2).mean(),
        0.5 * ((FAKE - 0.9) ** 2).mean(),
    ),
    "relativistic_average": (
        {},
        -log_sigmoid(RELATIVE_REAL).mean() - log_sigmoid(-RELATIVE_FAKE).mean(),
        -log_sigmoid(RELATIVE_FAKE).mean() - log_sigmoid(-RELATIVE_REAL).mean(),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_loss_equals_its_formula(name):
    options, discriminator, generator = EXPECTED[name]
    loss = getattr(losses, name)(**options)
    real, fake = tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32)
    assert loss.discriminator(real, fake).numpy() == pytest.approx(discriminator)
    given = real if loss.generator_needs_real else None
    assert loss.generator(fake, given).numpy() == pytest.approx(generator)


def test_least_squares_on_probabilities_is_that_of_compare_gan():
    loss = losses.least_squares(on_probabilities=True)
    real, fake = tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32)
    d = 0.5 * ((sigmoid(REAL) - 1) ** 2).mean() + 0.5 * (sigmoid(FAKE) ** 2).mean()
    g = 0.5 * ((sigmoid(FAKE) - 1) ** 2).mean()
    assert loss.discriminator(real, fake).numpy() == pytest.approx(d)
    assert loss.generator(fake, None).numpy() == pytest.approx(g)


@pytest.mark.parametrize(
    "name",
    [name for name in config.registered() if name.startswith("losses.")],
)
def test_every_loss_is_a_finite_scalar_that_rewards_the_right_player(name):
    loss = config.registered()[name]()
    real = tf.constant([[0.9], [1.1]])
    good, bad = tf.constant([[1.2], [0.9]]), tf.constant([[-0.1], [0.2]])
    given = real if loss.generator_needs_real else None
    for value in (loss.discriminator(real, bad), loss.generator(bad, given)):
        assert value.shape == []
        assert np.isfinite(value)
    # Fakes that look real are good for the generator, bad for the discriminator.
    assert loss.generator(good, given) < loss.generator(bad, given)
    assert loss.discriminator(real, good) > loss.discriminator(real, bad)


def test_hinge_has_no_gradient_beyond_the_margin():
    loss = losses.hinge()
    real, fake = tf.constant([[1.5]]), tf.constant([[-1.5]])
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = loss.discriminator(real, fake)
    for gradient in tape.gradient(value, [real, fake]):
        assert gradient.numpy() == 0
