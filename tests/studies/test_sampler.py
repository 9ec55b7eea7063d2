"""Drawing as an evaluation does, and leaving the model as it was."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.gans.conditioning import Projection
from compare_ssgan.layers.batch_norm import moving_statistics
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.studies import images, run
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step

STANDING = Sampling(standing_statistics=100)


@pytest.fixture(autouse=True)
def no_settings_left():
    """Takes the options of these tests away from other calls of `evaluate`."""
    yield
    config.load([])


def seeded(seed=0):
    return tf.random.Generator.from_seed(seed)


def values(module):
    return [variable.numpy() for variable in module.variables]


def test_standing_statistics_are_those_of_batches_of_the_training():
    game = tiny.game(generator_norm=BatchNorm)
    inputs = []
    hidden = game.generator.network.hidden

    sampler = Sampler(game)
    plain = sampler(5, seeded()).images
    with sampler.drawing(STANDING) as draw:
        standing = draw(5, seeded())
        (found,) = moving_statistics(game.generator)
        mean, variance = found.mean.numpy(), found.variance.numpy()
    assert (standing.images.numpy() != plain.numpy()).any()

    # 13 batches of 8, as many as it takes for 100 samples.
    rng = seeded(18_091_109)
    for _ in range(13):
        inputs.append(hidden(rng.normal([8, 4])).numpy())
    np.testing.assert_allclose(mean, np.mean(inputs, axis=(0, 1)), rtol=1e-4)
    batch_variances = np.var(inputs, axis=1)
    np.testing.assert_allclose(variance, batch_variances.mean(axis=0), rtol=1e-4)


def test_truncated_latents_have_standing_statistics_of_their_own():
    game = tiny.game(generator_norm=BatchNorm)
    sampler = Sampler(game)
    (found,) = moving_statistics(game.generator)
    variances = []
    for truncation in (None, 0.5):
        with sampler.drawing(STANDING._replace(truncation=truncation)) as draw:
            assert np.abs(draw(50, seeded()).latents).max() <= (truncation or math.inf)
            variances.append(found.variance.numpy())
    assert (variances[1] < 0.2 * variances[0]).all()


@pytest.mark.parametrize(
    "options",
    [
        {"generator_norm": BatchNorm},
        {"generator_norm": SelfModulatedBatchNorm},
        {
            "generator_norm": ConditionalBatchNorm,
            "conditional": True,
            "conditioning": Projection,
        },
    ],
)
def test_a_training_that_is_evaluated_ends_at_the_same_bits(options):
    def train(evaluated):
        game = tiny.game(**options)
        ema = ExponentialMovingAverage(game.generator, 0.9, 0)
        step = make_train_step(game, adam(1e-3)(1), adam(1e-3)(1), 1, ema)
        sampler = Sampler(game, ema.generator)
        for seed in range(3):
            step([tiny.batch(seed=seed)])
            if evaluated:
                before = values(game) + values(ema)
                with sampler.drawing(STANDING) as draw:
                    draw(5, seeded())
                after = values(game) + values(ema)
                for one, two in zip(before, after, strict=True):
                    np.testing.assert_array_equal(one, two)
        return values(game) + values(ema)

    for one, two in zip(train(False), train(True), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_average_gets_the_statistics_and_not_the_game():
    game = tiny.game(generator_norm=BatchNorm)
    ema = ExponentialMovingAverage(game.generator, 0.9, 0)
    before = values(game)
    with Sampler(game, ema.generator).drawing(STANDING):
        (found,) = moving_statistics(ema.generator)
        assert (found.variance.numpy() != 1).all()
        for one, two in zip(before, values(game), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_context_within_another_takes_no_statistics_again():
    game = tiny.game(generator_norm=BatchNorm)
    sampler = Sampler(game)
    (found,) = moving_statistics(game.generator)
    with sampler.drawing(STANDING) as outer:
        found.mean.assign_add(tf.ones_like(found.mean))
        mark = found.mean.numpy()
        with sampler.drawing(STANDING) as inner:
            np.testing.assert_array_equal(found.mean, mark)
            np.testing.assert_array_equal(
                inner(3, seeded()).images, outer(3, seeded()).images
            )
        np.testing.assert_array_equal(found.mean, mark)


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (STANDING, "the generator has none"),
        (Sampling(standing_statistics=0), "positive number of samples"),
        (Sampling(standing_statistics=2.5), "positive number of samples"),
        (Sampling(truncation=-1.0), "must be a positive number"),
    ],
)
def test_what_a_game_cannot_do_is_refused(sampling, message):
    with pytest.raises(InputError, match=message):
        Sampler(tiny.game()).check(sampling)


def test_a_run_is_measured_with_truncated_latents_and_says_so(load, tmp_path):
    request = load("STEPS = 2", "evaluate.truncation = 0.5")
    outcome = run.execute(request)
    assert "fid32_test_random_truncation0.5" in outcome.row
    grids = []
    for truncation in ("run", 0.5, None, 2.0):
        path = tmp_path / f"{truncation}.png"
        images.save_grid(outcome.run_dir, 9, path, 0, truncation)
        grids.append(path.read_bytes())
    assert grids[0] == grids[1]
    assert len(set(grids)) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ("toys.Game.uniform = True", "evaluate.truncation = 0.5"),
            "truncation 0.5 needs Gaussian latents",
        ),
        (("evaluate.standing_statistics = 100",), "the generator has none"),
        (("evaluate.truncation = 0.0",), "must be a positive number"),
        (("evaluate.standing_statistics = 0",), "positive number of samples"),
    ],
)
def test_a_run_that_cannot_be_drawn_from_does_not_begin(load, settings, message):
    request = load("STEPS = 2", *settings)
    with pytest.raises(InputError, match=message):
        run.execute(request)
    assert not request.run_directory.exists()
