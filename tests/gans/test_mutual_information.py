"""InfoGAN: codes in the latents, the term's value, gradients, refusals."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import conditioning
from compare_ssgan.gans.mutual_information import MutualInformation, codes
from compare_ssgan.gans.tasks import Judged
from compare_ssgan.layers import initializers
from compare_ssgan.layers.normalization import (
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.layers.weights import Weights
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Codes, Samples, Verdict, variables_of

CODES = Codes((3, 2), 2)
STEP = tf.constant(0, tf.int64)


def task(among=CODES, **options):
    weights = Weights(np.random.default_rng(0), initializers.normal(stddev=0.5))
    return MutualInformation(tiny.PROBLEM._replace(codes=among), 5, weights, **options)


def generated(num=16):
    rng = tf.random.Generator.from_seed(0)
    z = tf.concat([rng.normal([num, 4]), CODES.draw(num, rng)], axis=1)
    features = np.random.default_rng(1).normal(size=(num, 5)).astype(np.float32)
    verdict = Verdict(tf.zeros([num, 1]), tf.constant(features), {})
    return Judged(Samples(tf.zeros([num, 8, 8, 1]), latents=z), verdict, None)


def formula(judged, parameters):
    """Mean negative log likelihoods of three categories, of two, of two numbers."""
    drawn = judged.samples.latents.numpy()[:, 4:]
    losses = []
    for part in (slice(0, 3), slice(3, 5)):
        logits = parameters[:, part]
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses.append(-np.mean(np.sum(drawn[:, part] * log_p, axis=1)))
    squares = (drawn[:, 5:] - parameters[:, 5:]) ** 2
    losses.append(np.mean(np.sum(0.5 * squares + 0.5 * np.log(2 * np.pi), axis=1)))
    return losses


def test_codes_are_uniform_categories_and_uniform_numbers():
    drawn = CODES.draw(3000, tf.random.Generator.from_seed(0))
    assert drawn.shape == [3000, 7] == [3000, CODES.size]
    three, two, numbers = (part.numpy() for part in CODES.split(drawn))
    for code in (three, two):
        np.testing.assert_array_equal(np.sort(code, axis=1)[:, -1], 1)
        np.testing.assert_array_equal(code.sum(axis=1), 1)
        np.testing.assert_allclose(code.mean(axis=0), 1 / code.shape[1], atol=0.04)
    assert numbers.min() >= -1
    assert numbers.max() < 1
    assert numbers.std() == pytest.approx(np.sqrt(1 / 3), rel=0.03)
    assert abs(np.corrcoef(numbers.T)[0, 1]) < 0.06


@pytest.mark.parametrize("one_kind", [Codes((3,), 0), Codes((), 2)])
def test_either_kind_of_code_may_be_missing(one_kind):
    drawn = one_kind.draw(4, tf.random.Generator.from_seed(0))
    assert [part.shape for part in one_kind.split(drawn)] == [[4, one_kind.size]]
    game = tiny.game(codes=one_kind, tasks=[MutualInformation])
    value = game.generator_objective(tiny.batch()).terms["mutual_information"]
    assert np.isfinite(value.numpy())


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_term_is_the_weighted_negative_log_likelihood_of_the_codes(player):
    judged = generated()
    made = task(categorical_weight=0.7, continuous_weight=0.3)
    parameters = judged.verdict.features.numpy() @ made.head.kernel().numpy()
    three, two, numbers = formula(judged, parameters)
    value = made.loss(None, judged, player=player, step=STEP).numpy()
    expected = 0.7 * three + 0.7 * two + 0.3 * numbers
    assert value == pytest.approx(expected, rel=1e-5)
    value = task().loss(None, judged, player=player, step=STEP).numpy()
    assert value == pytest.approx(three + two + 0.1 * numbers, rel=1e-5)


def test_the_hidden_layer_is_batch_normalized_and_leaky():
    judged = generated()
    made = task(hidden_size=6)
    x = judged.verdict.features.numpy() @ made.hidden.kernel().numpy()
    x = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    x = np.where(x > 0, x, 0.1 * x) @ made.head.kernel().numpy()
    np.testing.assert_allclose(made.parameters(judged.verdict.features), x, atol=1e-4)


def test_codes_are_appended_to_the_noise_wherever_latents_go():
    game = tiny.game(
        codes=CODES, tasks=[MutualInformation], generator_norm=SelfModulatedBatchNorm
    )
    assert game.generator.network.hidden.kernel().shape == [4 + 7, 6]
    assert game.generator.network.norm.hidden.kernel().shape[0] == 4 + 7
    sample = game.sample(5, tf.random.Generator.from_seed(0))
    assert sample.latents.shape == [5, 4 + 7]
    np.testing.assert_array_equal(tf.reduce_sum(sample.latents[:, 4:7], axis=1), 1)


def test_codes_change_neither_the_noise_nor_games_without_them():
    rng = [tf.random.Generator.from_seed(0) for _ in range(2)]
    plain = tiny.game().sample(5, rng[0]).latents
    coded = tiny.game(codes=CODES).sample(5, rng[1]).latents
    np.testing.assert_array_equal(plain, coded[:, :4])


def test_codes_without_the_task_are_the_papers_baseline():
    game = tiny.game(codes=CODES)
    assert set(game.generator_objective(tiny.batch()).terms) == {"adversarial"}


def test_codes_and_labels_go_together():
    game = tiny.game(
        codes=CODES,
        tasks=[MutualInformation],
        conditional=True,
        conditioning=conditioning.Projection,
        generator_norm=ConditionalBatchNorm,
        concatenate_labels=["generator"],
    )
    assert game.generator.network.hidden.kernel().shape == [4 + 7 + 3, 6]
    assert np.isfinite(game.generator_objective(tiny.batch()).total)


@pytest.mark.parametrize("hidden_size", [None, 6])
def test_both_players_minimize_it_and_only_the_discriminator_trains_the_head(
    hidden_size,
):
    game = tiny.game(
        codes=CODES,
        tasks=[
            lambda *arguments: MutualInformation(*arguments, hidden_size=hidden_size)
        ],
    )
    head = list(game.tasks[0].trainable_variables)
    discriminator = variables_of(game.discriminator_modules)
    generator = variables_of(game.generator_modules)
    assert {id(v) for v in head} <= {id(v) for v in discriminator}
    with tf.GradientTape(persistent=True) as tape:
        d = game.discriminator_objective(tiny.batch()).terms["mutual_information"]
        g = game.generator_objective(tiny.batch()).terms["mutual_information"]
    trunk = game.discriminator.backbone.dense.kernel.raw
    assert all(np.any(x) for x in tape.gradient(d, [*head, trunk]))
    assert all(x is None for x in tape.gradient(d, generator))
    assert all(np.any(x) for x in tape.gradient(g, generator))


def test_training_makes_the_codes_readable():
    # From the usual N(0, 0.02) so small a generator is slow to tell codes apart.
    wide = initializers.normal(stddev=0.3)
    game = tiny.game(codes=Codes((3,), 0), tasks=[MutualInformation], initializer=wide)
    step = make_train_step(game, adam(0.02)(1), adam(0.02)(1))
    terms = [step([tiny.batch(seed=i)]) for i in range(120)]
    first, last = (
        np.mean([t["generator/mutual_information"] for t in part])
        for part in (terms[:5], terms[-5:])
    )
    assert first == pytest.approx(np.log(3), rel=0.1)
    assert last < 0.5 * first


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: task(None), "gans.ModularGAN.codes = @latents.codes()"),
        (lambda: task(categorical_weight=-1.0), "categorical_weight must not be neg"),
        (
            lambda: task(Codes((), 1), categorical_weight=1.0),
            "there are no categorical codes",
        ),
        (
            lambda: task(Codes((3,), 0), continuous_weight=1.0),
            "there are no continuous codes",
        ),
        (lambda: task(hidden_size=0), "hidden_size must be positive or None"),
        (lambda: codes(categorical=[1]), r"two at least; received \[1\]"),
        (lambda: codes(categorical=[], continuous=0), "needs a categorical or"),
        (lambda: codes(continuous=-1), "needs a categorical or"),
    ],
)
def test_codes_that_cannot_work_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_the_default_codes_are_those_of_the_papers_mnist_experiment():
    assert codes() == Codes((10,), 2)
