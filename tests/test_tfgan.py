"""TF-GAN imports under current TensorFlow, and what is re-exported is right."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import tfgan

RNG = np.random.default_rng(0)
REAL = RNG.normal(0.5, 1.0, (6, 1)).astype(np.float32)
FAKE = RNG.normal(-0.5, 1.0, (6, 1)).astype(np.float32)


def _softplus(x):
    return np.log1p(np.exp(x))


def _centred(x, y):
    return x - np.mean(y)


DISCRIMINATOR_LOSSES = {
    "minimax": np.mean(_softplus(-REAL)) + np.mean(_softplus(FAKE)),
    "modified": np.mean(_softplus(-REAL)) + np.mean(_softplus(FAKE)),
    "wasserstein": np.mean(FAKE) - np.mean(REAL),
    "hinge": np.mean(np.maximum(0, 1 - REAL)) + np.mean(np.maximum(0, 1 + FAKE)),
    "least_squares": 0.5 * np.mean((REAL - 1) ** 2) + 0.5 * np.mean(FAKE**2),
    "relativistic": np.mean(_softplus(-_centred(REAL, FAKE)))
    + np.mean(_softplus(_centred(FAKE, REAL))),
}
GENERATOR_LOSSES = {
    # The constant stands for real examples, of which TF-GAN takes the logits as 1.
    "minimax": -np.mean(_softplus(FAKE)) - _softplus(-1.0),
    "modified": np.mean(_softplus(-FAKE)),
    "wasserstein": -np.mean(FAKE),
    "hinge": -np.mean(FAKE),
    "least_squares": 0.5 * np.mean((FAKE - 1) ** 2),
}


@pytest.mark.parametrize("name", sorted(DISCRIMINATOR_LOSSES))
def test_discriminator_loss_is_its_formula_eagerly_and_compiled(name):
    loss = getattr(tfgan, f"{name}_discriminator_loss")
    compiled = tf.function(lambda real, fake: loss(real, fake), autograph=False)
    expected = DISCRIMINATOR_LOSSES[name]
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    np.testing.assert_allclose(loss(real, fake), expected, rtol=1e-5)
    np.testing.assert_allclose(compiled(real, fake), expected, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(GENERATOR_LOSSES))
def test_generator_loss_is_its_formula_eagerly_and_compiled(name):
    loss = getattr(tfgan, f"{name}_generator_loss")
    compiled = tf.function(lambda fake: loss(fake), autograph=False)
    expected = GENERATOR_LOSSES[name]
    np.testing.assert_allclose(loss(tf.constant(FAKE)), expected, rtol=1e-5)
    np.testing.assert_allclose(compiled(tf.constant(FAKE)), expected, rtol=1e-5)


def test_relativistic_generator_loss_takes_real_logits_first():
    expected = np.mean(_softplus(_centred(REAL, FAKE))) + np.mean(
        _softplus(-_centred(FAKE, REAL))
    )
    loss = tfgan.relativistic_generator_loss(tf.constant(REAL), tf.constant(FAKE))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["minimax", "modified"])
def test_labels_are_smoothed_only_on_request(name):
    loss = getattr(tfgan, f"{name}_discriminator_loss")
    smoothed = loss(tf.constant(REAL), tf.constant(FAKE), label_smoothing=0.25)
    # TF-GAN moves the target of real examples to 1 - 0.25 / 2.
    expected = np.mean(_softplus(-REAL)) + 0.125 * np.mean(REAL)
    expected += np.mean(_softplus(FAKE))
    np.testing.assert_allclose(smoothed, expected, rtol=1e-5)
    plain = loss(tf.constant(REAL), tf.constant(FAKE))
    np.testing.assert_allclose(plain, DISCRIMINATOR_LOSSES[name], rtol=1e-5)


def test_a_compiled_loss_has_the_gradient_of_its_formula():
    @tf.function(autograph=False)
    def gradient(fake):
        with tf.GradientTape() as tape:
            tape.watch(fake)
            loss = tfgan.modified_generator_loss(fake)
        return tape.gradient(loss, fake)

    expected = -1 / (1 + np.exp(FAKE)) / len(FAKE)
    np.testing.assert_allclose(gradient(tf.constant(FAKE)), expected, rtol=1e-5)


def test_acgan_losses_are_cross_entropies():
    logits = RNG.normal(size=(4, 3)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[[0, 2, 1, 0]]
    entropy = np.mean(
        np.log(np.sum(np.exp(logits), 1)) - np.sum(labels * logits, axis=1)
    )
    np.testing.assert_allclose(
        tfgan.acgan_generator_loss(tf.constant(logits), tf.constant(labels)),
        entropy,
        rtol=1e-5,
    )
    both = tfgan.acgan_discriminator_loss(
        tf.constant(logits), tf.constant(logits), tf.constant(labels)
    )
    np.testing.assert_allclose(both, 2 * entropy, rtol=1e-5)


def test_cycle_consistency_loss_is_half_the_sum_of_mean_absolute_errors():
    zeros = tf.zeros([2, 4, 4, 1])
    loss = tfgan.cycle_consistency_loss(zeros, zeros + 0.5, zeros, zeros - 0.25)
    np.testing.assert_allclose(loss, (0.5 + 0.25) / 2)


def test_mutual_information_penalty_is_the_negative_log_likelihood_of_the_code():
    class Normal:
        def log_prob(self, x):
            return -0.5 * tf.square(x) - 0.5 * np.log(2 * np.pi)

    code = tf.constant([[0.0], [2.0]])
    penalty = tfgan.mutual_information_penalty([code], [Normal()])
    np.testing.assert_allclose(penalty, 1.0 + 0.5 * np.log(2 * np.pi), rtol=1e-5)


def test_image_grid_lays_images_out_row_by_row():
    images = np.arange(4, dtype=np.float32)[:, None, None, None]
    images = images * np.ones((4, 2, 2, 1), np.float32)
    expected = np.block([[np.full((2, 2), 2 * i + j) for j in (0, 1)] for i in (0, 1)])
    grid = tfgan.image_grid(tf.constant(images), (2, 2), (2, 2), num_channels=1)
    np.testing.assert_array_equal(grid[0, :, :, 0], expected)
    grid = tfgan.python_image_grid(images, (2, 2))
    np.testing.assert_array_equal(grid[:, :, 0], expected)


def test_sliced_wasserstein_distance_to_other_images_is_above_its_floor():
    np.random.seed(0)
    tf.random.set_seed(0)
    images = tf.constant(RNG.random((64, 32, 32, 3)), tf.float32)
    smooth = tf.image.resize(images[:, :4, :4], (32, 32))
    options = {"patches_per_image": 16, "random_sampling_count": 2}
    levels = tfgan.sliced_wasserstein_distance(images, smooth, **options)
    floor, distance = levels[0]
    assert float(distance) > 1.5 * float(floor)


def test_frechet_distance_of_equal_activations_is_zero():
    features = tf.constant(RNG.normal(size=(50, 3)))
    np.testing.assert_allclose(tfgan.frechet_distance(features, features), 0, atol=1e-8)


def test_import_prints_nothing_and_leaves_no_stand_in_behind():
    script = """
        import contextlib, io, warnings
        import tensorflow as tf
        text = io.StringIO()
        with contextlib.redirect_stderr(text), contextlib.redirect_stdout(text):
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                from compare_ssgan import tfgan
        assert not text.getvalue(), text.getvalue()
        assert not hasattr(tf, "estimator")
        assert not hasattr(tf.compat.v1, "estimator")
        tfgan.hinge_generator_loss(tf.zeros([2, 1]))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
