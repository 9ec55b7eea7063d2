"""Every network in a game: odd batches, grey images, labels, latents, bfloat16."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan import config
from compare_ssgan.architectures import (
    dcgan,
    infogan,
    resnet5,
    resnet30,
    resnet_biggan,
    resnet_biggan_deep,
    resnet_cifar,
    resnet_stl,
    sagan,
    sndcgan,
)
from compare_ssgan.gans import conditioning, losses, regularizers
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.tasks import Classification, Rotation
from compare_ssgan.layers import initializers
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.layers.spectral_norm import update_spectral_norms
from compare_ssgan.types import Problem, variables_of

# The smallest images of each network, and the narrowest widths.
NETWORKS = {
    "dcgan": (dcgan, 28, 2),
    "sndcgan": (sndcgan, 28, 2),
    "infogan": (infogan, 28, 2),
    "resnet_cifar": (resnet_cifar, 32, 2),
    "resnet_stl": (resnet_stl, 16, 2),
    "resnet5": (resnet5, 32, 2),
    "resnet30": (resnet30, 128, 1),
    "resnet_biggan": (resnet_biggan, 32, 4),
    "resnet_biggan_deep": (resnet_biggan_deep, 32, 4),
    "sagan": (sagan, 32, 8),
}
CONDITIONAL = {
    "conditional": True,
    "conditioning": conditioning.Projection,
    "generator_norm": ConditionalBatchNorm,
}


def game(name, batch_size, colors=3, dtype=tf.float32, whole_z=False, **options):
    network, pixels, channels = NETWORKS[name]
    make = partial(network.Generator, channels=channels)
    if name == "resnet_biggan" and whole_z:
        make = partial(make, hierarchical_z=False)
    return ModularGAN(
        Problem((pixels, pixels, colors), 3, batch_size, dtype),
        0,
        generator=make,
        backbone=partial(network.Backbone, channels=channels),
        loss=losses.hinge(),
        latent_size=8,
        generator_spectral_norm=True,
        discriminator_spectral_norm=True,
        **options,
    )


def terms_of_a_step(played, batch):
    """Differentiates both objectives, checks gradients and returns the terms."""
    terms = {}
    for compute, modules in (
        (played.discriminator_objective, played.discriminator_modules),
        (played.generator_objective, played.generator_modules),
    ):
        update_spectral_norms(modules)
        variables = variables_of(modules)
        with tf.GradientTape() as tape:
            objective = compute(batch)
        gradients = tape.gradient(objective.total, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            assert gradient is not None, variable.name
            assert np.all(np.isfinite(gradient)), variable.name
        assert any(np.any(gradient != 0.0) for gradient in gradients)
        terms |= objective.terms
    assert all(np.isfinite(term) for term in terms.values())
    return terms


def test_no_network_is_forgotten():
    found = {
        name.split(".")[0]
        for name, component in config.registered().items()
        if component.__module__.startswith("compare_ssgan.architectures.")
    }
    assert set(NETWORKS) == found


@pytest.mark.parametrize("name", NETWORKS)
def test_self_modulated_networks_learn_from_one_grey_image(name):
    played = game(name, 1, 1, generator_norm=SelfModulatedBatchNorm, whole_z=True)
    terms_of_a_step(played, tiny.batch(played.problem))


# Those of resnet30 take seconds; its own tests have bfloat16.
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "resnet30"])
def test_conditional_networks_learn_from_three_images_in_bfloat16(name):
    played = game(name, 3, dtype=tf.bfloat16, **CONDITIONAL)
    terms = terms_of_a_step(played, tiny.batch(played.problem))
    assert {term.dtype for term in terms.values()} == {tf.float32}


# What S3GAN adds to BigGAN, which has projection already: arXiv 1903.02271, Sec. 3.
@pytest.mark.parametrize("name", ["resnet_biggan", "resnet_biggan_deep", "sagan"])
def test_networks_with_attention_learn_rotations_and_a_part_of_the_labels(name):
    played = game(
        name,
        8,
        tasks=[Rotation, Classification],
        initializer=initializers.orthogonal(),
        generator_regularizer=regularizers.orthogonal(),
        **CONDITIONAL,
    )
    batch = tiny.batch(played.problem)
    known = tf.constant([[1.0], [0.0]] * 4)
    terms = terms_of_a_step(played, batch._replace(labels=known * batch.labels))
    assert set(terms) == {"adversarial", "rotation", "classification", "regularizer"}
    projections = [
        part for part in played.submodules if isinstance(part, conditioning.Projection)
    ]
    assert len(projections) == 1


@pytest.mark.parametrize(
    "name, options",
    [
        # Chunks of z take the place of labels.
        ("resnet_biggan", {"generator_norm": ConditionalBatchNorm}),
        ("resnet_biggan", {"generator_norm": BatchNorm, "whole_z": True}),
        ("resnet_biggan_deep", {"generator_norm": ConditionalBatchNorm}),
        ("sagan", {"generator_norm": BatchNorm}),
    ],
)
def test_networks_with_attention_need_no_labels(name, options):
    played = game(name, 4, tasks=[Rotation], **options)
    terms = terms_of_a_step(played, tiny.batch(played.problem))
    assert set(terms) == {"adversarial", "rotation"}
