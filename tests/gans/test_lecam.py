"""LeCam: anchors, which side is pulled where, checkpoints, refusals."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans.lecam import LeCam
from compare_ssgan.gans.tasks import Judged
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Samples, Verdict, variables_of


def judged(logits):
    verdict = Verdict(tf.constant(logits, tf.float32)[:, None], tf.zeros([4, 5]), {})
    return Judged(Samples(tf.zeros([4, 8, 8, 1])), verdict, None)


def task(**options):
    return LeCam(tiny.PROBLEM, 5, None, **options)


def loss(made, real, fake, step=0):
    step = tf.constant(step, tf.int64)
    value = made.loss(judged(real), judged(fake), player="discriminator", step=step)
    return value.numpy()


def batches(num=3):
    rng = np.random.default_rng(0)
    return [(rng.normal(1, 1, size=4), rng.normal(-1, 1, size=4)) for _ in range(num)]


def anchor(means, decay):
    """An exponential average whose weights sum to one."""
    factors = decay ** np.arange(len(means))[::-1]
    return np.sum(factors * means) / np.sum(factors)


@pytest.mark.parametrize("one_sided", [False, True])
def test_real_logits_are_pulled_to_the_past_of_generated_ones_and_the_reverse(
    one_sided,
):
    made = task(decay=0.9, one_sided=one_sided)
    seen = batches()
    for index, (real, fake) in enumerate(seen):
        past = seen[: index + 1]
        anchor_real = anchor([np.mean(r) for r, _ in past], 0.9)
        anchor_fake = anchor([np.mean(f) for _, f in past], 0.9)
        excess, lack = real - anchor_fake, anchor_real - fake
        if one_sided:
            excess, lack = np.maximum(excess, 0), np.maximum(lack, 0)
        expected = 0.3 * (np.mean(excess**2) + np.mean(lack**2))
        assert loss(made, real, fake) == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(made.anchors(), [anchor_real, anchor_fake], 1e-5)


def test_the_gradient_narrows_the_gap_between_real_and_generated():
    made = task()
    real, fake = tf.constant([[2.0], [3.0]]), tf.constant([[-2.0], [-3.0]])
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        verdicts = [Verdict(x, tf.zeros([2, 5]), {}) for x in (real, fake)]
        sides = [Judged(Samples(tf.zeros([2, 8, 8, 1])), v, None) for v in verdicts]
        step = tf.constant(0, tf.int64)
        value = made.loss(*sides, player="discriminator", step=step)
    on_real, on_fake = tape.gradient(value, [real, fake])
    # The anchors, here the means 2.5 and -2.5, are constants.
    np.testing.assert_allclose(on_real, 0.3 * (real + 2.5), rtol=1e-5)
    np.testing.assert_allclose(on_fake, 0.3 * (fake - 2.5), rtol=1e-5)
    assert np.all(on_real.numpy() > 0)
    assert np.all(on_fake.numpy() < 0)


def test_the_term_counts_from_the_start_step_and_the_anchors_from_the_beginning():
    made, real, fake = task(start_step=5), *batches(1)[0]
    assert loss(made, real, fake, step=4) == 0
    np.testing.assert_allclose(made.anchors(), [np.mean(real), np.mean(fake)], 1e-5)
    assert loss(made, real, fake, step=5) > 0


def test_anchors_move_once_per_discriminator_step_and_never_for_the_generator():
    game = tiny.game(tasks=[LeCam])
    made = game.tasks[0]
    assert "lecam" not in game.generator_objective(tiny.batch()).terms
    np.testing.assert_array_equal(made.averages, [0, 0, 0])
    np.testing.assert_array_equal(made.anchors(), [0, 0])
    step = make_train_step(game, adam(1e-3)(2), adam(1e-3)(1), discriminator_steps=2)
    terms = step([tiny.batch(seed=0), tiny.batch(seed=1)])
    assert terms["discriminator/lecam"].numpy() > 0
    assert made.averages[2].numpy() == pytest.approx(1 - 0.99**2, rel=1e-4)


def test_anchors_are_not_trained_and_are_checkpointed(tmp_path):
    game = tiny.game(tasks=[LeCam])
    game.discriminator_objective(tiny.batch())
    made = game.tasks[0]
    trained = variables_of(game.discriminator_modules)
    assert all(v is not made.averages for v in trained)
    path = tf.train.Checkpoint(game=game).save(str(tmp_path / "checkpoint"))
    other = tiny.game(tasks=[LeCam])
    tf.train.Checkpoint(game=other).restore(path).assert_consumed()
    np.testing.assert_array_equal(other.tasks[0].averages, made.averages)
    assert np.any(made.averages)


def test_the_term_reaches_trunk_and_head():
    game = tiny.game(tasks=[LeCam])
    with tf.GradientTape() as tape:
        value = game.discriminator_objective(tiny.batch()).terms["lecam"]
    discriminator = game.discriminator
    kernels = [discriminator.backbone.dense.kernel.raw, discriminator.head.kernel.raw]
    assert all(np.any(g) for g in tape.gradient(value, kernels))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0.0}, "weight must be positive, not 0"),
        ({"decay": 1.0}, r"decay must be in \[0, 1\), not 1"),
        ({"start_step": -1}, "start_step must not be negative"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        task(**options)
