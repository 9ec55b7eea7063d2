"""Rotation and classification: views, losses, refusals."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans.tasks import Classification, Judged, Rotation
from compare_ssgan.layers import initializers
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Problem, Samples, Verdict

STEP = tf.constant(0, tf.int64)
RNG = tf.random.Generator.from_seed(0)


def weights():
    return Weights(np.random.default_rng(0), initializers.normal(), False)


def rotation(problem=tiny.PROBLEM, **options):
    return Rotation(problem, 5, weights(), **options)


def judged(samples, features, on_views=None):
    def verdict(f):
        return Verdict(f[:, :1], tf.constant(f, tf.float32), {})

    views = None if on_views is None else verdict(on_views)
    return Judged(samples, verdict(features), views)


def cross_entropy(head, features, targets):
    logits = features @ head.kernel().numpy() + head.bias.numpy()
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return -log_p[np.arange(len(targets)), targets].mean()


def test_all_angles_turns_the_last_images_of_the_batch_counter_clockwise():
    batch = tiny.batch()
    views = rotation(share=0.25).views(
        batch, player="discriminator", generated=False, rng=RNG
    )
    last = batch.images.numpy()[-2:]
    expected = [np.rot90(last, k, axes=(1, 2)) for k in (1, 2, 3)]
    np.testing.assert_array_equal(views.images, np.concatenate(expected))
    np.testing.assert_array_equal(views.labels, np.tile(batch.labels[-2:], (3, 1)))


def test_quarters_turns_each_quarter_of_the_batch_by_one_angle():
    batch = tiny.batch()
    task = rotation(mode="quarters")
    views = task.views(batch, player="discriminator", generated=False, rng=RNG)
    images = batch.images.numpy()
    expected = [np.rot90(images[2 * k : 2 * k + 2], k, axes=(1, 2)) for k in (1, 2, 3)]
    np.testing.assert_array_equal(views.images, np.concatenate(expected))


@pytest.mark.parametrize(
    ("share", "batch_size", "num"), [(0.29, 100, 29), (0.57, 100, 57), (0.25, 7, 1)]
)
def test_a_share_of_the_batch_is_rounded_down_to_whole_images(share, batch_size, num):
    problem = Problem((8, 8, 1), 0, batch_size)
    assert rotation(problem, share=share).num_rotated == num


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_discriminator_rotates_real_and_the_generator_generated_images(player):
    task = rotation()
    views = {
        generated: task.views(tiny.batch(), player=player, generated=generated, rng=RNG)
        for generated in (False, True)
    }
    assert (views[False] is None) == (player == "generator")
    assert (views[True] is None) == (player == "discriminator")


@pytest.mark.parametrize(
    ("mode", "upright"), [("all_angles", slice(-2, None)), ("quarters", slice(0, 2))]
)
def test_rotation_loss_is_the_weighted_cross_entropy_of_the_angles(mode, upright):
    task = rotation(mode=mode, discriminator_weight=0.7, generator_weight=0.3)
    rng = np.random.default_rng(1)
    features, turned = rng.normal(size=(8, 5)), rng.normal(size=(6, 5))
    seen = judged(tiny.batch(), features, turned)
    blind = judged(tiny.batch(), features)
    expected = cross_entropy(
        task.head, np.concatenate([features[upright], turned]), np.repeat(range(4), 2)
    )
    d = task.loss(seen, blind, player="discriminator", step=STEP)
    g = task.loss(None, seen, player="generator", step=STEP)
    assert d.numpy() == pytest.approx(0.7 * expected, rel=1e-5)
    assert g.numpy() == pytest.approx(0.3 * expected, rel=1e-5)


def test_annealing_takes_the_generator_weight_linearly_to_zero():
    task = rotation(generator_weight=0.2, anneal_end=100)
    features = np.ones([8, 5])
    seen = judged(tiny.batch(), features, np.ones([6, 5]))
    losses = [
        task.loss(None, seen, player="generator", step=tf.constant(s, tf.int64)).numpy()
        for s in (0, 25, 100, 150)
    ]
    assert losses[0] == pytest.approx(0.2 * np.log(4), rel=0.1)
    np.testing.assert_allclose(losses[1:], [0.75 * losses[0], 0, 0], rtol=1e-5)


def test_classification_is_trained_on_real_and_generated_images():
    task = Classification(tiny.PROBLEM, 5, weights(), generator_weight=0.5)
    rng = np.random.default_rng(2)
    real_batch, fake_batch = tiny.batch(seed=0), tiny.batch(seed=1)
    real_features, fake_features = rng.normal(size=(2, 8, 5))
    real, fake = judged(real_batch, real_features), judged(fake_batch, fake_features)
    on_real = cross_entropy(task.head, real_features, np.argmax(real_batch.labels, 1))
    on_fake = cross_entropy(task.head, fake_features, np.argmax(fake_batch.labels, 1))
    d = task.loss(real, fake, player="discriminator", step=STEP)
    g = task.loss(None, fake, player="generator", step=STEP)
    assert d.numpy() == pytest.approx(on_real + on_fake, rel=1e-5)
    assert g.numpy() == pytest.approx(0.5 * on_fake, rel=1e-5)


def test_unlabelled_examples_add_nothing_to_the_classification_loss():
    task = Classification(tiny.PROBLEM, 5, weights())
    batch = tiny.batch()
    mask = np.array([1, 1, 1, 0, 0, 0, 0, 0])[:, None]
    partly = batch._replace(labels=batch.labels * mask)
    features = np.random.default_rng(3).normal(size=(8, 5))
    targets = np.argmax(batch.labels, axis=1)[:3]
    expected = cross_entropy(task.head, features[:3], targets)
    value = task.loss(None, judged(partly, features), player="generator", step=STEP)
    assert value.numpy() == pytest.approx(expected, rel=1e-5)
    nobody = Samples(batch.images, tf.zeros_like(batch.labels))
    value = task.loss(None, judged(nobody, features), player="generator", step=STEP)
    assert value.numpy() == 0


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        (Problem((8, 6, 1), 0, 8), {}, "square images, these are 8x6"),
        (Problem((8, 8, 1), 0, 3), {}, "too small for the rotation share.*at least 4"),
        (Problem((8, 8, 1), 0, 8), {"share": 1.5}, "share must be in"),
        (
            Problem((8, 8, 1), 0, 6),
            {"mode": "quarters"},
            "divides by 4; there are 6 images",
        ),
        (tiny.PROBLEM, {"mode": "quarters", "share": 0.5}, "share has no effect"),
        (tiny.PROBLEM, {"mode": "half"}, "must be 'all_angles' or 'quarters'"),
        (tiny.PROBLEM, {"anneal_end": 0}, "anneal_end must be positive"),
        (tiny.PROBLEM, {"generator_weight": -0.2}, "generator_weight must not be neg"),
        (tiny.PROBLEM, {"discriminator_weight": -1.0}, "discriminator_weight must not"),
    ],
)
def test_a_rotation_that_cannot_work_is_refused(problem, options, message):
    with pytest.raises(InputError, match=message):
        rotation(problem, **options)


def test_classification_without_classes_is_refused():
    with pytest.raises(InputError, match="needs labels, but the dataset has none"):
        Classification(Problem((8, 8, 1), 0, 8), 5, weights())
