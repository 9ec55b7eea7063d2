"""Adam against the formula of the paper, and the linear decay."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.training.optimizers import adam


def test_adam_follows_the_paper():
    rate, beta_1, beta_2, epsilon = 0.1, 0.5, 0.9, 1e-8
    optimizer = adam(rate, beta_1, beta_2)(1)
    variable = tf.Variable([1.0, -2.0])
    optimizer.build([variable])
    x, m, v = np.array([1.0, -2.0]), 0.0, 0.0
    for t in range(1, 5):
        gradient = np.array([0.3 * t, -1.0])
        optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        x = x - rate * m_hat / (np.sqrt(v_hat) + epsilon)
        np.testing.assert_allclose(variable.numpy(), x, rtol=1e-5)


def test_decay_is_linear_in_generator_steps():
    optimizer = adam(1.0, decay_start=10, decay_end=30)(updates_per_step=2)
    rates = []
    variable = tf.Variable(0.0)
    optimizer.build([variable])
    for _ in range(70):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
    # Two updates per generator step: full rate until update 20, zero from 60 on.
    assert rates[0] == rates[20] == 1.0
    assert rates[40] == pytest.approx(0.5)
    assert rates[60] == 0.0


@pytest.mark.parametrize("decay_end", [None, 40])
def test_a_checkpoint_of_kerass_adam_is_one_of_ours(decay_end, tmp_path):
    def train(optimizer, variables, number):
        for step in range(number):
            gradients = [tf.ones_like(v) * (step + 1.0) for v in variables]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def variables():
        return [tf.Variable([1.0, 2.0]), tf.Variable(3.0)]

    rate = 0.1
    if decay_end is not None:
        rate = tf.keras.optimizers.schedules.PolynomialDecay(0.1, decay_end, 0.0)
    theirs = tf.keras.optimizers.Adam(rate, 0.5, 0.9, 1e-8)
    ours = adam(0.1, 0.5, 0.9, decay_end=decay_end)(1)
    first, second = variables(), variables()
    theirs.build(first)
    ours.build(second)
    train(theirs, first, 3)
    path = tf.train.Checkpoint(optimizer=theirs, x=first).save(str(tmp_path / "c"))
    checkpoint = tf.train.Checkpoint(optimizer=ours, x=second)
    checkpoint.restore(path).assert_existing_objects_matched()
    for optimizer, moved in ((theirs, first), (ours, second)):
        train(optimizer, moved, 2)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"beta_1": 1.0}, "beta_1 must be in"),
        ({"beta_2": -0.1}, "beta_2 must be in"),
        ({"epsilon": -1.0}, "epsilon must be positive"),
        ({"decay_start": 5}, "no effect without decay_end"),
        ({"decay_start": 5, "decay_end": 5}, "must be before decay_end"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        adam(**({"learning_rate": 1e-3} | options))
