import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.conditions import Conditions, uses_labels
from compare_ssgan.architectures.resnet_cifar import Generator
from compare_ssgan.errors import InputError
from compare_ssgan.layers import normalization as norms
from compare_ssgan.layers.spectral_norm import SpectralNorm
from compare_ssgan.types import Condition, ConditionSizes

SIZES = ConditionSizes(latent=12, label=3)
UNLABELLED = ConditionSizes(latent=12)
OFF = {"hierarchical_z": False, "embed_z": False, "embed_y": False}
ON = {"hierarchical_z": True, "embed_z": True, "embed_y": True}


def conditions(weights, norm=norms.ConditionalBatchNorm, sizes=SIZES, **options):
    options = OFF | {"embed_bias": False} | options
    options = {"embed_y_dim": 5 if options["embed_y"] else None} | options
    return Conditions("some.Generator", 3, 12, sizes, weights, norm, **options)


def inputs():
    rng = np.random.default_rng(0)
    z = tf.constant(rng.normal(size=[2, 12]).astype(np.float32))
    return z, Condition(z, tf.constant(np.eye(3, dtype=np.float32)[:2]))


def test_without_options_every_block_sees_what_the_game_says(weights):
    made = conditions(weights)
    z, told = inputs()
    shares = made(z, told)
    assert shares.first is z
    assert shares.blocks == [told] * 3
    assert shares.whole == told
    assert made.sizes == made.whole_sizes == SIZES
    assert made.first_size == 12
    assert made.variables == ()


def test_every_block_gets_its_chunk_of_z_beside_the_label(weights):
    made = conditions(weights, hierarchical_z=True)
    z, told = inputs()
    shares = made(z, told)
    np.testing.assert_array_equal(shares.first, z[:, :3])
    for index, block in enumerate(shares.blocks):
        expected = np.hstack([z[:, 3 * index + 3 : 3 * index + 6], told.label])
        np.testing.assert_array_equal(block.label, expected)
        assert block.latent is told.latent
    assert made.first_size == 3
    assert made.sizes == ConditionSizes(latent=12, label=3 + 3)
    assert shares.whole == told


def test_embeddings_take_the_place_of_latents_and_labels(weights):
    made = conditions(weights, **ON, embed_bias=True)
    z, told = inputs()
    made.embed_y.bias.assign(tf.range(5.0))
    shares = made(z, told)
    new_z = z @ made.embed_z.kernel.raw + made.embed_z.bias
    new_y = told.label @ made.embed_y.table + tf.range(5.0)
    np.testing.assert_allclose(shares.first, new_z[:, :3], rtol=1e-5, atol=1e-6)
    expected = np.hstack([new_z[:, 9:], new_y])
    np.testing.assert_allclose(shares.blocks[2].label, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(shares.blocks[2].latent, new_z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(shares.whole.label, new_y, rtol=1e-5, atol=1e-6)
    assert made.sizes == ConditionSizes(latent=12, label=3 + 5)
    # Other latents than the input, which knew the label, are embedded too.
    other = made(z, told._replace(latent=2.0 * z)).whole.latent
    np.testing.assert_allclose(other, 2.0 * z @ made.embed_z.kernel.raw, rtol=1e-4)


def test_embeddings_are_normalized_where_they_are_layers(weights):
    spectral = weights._replace(spectral_norm=True)

    def normalized(as_layers):
        made = conditions(spectral, **ON, as_layers=as_layers)
        return sum(isinstance(part, SpectralNorm) for part in made.submodules)

    assert normalized(as_layers=True) == 2
    assert normalized(as_layers=False) == 0


def test_without_labels_a_chunk_is_the_whole_condition(weights):
    made = conditions(weights, sizes=UNLABELLED, hierarchical_z=True, embed_y=None)
    z, told = inputs()
    shares = made(z, told._replace(label=None))
    np.testing.assert_array_equal(shares.blocks[0].label, z[:, 3:6])
    assert made.sizes == ConditionSizes(latent=12, label=3)
    assert made.embed_y is None


def test_labels_are_embedded_by_default_where_blocks_see_them(weights):
    assert conditions(weights, embed_y=None).embed_y.table.shape == (3, 128)
    made = conditions(weights, norms.SelfModulatedBatchNorm, embed_y=None)
    assert made.embed_y is None


def test_what_uses_labels_is_known_of_classes_and_of_anything_else():
    def factory(*args, **options):
        return norms.ConditionalBatchNorm(*args, **options)

    assert uses_labels(norms.ConditionalBatchNorm)
    assert uses_labels(functools.partial(norms.ConditionalBatchNorm, decay=0.5))
    assert uses_labels(factory)
    assert not uses_labels(norms.BatchNorm)
    assert not uses_labels(functools.partial(norms.GroupNorm, num_groups=2))


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"norm": norms.BatchNorm, "hierarchical_z": True},
            r"hierarchical_z = True has no effect on blocks: its normalization, "
            r"BatchNorm, ignores labels.*Set some\.Generator\.hierarchical_z = False, "
            r"or gans\.ModularGAN\.generator_norm = @norms\.ConditionalBatchNorm",
        ),
        (
            {"norm": None, "hierarchical_z": True},
            r"the generator has no normalization",
        ),
        (
            {"norm": norms.SelfModulatedBatchNorm, "embed_y": True},
            r"embed_y = True has no effect.*SelfModulatedBatchNorm",
        ),
        (
            {"sizes": UNLABELLED, "embed_y": True},
            r"embeds labels, but the generator gets none\. Set "
            r"some\.Generator\.embed_y = False or gans\.ModularGAN\.conditional",
        ),
        (
            {"embed_bias": True},
            r"embed_bias has no effect without an embedding\. Set",
        ),
        (
            {"embed_y": True, "embed_y_dim": 0},
            r"embed_y_dim must be at least 1, not 0",
        ),
        (
            {"embed_y_dim": 5},
            r"Generator\.embed_y_dim = 5 has no effect, as labels are not embedded\. "
            r"Remove it, or set some\.Generator\.embed_y = True",
        ),
        (
            {"sizes": ConditionSizes(9, 3), "hierarchical_z": True},
            r"hierarchical_z = True is for latents, but labels are appended.*remove "
            r"'generator' from gans\.ModularGAN\.concatenate_labels",
        ),
        (
            {"sizes": ConditionSizes(9, 3), "embed_z": True},
            r"embed_z = True is for latents, but labels are appended",
        ),
    ],
)
def test_what_has_no_effect_is_refused(weights, options, message):
    with pytest.raises(InputError, match=message):
        conditions(weights, **options)


@pytest.mark.parametrize("size, valid", [(13, "12 or 16"), (3, "4")])
def test_latents_that_cannot_be_cut_evenly_are_refused(weights, size, valid):
    message = rf"into 4 equal chunks, but it has {size} numbers\. Set LATENT_SIZE.* to "
    with pytest.raises(InputError, match=message + valid + ", or"):
        Generator(
            (32, 32, 3),
            size,
            ConditionSizes(size, 3),
            weights,
            norms.ConditionalBatchNorm,
            hierarchical_z=True,
        )


def cifar(weights, norm=norms.ConditionalBatchNorm, sizes=SIZES, **options):
    return Generator((32, 32, 3), 12, sizes, weights, norm, channels=4, **options)


def count(module):
    return sum(int(np.prod(v.shape)) for v in module.trainable_variables)


def test_resnet_cifar_has_compare_gans_options_with_affine_embeddings(weights):
    plain = count(cifar(weights))
    # The dense layer reads 3 numbers of 12, the six norms in blocks 3 more.
    hierarchical = plain - 9 * 64 + 6 * 2 * 3 * 4
    assert count(cifar(weights, hierarchical_z=True)) == hierarchical
    assert count(cifar(weights, embed_z=True)) == plain + 13 * 12
    # All seven norms read the 12 numbers that 3 labels became.
    embedded = plain + 4 * 12 + 7 * 2 * 9 * 4
    assert count(cifar(weights, embed_y=True)) == embedded
    z, told = inputs()
    made = cifar(weights._replace(spectral_norm=True), **ON)(z, told, True)
    assert made.shape == (2, 32, 32, 3)
    assert np.all(np.isfinite(made))


def test_the_last_norm_of_resnet_cifar_needs_labels_of_its_own(weights):
    with pytest.raises(InputError, match=r"ConditionalBatchNorm needs labels"):
        cifar(weights, sizes=UNLABELLED, hierarchical_z=True)
