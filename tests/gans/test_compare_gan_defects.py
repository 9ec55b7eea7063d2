"""What crashes or has no effect in compare_gan works here, or is refused with a reason.

https://github.com/google/compare_gan at commit 19922d3.
"""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.architectures import (
    dcgan,
    infogan,
    resnet30,
    resnet_cifar,
    resnet_stl,
    sndcgan,
)
from compare_ssgan.errors import InputError
from compare_ssgan.gans import conditioning, losses, penalties
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.tasks import Classification, Rotation
from compare_ssgan.layers.basic import Kernel
from compare_ssgan.layers.initializers import normal
from compare_ssgan.layers.normalization import (
    ConditionalBatchNorm,
    LayerNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.layers.spectral_norm import SpectralNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import ConditionSizes, Problem, Samples, variables_of

CONDITIONAL = {
    "conditional": True,
    "conditioning": conditioning.Projection,
    "generator_norm": ConditionalBatchNorm,
}


def game(architecture, pixels=32, batch_size=4, num_classes=3, **options):
    problem = Problem((pixels, pixels, 3), num_classes, batch_size)
    return ModularGAN(
        problem,
        0,
        generator=partial(architecture.Generator, channels=2),
        backbone=partial(architecture.Backbone, channels=2),
        **{"loss": losses.hinge(), "latent_size": 8} | options,
    )


def check_both_players_learn(played):
    batch = tiny.batch(played.problem)
    for compute, modules in (
        (played.discriminator_objective, played.discriminator_modules),
        (played.generator_objective, played.generator_modules),
    ):
        variables = variables_of(modules)
        with tf.GradientTape() as tape:
            total = compute(batch).total
        gradients = tape.gradient(total, variables)
        assert np.isfinite(total)
        assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
        assert any(np.any(gradient != 0.0) for gradient in gradients)


# There the gain is [batch, 1, 1, units] for a vector of [batch, units].
@pytest.mark.parametrize(
    "options",
    [{"generator_norm": SelfModulatedBatchNorm}, CONDITIONAL],
    ids=["self-modulated", "conditional"],
)
@pytest.mark.parametrize("architecture", [sndcgan, infogan])
def test_vectors_can_be_normalized_by_latents_and_labels(architecture, options):
    check_both_players_learn(game(architecture, **options))


# There its batch has to be known when the graph is made, which an export's is not.
@pytest.mark.parametrize("batch_size", [1, 3])
def test_resnet_stl_takes_any_batch(batch_size):
    played = game(resnet_stl, 48, batch_size)
    check_both_players_learn(played)
    sample = tf.function(
        lambda num: played.sample(num, played.rng).images,
        input_signature=[tf.TensorSpec([], tf.int32)],
        autograph=False,
    )
    assert sample(5).shape == (5, 48, 48, 3)


# There a misspelt argument of the last normalization is dropped without a word.
def test_labels_reach_every_normalization_of_resnet_stl():
    played = game(resnet_stl, 16, **CONDITIONAL)
    labels = played.generator.network.norm.gain.kernel.raw
    with tf.GradientTape() as tape:
        total = played.generator_objective(tiny.batch(played.problem)).total
    assert np.any(tape.gradient(total, labels) != 0.0)


# There widths are divided and become floats.
def test_resnet30_has_whole_numbers_of_channels():
    weights = Weights(np.random.default_rng(0), normal())
    network = resnet30.Generator(
        (128, 128, 3), 8, ConditionSizes(8), weights, None, channels=1
    )
    shapes = [block.conv1.kernel.raw.shape for block in network.blocks]
    assert shapes[0] == (3, 3, 32, 32)
    assert shapes[-1] == (3, 3, 1, 1)


# There heads of S3GAN fail far from the cause when the game has no labels.
@pytest.mark.parametrize(
    "options, message",
    [
        ({"tasks": [Classification]}, r"conditional = True or remove"),
        ({"conditioning": conditioning.Projection}, r"conditional = True or remove"),
        (CONDITIONAL | {"num_classes": 0}, r"the dataset has no labels"),
        (
            {"tasks": [Classification], "num_classes": 0},
            r"Classification needs labels, but the dataset has none",
        ),
    ],
)
def test_heads_that_need_labels_are_refused_without(options, message):
    with pytest.raises(InputError, match=message):
        game(resnet_cifar, **options)


def test_a_batch_without_a_single_label_gives_finite_losses():
    played = game(resnet_cifar, tasks=[Rotation, Classification], **CONDITIONAL)
    batch = tiny.batch(played.problem)
    batch = batch._replace(labels=tf.zeros_like(batch.labels))
    terms = played.discriminator_objective(batch).terms
    assert all(np.isfinite(term) for term in terms.values())


# There S3GAN projects labels twice, and drops the penalty.
def test_a_game_of_all_heads_projects_once_and_keeps_its_penalty():
    played = game(
        resnet_cifar,
        tasks=[Rotation, Classification],
        penalty=penalties.wgan_gp(),
        **CONDITIONAL,
    )
    projections = [
        part for part in played.submodules if isinstance(part, conditioning.Projection)
    ]
    assert len(projections) == 1
    terms = played.discriminator_objective(tiny.batch(played.problem)).terms
    assert set(terms) == {"adversarial", "penalty", "rotation", "classification"}
    assert terms["penalty"] > 0.0


# There a batch that does not divide fails in the graph, its message in itself.
def test_a_batch_that_cannot_be_rotated_is_refused_with_its_size():
    quarters = partial(Rotation, mode="quarters")
    with pytest.raises(InputError, match=r"divides by 4; there are 6 .*BATCH_SIZE"):
        game(resnet_cifar, batch_size=6, tasks=[quarters])
    with pytest.raises(InputError, match=r"too small .* of 3 .*BATCH_SIZE"):
        game(resnet_cifar, batch_size=3, tasks=[Rotation])
    check_both_players_learn(game(resnet_cifar, batch_size=6, tasks=[Rotation]))


# There self_supervision = None crashes, and "none" counts as one.
def test_no_self_supervision_is_no_task():
    played = game(resnet_cifar, tasks=[])
    terms = played.discriminator_objective(tiny.batch(played.problem)).terms
    assert set(terms) == {"adversarial"}
    with pytest.raises(InputError, match=r"Rotation\.mode must be .*not None"):
        game(resnet_cifar, tasks=[partial(Rotation, mode=None)])


# There rotated generated images get the labels of real ones.
def test_rotated_images_keep_their_own_labels():
    task = Rotation(Problem((4, 4, 1), 3, 4), 2, Weights(np.random, normal()))
    labels = tf.one_hot([2, 0, 1, 1], 3)
    views = task.views(
        Samples(tf.zeros([4, 4, 4, 1]), labels),
        player="generator",
        generated=True,
        rng=tf.random.Generator.from_seed(0),
    )
    np.testing.assert_array_equal(views.labels, tf.one_hot([1, 1, 1], 3))


# There these three generators have no spectral normalization, whatever is set.
@pytest.mark.parametrize("architecture", [dcgan, sndcgan, infogan])
def test_spectral_norm_of_a_generator_has_an_effect(architecture):
    played = game(architecture, generator_spectral_norm=True)
    parts = played.generator.submodules
    kernels = [part for part in parts if isinstance(part, Kernel)]
    assert len(kernels) >= 4
    assert sum(isinstance(part, SpectralNorm) for part in parts) == len(kernels)
    check_both_players_learn(played)


# There infogan ignores its normalization, and most discriminators theirs.
def test_a_normalization_has_an_effect_or_is_refused():
    played = game(infogan, generator_norm=LayerNorm)
    assert {type(norm) for norm in played.generator.network.norms} == {LayerNorm}
    for architecture in (dcgan, infogan):
        played = game(architecture, discriminator_norm=LayerNorm)
        parts = played.discriminator.submodules
        assert any(isinstance(part, LayerNorm) for part in parts)
        check_both_players_learn(played)
    with pytest.raises(InputError, match=r"sndcgan supports no normalization"):
        game(sndcgan, discriminator_norm=LayerNorm)


# There unknown names in option dictionaries, and some known ones, are ignored.
@pytest.mark.parametrize(
    "line, message",
    [
        (
            "gans.ModularGAN.discriminator_normalization = None",
            r"discriminator_norm",
        ),
        ("gans.ModularGAN.force_graph_unroll = True", r"force_graph_unroll"),
        ("penalties.wgan_gp.lamba = 1", r"lamba"),
        ("resnet_cifar.Generator.embed_x = True", r"embed_x"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused(command, line, message):
    arguments = ("describe", "--gin", "gin_configs/ssgan.gin", "--set", line)
    code, _, stderr = command(*arguments)
    assert code == 2
    assert message in stderr
