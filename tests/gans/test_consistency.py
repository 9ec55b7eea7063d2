"""CR and bCR: which images are judged twice, values, gradients, refusals."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import augmentations, conditioning
from compare_ssgan.gans.consistency import (
    BalancedConsistency,
    ConsistencyRegularization,
)
from compare_ssgan.gans.tasks import Judged, Rotation
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.types import Samples, Verdict, variables_of

STEP = tf.constant(0, tf.int64)
TASKS = (ConsistencyRegularization, BalancedConsistency)


def make(task, **options):
    return lambda *arguments: task(*arguments, **options)


def negative(samples, rng):
    return samples._replace(images=1.0 - samples.images)


def judged(logits, on_views=None):
    def verdict(values):
        return Verdict(tf.constant(values[:, None], tf.float32), tf.zeros([8, 5]), {})

    views = None if on_views is None else verdict(on_views)
    return Judged(Samples(tf.zeros([8, 8, 8, 1])), verdict(logits), views)


def pairs():
    values = np.random.default_rng(0).normal(size=(4, 8))
    return judged(values[0], values[1]), judged(values[2], values[3]), values


@pytest.mark.parametrize("task", TASKS)
def test_views_are_changed_by_flips_and_shifts_of_up_to_4_pixels(task):
    batch = tiny.batch()
    rng, same = (tf.random.Generator.from_seed(1) for _ in range(2))
    made = task(tiny.PROBLEM, 5, None)
    views = made.views(batch, player="discriminator", generated=False, rng=rng)
    parts = [augmentations.random_flip(), augmentations.random_shift(pixels=4)]
    expected = augmentations.chain(parts)(batch, same)
    np.testing.assert_array_equal(views.images, expected.images)
    assert views.labels is batch.labels


@pytest.mark.parametrize(
    ("task", "on_fake"),
    [(ConsistencyRegularization, False), (BalancedConsistency, True)],
)
def test_only_the_discriminator_judges_views(task, on_fake):
    made, rng = task(tiny.PROBLEM, 5, None), tf.random.Generator.from_seed(0)

    def has_views(player, generated):
        return (
            made.views(tiny.batch(), player=player, generated=generated, rng=rng)
            is not None
        )

    assert has_views("discriminator", False)
    assert has_views("discriminator", True) == on_fake
    assert not has_views("generator", False)
    assert not has_views("generator", True)


def test_the_losses_are_weighted_mean_squares_of_differences_of_logits():
    real, fake, values = pairs()
    on_real = np.mean((values[0] - values[1]) ** 2)
    on_fake = np.mean((values[2] - values[3]) ** 2)
    cr = ConsistencyRegularization(tiny.PROBLEM, 5, None, weight=3.0)
    value = cr.loss(real, fake, player="discriminator", step=STEP)
    assert value.numpy() == pytest.approx(3 * on_real, rel=1e-5)
    bcr = BalancedConsistency(tiny.PROBLEM, 5, None, real_weight=2.0, fake_weight=5.0)
    value = bcr.loss(real, fake, player="discriminator", step=STEP)
    assert value.numpy() == pytest.approx(2 * on_real + 5 * on_fake, rel=1e-5)
    assert cr.loss(None, fake, player="generator", step=STEP) is None
    assert bcr.loss(None, fake, player="generator", step=STEP) is None


@pytest.mark.parametrize("task", TASKS)
def test_the_published_weight_is_10(task):
    real, fake, values = pairs()
    value = task(tiny.PROBLEM, 5, None).loss(
        real, fake, player="discriminator", step=STEP
    )
    expected = 10 * np.mean((values[0] - values[1]) ** 2)
    if task is BalancedConsistency:
        expected += 10 * np.mean((values[2] - values[3]) ** 2)
    assert value.numpy() == pytest.approx(expected, rel=1e-5)


def test_in_a_game_the_term_compares_separate_passes_over_the_images():
    game = tiny.game(tasks=[make(BalancedConsistency, augmentation=negative)])
    batch = tiny.batch()
    rng = tf.random.Generator.from_state(game.rng.state.numpy(), game.rng.algorithm)
    fake = game.sample(8, rng, training=True)
    expected = sum(
        10 * np.mean(np.square(game(x).logits - game(negative(x, None)).logits))
        for x in (batch, fake)
    )
    value = game.discriminator_objective(batch).terms["balanced_consistency"]
    assert value.numpy() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_the_term_is_the_discriminators_and_reaches_its_trunk_and_head(task):
    game = tiny.game(tasks=[task])
    with tf.GradientTape() as tape:
        terms = game.discriminator_objective(tiny.batch()).terms
        value = terms[task.name]
    discriminator = game.discriminator
    kernels = [discriminator.backbone.dense.kernel.raw, discriminator.head.kernel.raw]
    generator = variables_of(game.generator_modules)
    gradients = tape.gradient(value, kernels + generator)
    assert all(np.any(g) for g in gradients[:2])
    assert all(g is None for g in gradients[2:])
    assert task.name not in game.generator_objective(tiny.batch()).terms


def test_views_enter_no_other_term_and_labels_stay_with_them():
    options = {
        "conditional": True,
        "conditioning": conditioning.Projection,
        "generator_norm": ConditionalBatchNorm,
    }
    plain = tiny.game(tasks=[Rotation], **options)
    # A change without random numbers leaves the latents of both games equal.
    cr = make(ConsistencyRegularization, augmentation=negative)
    both = tiny.game(tasks=[Rotation, cr], **options)
    expected = plain.discriminator_objective(tiny.batch()).terms
    terms = both.discriminator_objective(tiny.batch()).terms
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5)
    assert terms["consistency"].numpy() > 0


def test_the_augmentation_of_the_game_comes_after_that_of_the_task():
    order = []

    def inner(samples, rng):
        order.append("task")
        return samples

    def outer(samples, rng):
        order.append("game")
        return samples

    game = tiny.game(
        tasks=[make(ConsistencyRegularization, augmentation=inner)], augmentation=outer
    )
    value = game.discriminator_objective(tiny.batch()).terms["consistency"]
    assert order == ["task", "game"]
    assert value.numpy() == pytest.approx(0, abs=1e-8)
    game = tiny.game(
        tasks=[make(ConsistencyRegularization, augmentation=inner)],
        augmentation=augmentations.diff_augment(),
    )
    # Both sides of the difference are augmented, each in its own way.
    value = game.discriminator_objective(tiny.batch()).terms["consistency"]
    assert value.numpy() > 1e-6


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        (ConsistencyRegularization, {"weight": 0.0}, "weight must be positive, not 0"),
        (BalancedConsistency, {"real_weight": -1.0}, "real_weight must be positive"),
        (BalancedConsistency, {"fake_weight": 0.0}, "@tasks.ConsistencyRegularization"),
    ],
)
def test_a_weight_that_is_not_positive_is_refused(task, options, message):
    with pytest.raises(InputError, match=message):
        task(tiny.PROBLEM, 5, None, **options)
