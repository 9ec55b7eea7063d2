"""The game: what its objectives contain, and which combinations it refuses."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import conditioning, latents, losses, penalties
from compare_ssgan.gans.lecam import LeCam
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.mutual_information import MutualInformation
from compare_ssgan.gans.tasks import Classification, Rotation
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.types import (
    Codes,
    Condition,
    ConditionSizes,
    Factor,
    Problem,
    Representation,
    Samples,
    variables_of,
)

CONDITIONAL = {
    "conditional": True,
    "conditioning": conditioning.Projection,
    "generator_norm": ConditionalBatchNorm,
}
UNLABELLED = Problem((8, 8, 1), 0, 8)


def test_the_objective_is_the_sum_of_its_named_terms():
    game = tiny.game(
        tasks=[Rotation, Classification], penalty=penalties.r1(), **CONDITIONAL
    )
    for result, names in (
        (
            game.discriminator_objective(tiny.batch()),
            {"adversarial", "penalty", "rotation", "classification"},
        ),
        (
            game.generator_objective(tiny.batch()),
            {"adversarial", "rotation", "classification"},
        ),
    ):
        assert set(result.terms) == names
        total = sum(term.numpy() for term in result.terms.values())
        assert result.total.numpy() == pytest.approx(total, rel=1e-5)


def test_an_added_task_leaves_the_adversarial_term_alone():
    plain, with_task = tiny.game(), tiny.game(tasks=[Rotation])
    expected = plain.discriminator_objective(tiny.batch()).terms["adversarial"]
    value = with_task.discriminator_objective(tiny.batch()).terms["adversarial"]
    assert value.numpy() == pytest.approx(expected.numpy(), rel=1e-5)


def test_adversarial_term_equals_the_loss_on_separate_passes():
    game = tiny.game(tasks=[Rotation], **CONDITIONAL)
    batch = tiny.batch()
    rng = tf.random.Generator.from_state(game.rng.state.numpy(), game.rng.algorithm)
    fake = game.sample(8, rng, training=True)
    expected = game.loss.discriminator(game(batch).logits, game(fake).logits)
    value = game.discriminator_objective(batch).terms["adversarial"]
    assert value.numpy() == pytest.approx(expected.numpy(), rel=1e-4)


def test_every_variable_belongs_to_one_player_and_gets_a_gradient():
    game = tiny.game(tasks=[Rotation, Classification], **CONDITIONAL)
    discriminator = variables_of(game.discriminator_modules)
    generator = variables_of(game.generator_modules)
    assert not {id(v) for v in discriminator} & {id(v) for v in generator}
    everything = {id(v) for v in game.trainable_variables}
    assert {id(v) for v in discriminator + generator} == everything
    for compute, variables in (
        (game.discriminator_objective, discriminator),
        (game.generator_objective, generator),
    ):
        with tf.GradientTape() as tape:
            value = compute(tiny.batch()).total
        assert all(g is not None for g in tape.gradient(value, variables))


def test_the_discriminator_step_sends_no_gradient_to_the_generator():
    game = tiny.game()
    with tf.GradientTape() as tape:
        value = game.discriminator_objective(tiny.batch()).total
    gradients = tape.gradient(value, variables_of(game.generator_modules))
    assert all(g is None for g in gradients)


def test_an_unconditional_game_ignores_the_labels_of_the_data():
    first, second = tiny.game(), tiny.game()
    batch = tiny.batch()
    other = batch._replace(labels=tf.reverse(batch.labels, axis=[1]))
    assert (
        first.discriminator_objective(batch).total.numpy()
        == second.discriminator_objective(other).total.numpy()
    )


def test_a_conditional_generator_draws_images_that_depend_on_the_label():
    game = tiny.game(**CONDITIONAL)
    rng = [tf.random.Generator.from_seed(1) for _ in range(2)]
    one, two = (
        game.sample(4, r, tf.one_hot([label] * 4, 3), training=True)
        for r, label in zip(rng, (0, 1), strict=True)
    )
    np.testing.assert_array_equal(one.latents, two.latents)
    assert np.abs(one.images - two.images).max() > 1e-6


def test_labels_of_generated_images_are_uniform_or_those_of_the_batch():
    game = tiny.game(**CONDITIONAL)
    drawn = game.sample(3000, tf.random.Generator.from_seed(0)).labels
    np.testing.assert_allclose(np.mean(drawn, axis=0), 1 / 3, atol=0.03)
    game = tiny.game(fake_labels="batch", **CONDITIONAL)
    batch = tiny.batch()
    np.testing.assert_array_equal(game._generate(batch).labels, batch.labels)


def test_sampling_and_judging_change_no_variable():
    game = tiny.game(generator_norm=BatchNorm, discriminator_spectral_norm=True)
    before = [v.numpy() for v in game.variables if v.dtype.is_floating]
    game(game.sample(4, tf.random.Generator.from_seed(0)))
    after = [v.numpy() for v in game.variables if v.dtype.is_floating]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_same_seed_gives_the_same_game():
    first, second = tiny.game(seed=3), tiny.game(seed=3)
    for one, two in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one, two)
    other = tiny.game(seed=4)
    kernels = zip(first.kernels, other.kernels, strict=True)
    assert all(np.any(one != two) for one, two in kernels)


def test_concatenated_labels_reach_both_players():
    game = tiny.game(
        conditional=True, concatenate_labels=["generator", "discriminator"]
    )
    assert game.generator.network.hidden.kernel().shape == [4 + 3, 6]
    batch = tiny.batch()
    other = batch._replace(labels=tf.roll(batch.labels, 1, axis=1))
    assert np.any(game(batch).logits != game(other).logits)


def test_labelled_latents_modulate_with_z_plus_shift_plus_z_times_scale():
    game = tiny.game(
        generator_norm=SelfModulatedBatchNorm,
        labelled_latents=True,
        conditional=True,
        conditioning=conditioning.Projection,
    )
    z = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[[0, 2]]
    module = game.generator.labelled_latents
    shift, scale = module.shift.kernel().numpy(), module.scale.kernel().numpy()
    expected = z + shift[[0, 2]] + z * scale[[0, 2]]
    np.testing.assert_allclose(module(z, labels), expected, rtol=1e-5)


def test_augmentation_stands_between_every_image_and_the_discriminator():
    sizes = []

    def augmentation(samples, rng):
        sizes.append(samples.images.shape[0])
        return Samples(1.0 - samples.images, samples.labels)

    game = tiny.game(tasks=[Rotation], augmentation=augmentation)
    plain = tiny.game(tasks=[Rotation])
    batch = tiny.batch()
    np.testing.assert_allclose(
        game(batch).logits,
        plain(batch._replace(images=1 - batch.images)).logits,
        rtol=1e-5,
    )
    game.discriminator_objective(batch)
    # 8 real, 8 generated, 3 turns of 2 real ones.
    assert sizes[-1] == 22


def test_relativistic_loss_shows_real_images_to_the_generator_step():
    game = tiny.game(loss=losses.relativistic_average())
    one = game.generator_objective(tiny.batch(seed=0)).total
    game = tiny.game(loss=losses.relativistic_average())
    two = game.generator_objective(tiny.batch(seed=1)).total
    assert one.numpy() != two.numpy()


class NormalizedBackbone(tiny.Backbone):
    """With the batch normalization that networks of the suite refuse."""

    def __init__(self, image_shape, weights, norm):
        super().__init__(image_shape, weights, norm)
        self.norm = BatchNorm(5, ConditionSizes(), weights, spatial=False)

    def __call__(self, images, training):
        features, blocks = super().__call__(images, training)
        return Representation(self.norm(features, Condition(), training), blocks)


def with_batch_norm(**options):
    options = {"loss": losses.hinge(), "latent_size": 4, **options}
    return ModularGAN(
        tiny.PROBLEM,
        0,
        generator=tiny.Generator,
        backbone=NormalizedBackbone,
        **options,
    )


def test_a_verdict_of_evaluation_does_not_depend_on_the_rest_of_the_batch():
    game, batch = with_batch_norm(), tiny.batch()
    whole = game.judge(batch)
    alone = game.judge(Samples(batch.images[:1], batch.labels[:1]))
    np.testing.assert_allclose(alone.logits, whole.logits[:1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(alone.features, whole.features[:1], rtol=1e-5, atol=1e-6)
    # In training it does.
    other = game(Samples(batch.images[:1], batch.labels[:1])).logits
    assert np.abs(other - game(batch).logits[:1]).max() > 1e-4


def test_a_verdict_of_evaluation_changes_no_variable():
    game = with_batch_norm(
        discriminator_spectral_norm=True,
        tasks=[Rotation, Classification],
        **CONDITIONAL,
    )
    before = [v.numpy() for v in game.variables]
    verdict = game.judge(tiny.batch())
    for head in game.heads.values():
        head(verdict.features)
    for old, new in zip(before, game.variables, strict=True):
        np.testing.assert_array_equal(old, new)
    game(tiny.batch())
    assert any(
        np.any(old != new) for old, new in zip(before, game.variables, strict=True)
    )


@pytest.mark.parametrize("options", [{}, CONDITIONAL], ids=["plain", "conditional"])
def test_without_normalization_evaluation_judges_as_training_does(options):
    game, batch = tiny.game(**options), tiny.batch()
    found, expected = game.judge(batch), game(batch)
    np.testing.assert_array_equal(found.logits, expected.logits)
    np.testing.assert_array_equal(found.features, expected.features)
    np.testing.assert_array_equal(found.blocks["block0"], expected.blocks["block0"])


def test_evaluation_judges_images_as_they_are():
    def augmentation(samples, rng):
        return samples._replace(images=1.0 - samples.images)

    game, plain = tiny.game(augmentation=augmentation), tiny.game()
    batch = tiny.batch()
    expected = plain(batch).logits
    np.testing.assert_array_equal(game.judge(batch).logits, expected)
    assert np.any(game(batch).logits != expected)


def test_an_unconditional_game_judges_without_labels():
    batch = tiny.batch()
    game = tiny.game()
    with_labels, without = game.judge(batch), game.judge(Samples(batch.images))
    np.testing.assert_array_equal(with_labels.logits, without.logits)


def test_heads_are_those_of_the_tasks_by_name():
    game = tiny.game(
        tasks=[Rotation, Classification, LeCam, MutualInformation],
        codes=Codes((3,), 1),
        **CONDITIONAL,
    )
    heads = game.heads
    # LeCam has no head.
    assert list(heads) == ["rotation", "classification", "mutual_information"]
    features = game.judge(tiny.batch()).features
    for name, size, task in zip(heads, (4, 3, 4), (0, 1, 3), strict=True):
        kernel = game.tasks[task].head.kernel().numpy()
        found = heads[name](features)
        assert found.shape == [8, size]
        np.testing.assert_allclose(found, features.numpy() @ kernel, atol=1e-6)
    assert not tiny.game().heads


def test_the_head_of_codes_includes_its_hidden_layer_as_evaluated():
    game = tiny.game(
        tasks=[partial(MutualInformation, hidden_size=6)], codes=Codes((3,), 1)
    )
    task = game.tasks[0]
    before = [v.numpy() for v in task.variables]
    features = game.judge(tiny.batch()).features
    found = game.heads["mutual_information"](features)
    # Moving averages are 0 and 1 at first.
    x = features.numpy() @ task.hidden.kernel().numpy() / np.sqrt(1 + 1e-5)
    x = np.where(x > 0, x, 0.1 * x) @ task.head.kernel().numpy()
    np.testing.assert_allclose(found, x, atol=1e-6)
    for old, new in zip(before, task.variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_prior_says_how_the_latents_are_distributed():
    assert tiny.game().prior == [Factor("normal", 4)]
    game = tiny.game(
        latent_distribution=latents.uniform(low=0.0), codes=Codes((3, 2), 1)
    )
    assert game.prior == [
        Factor("uniform", 4, low=0.0),
        Factor("categorical", 3),
        Factor("categorical", 2),
        Factor("uniform", 1),
    ]
    assert tiny.game(latent_distribution=latents.normal(stddev=2.0)).prior == [
        Factor("normal", 4, stddev=2.0)
    ]

    def unknown(num, size, rng, truncation=None):
        return rng.normal([num, size])

    assert tiny.game(latent_distribution=unknown).prior is None


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        (UNLABELLED, CONDITIONAL, "method is conditional .* dataset has no labels"),
        (
            tiny.PROBLEM,
            {"conditioning": conditioning.Projection},
            "conditioning needs labels, but the game is unconditional",
        ),
        (
            tiny.PROBLEM,
            {"concatenate_labels": ["generator"]},
            "concatenate_labels needs labels",
        ),
        (tiny.PROBLEM, {"labelled_latents": True}, "labelled_latents needs labels"),
        (tiny.PROBLEM, {"tasks": [Classification]}, "'classification' needs labels"),
        (tiny.PROBLEM, {"generator_norm": ConditionalBatchNorm}, "conditional = True"),
        (
            tiny.PROBLEM,
            {"conditional": True, "conditioning": conditioning.Projection},
            "the generator ignores labels",
        ),
        (
            tiny.PROBLEM,
            {"conditional": True, "generator_norm": ConditionalBatchNorm},
            "the discriminator ignores labels",
        ),
        (
            tiny.PROBLEM,
            {"labelled_latents": True, **CONDITIONAL},
            "no effect without self-modulation",
        ),
        (tiny.PROBLEM, {"concatenate_labels": "generator"}, "lists players"),
        (tiny.PROBLEM, {"fake_labels": "none"}, "must be 'uniform' or 'batch'"),
        (tiny.PROBLEM, {"fake_labels": "batch"}, "the game is unconditional"),
        (tiny.PROBLEM, {"latent_size": 0}, "LATENT_SIZE must be a positive integer"),
        (tiny.PROBLEM._replace(batch_size=0), {}, "BATCH_SIZE must be a positive"),
        (tiny.PROBLEM, {"tasks": [Rotation, Rotation]}, "lists a task twice"),
    ],
)
def test_a_combination_that_cannot_be_honoured_is_refused(problem, options, message):
    with pytest.raises(InputError, match=message):
        tiny.game(problem, **options)
