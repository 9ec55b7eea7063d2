"""What BigGAN, BigGAN-deep and SAGAN do, on narrow networks."""

import copy
import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures import resnet_biggan, resnet_biggan_deep, sagan
from compare_ssgan.errors import InputError
from compare_ssgan.layers import normalization as norms
from compare_ssgan.layers.attention import SelfAttention
from compare_ssgan.layers.basic import Kernel
from compare_ssgan.layers.embedding import Embedding
from compare_ssgan.layers.spectral_norm import SpectralNorm
from compare_ssgan.types import Condition, ConditionSizes

NETWORKS = {
    "resnet_biggan": resnet_biggan,
    "resnet_biggan_deep": resnet_biggan_deep,
    "sagan": sagan,
}
NORMS = {
    "none": None,
    "batch": norms.BatchNorm,
    "conditional": norms.ConditionalBatchNorm,
    "self-modulated": norms.SelfModulatedBatchNorm,
    "layer": norms.LayerNorm,
    "instance": norms.InstanceNorm,
    "group": functools.partial(norms.GroupNorm, num_groups=2),
}
LATENT = {16: 20, 32: 20, 64: 20, 128: 24, 256: 28, 512: 32}
LABELLED = ConditionSizes(latent=20, label=3)
SIZES = [(n, s) for n in NETWORKS for s in (32, 64, 128, 256, 512)]
SIZES = [(n, s) for n, s in SIZES if n != "sagan" or s <= 128]


def generator(name, weights, norm="conditional", size=32, labels=3, **options):
    latent = LATENT[size]
    options = {"channels": 8} | options
    # Chunks of latents go where labels go.
    if name == "resnet_biggan" and norm != "conditional":
        options = {"hierarchical_z": False} | options
    make = NETWORKS[name].Generator
    sizes = ConditionSizes(latent, labels)
    return make((size, size, 3), latent, sizes, weights, NORMS[norm], **options)


def backbone(name, weights, norm=None, size=32, **options):
    options = {"channels": 8} | options
    return NETWORKS[name].Backbone((size, size, 3), weights, norm, **options)


def inputs(size=32, batch=3, seed=0):
    rng = np.random.default_rng(seed)
    z = tf.constant(rng.normal(size=[batch, LATENT[size]]).astype(np.float32))
    return z, Condition(z, tf.one_hot(np.arange(batch) % 3, 3))


def images(size=32, batch=2):
    rng = np.random.default_rng(0)
    return tf.constant(rng.random(size=[batch, size, size, 3]).astype(np.float32))


def attentions(network):
    return [part for part in network.submodules if isinstance(part, SelfAttention)]


def places(network):
    return [i for i, a in enumerate(network.stack.attentions) if a is not None]


def parts(network, kind):
    return [part for part in network.submodules if isinstance(part, kind)]


def state(module):
    return [v.numpy() for v in module.variables]


@pytest.mark.parametrize("name, size", SIZES)
def test_every_resolution_has_the_shapes_promised(weights, name, size):
    # Attention to 128x128 positions takes a quarter of a gigabyte.
    network = generator(name, weights, size=size, channels=4, attention=None)
    z, condition = inputs(size, batch=1)
    made = network(z, condition, training=True)
    assert made.shape == (1, size, size, 3)
    judge = backbone(name, weights, size=size, channels=4, attention=None)
    features, blocks = judge(made, training=True)
    assert features.shape == (1, judge.feature_size)
    assert list(blocks) == [f"block{i}" for i in range(len(blocks))]
    last = list(blocks.values())[-1]
    pixels = 2 if (name, size) == ("resnet_biggan_deep", 32) else 4
    assert last.shape == (1, pixels, pixels, judge.feature_size)


@pytest.mark.parametrize("name", NETWORKS)
def test_batches_of_unknown_size_can_be_traced(weights, name):
    make, judge = generator(name, weights, attention=32), backbone(name, weights)

    @tf.function(autograph=False)
    def forward(z, label):
        made = make(z, Condition(z, label), training=False)
        return judge(made, training=False).features

    function = forward.get_concrete_function(
        tf.TensorSpec([None, 20]), tf.TensorSpec([None, 3])
    )
    z, condition = inputs()
    made = make(z, condition, training=False)
    expected = judge(made, training=False).features
    actual = function(z, condition.label)
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("norm", ["conditional", "self-modulated"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_variable_of_a_generator_receives_a_gradient(weights, name, norm):
    spectral = weights._replace(spectral_norm=True)
    place = {"attention": 16}
    network = generator(name, spectral, norm, channels=4, **place)
    for block in attentions(network):
        block.sigma.assign(0.5)
    z, condition = inputs()
    with tf.GradientTape() as tape:
        made = network(z, condition, training=True)
        loss = tf.reduce_sum(tf.square(made - images(batch=3)))
    assert np.all((made >= 0.0) & (made <= 1.0))
    for variable, gradient in zip(
        network.trainable_variables,
        tape.gradient(loss, network.trainable_variables),
        strict=True,
    ):
        assert gradient is not None, variable.name
        assert np.all(np.isfinite(gradient)), variable.name
        # Biases that a normalization removes have a gradient of zero.
        assert variable.shape.rank == 1 or np.any(gradient != 0.0), variable.name


@pytest.mark.parametrize("norm", [None, norms.LayerNorm])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_variable_of_a_backbone_receives_a_gradient(weights, name, norm):
    spectral = weights._replace(spectral_norm=True)
    network = backbone(name, spectral, norm, attention=[16])
    before = state(network)
    attentions(network)[0].sigma.assign(0.5)
    with tf.GradientTape() as tape:
        features, blocks = network(images(), training=True)
        loss = tf.reduce_sum(tf.square(features))
    for gradient in tape.gradient(loss, network.trainable_variables):
        assert np.any(gradient != 0.0)
        assert np.all(np.isfinite(gradient))
    attentions(network)[0].sigma.assign(0.0)
    for old, new in zip(before, state(network), strict=True):
        np.testing.assert_array_equal(old, new)
    last = list(blocks.values())[-1]
    expected = np.maximum(last, 0.0).sum((1, 2))
    np.testing.assert_allclose(features, expected, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_spectral_norm_covers_every_kernel_and_an_embedding_is_none(weights, name):
    spectral = weights._replace(spectral_norm=True)
    network, judge = generator(name, spectral), backbone(name, spectral, attention=16)
    assert len(parts(network, Embedding)) == (0 if name == "sagan" else 1)
    assert len(parts(network, SpectralNorm)) == len(parts(network, Kernel)) > 20
    assert len(parts(judge, SpectralNorm)) == len(parts(judge, Kernel)) > 10
    assert not parts(generator(name, weights), SpectralNorm)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_forward_pass_changes_only_moving_averages_in_training(weights, name):
    network = generator(name, weights._replace(spectral_norm=True))
    twin = copy.deepcopy(network)
    before = state(network)
    first = network(*inputs(), training=False)
    for old, new in zip(before, state(network), strict=True):
        np.testing.assert_array_equal(old, new)
    network(*inputs(seed=1), training=True)
    averages = {
        a.ref()
        for part in network.submodules
        if type(part).__name__ == "_Standardize"
        for a in (part.mean, part.variance)
    }
    pairs = zip(network.variables, before, strict=True)
    assert {v.ref() for v, old in pairs if np.any(v.numpy() != old)} == averages
    np.testing.assert_array_equal(twin(*inputs(), training=False), first)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_products_give_nearly_the_same_in_float32(weights, name):
    made, judged = [], []
    for dtype in (tf.float32, tf.bfloat16):
        fresh = weights._replace(rng=np.random.default_rng(3), dtype=dtype)
        network = generator(name, fresh._replace(spectral_norm=True), attention=32)
        judge = backbone(name, fresh._replace(spectral_norm=True), attention=16)
        for block in attentions(network) + attentions(judge):
            block.sigma.assign(0.5)
        made.append(network(*inputs(), training=True))
        judged.append(judge(images(), training=True).features)
    for exact, rough in (made, judged):
        assert rough.dtype == tf.float32
        assert np.all(np.isfinite(rough))
        difference = np.abs(exact - rough).mean()
        assert difference < 0.1 * max(1.0, np.abs(exact).mean())


def test_bfloat16_works_with_zero_insertion_and_gradients(weights):
    fresh = weights._replace(dtype=tf.bfloat16, spectral_norm=True)
    for name in NETWORKS:
        network = generator(name, fresh, upsampling="zeros", attention=16)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(*inputs(), training=True))
        for gradient in tape.gradient(loss, network.trainable_variables):
            assert gradient.dtype == tf.float32
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", NETWORKS)
def test_zero_insertion_differs_from_repetition(weights, name):
    fresh = [weights._replace(rng=np.random.default_rng(3)) for _ in range(2)]
    nearest = generator(name, fresh[0])(*inputs(), training=True)
    zeros = generator(name, fresh[1], upsampling="zeros")(*inputs(), training=True)
    assert np.abs(nearest - zeros).max() > 0.01


def test_labels_reach_images_in_all_networks(weights):
    for name in NETWORKS:
        network = generator(name, weights)
        z, condition = inputs()
        one = network(z, condition, training=True)
        other = network(z, condition._replace(label=condition.label[::-1]), True)
        assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_generators_without_labels_work_or_say_what_they_miss(weights, name, norm):
    if name == "sagan" and norm == "conditional":
        with pytest.raises(InputError, match="needs labels"):
            generator(name, weights, norm, labels=0)
        return
    network = generator(name, weights, norm, labels=0)
    z, condition = inputs()
    made = network(z, condition._replace(label=None), training=True)
    assert np.all(np.isfinite(made))
    assert np.std(made) > 0.0


def test_every_chunk_of_z_reaches_biggans_images(weights):
    network = generator("resnet_biggan", weights, labels=0)
    z, condition = inputs()
    with tf.GradientTape() as tape:
        tape.watch(z)
        made = network(z, condition._replace(label=None), training=True)
        loss = tf.reduce_sum(tf.square(made[0]))
    assert np.all(tape.gradient(loss, z)[0] != 0.0)


def test_biggan_deep_sees_labels_without_a_conditional_norm(weights):
    assert generator("resnet_biggan_deep", weights, "batch").uses_labels
    assert not generator("resnet_biggan_deep", weights, "batch", labels=0).uses_labels


@pytest.mark.parametrize(
    "name, found",
    [
        ("resnet_biggan", {32: ([], [0]), 64: ([3], [0]), 128: ([3], [0])}),
        ("resnet_biggan", {256: ([4], [1]), 512: ([3], [2])}),
        ("resnet_biggan_deep", {32: ([], []), 64: ([7], []), 128: ([7], [1])}),
        ("resnet_biggan_deep", {256: ([7], [3]), 512: ([7], [5])}),
        ("sagan", {32: ([2], []), 64: ([2], [0]), 128: ([2], [1])}),
    ],
)
def test_attention_is_where_the_originals_have_it(weights, name, found):
    for size, expected in found.items():
        made = generator(name, weights, size=size), backbone(name, weights, size=size)
        assert tuple(places(network) for network in made) == expected


@pytest.mark.parametrize("name", NETWORKS)
def test_attention_may_be_elsewhere_or_nowhere(weights, name):
    assert places(generator(name, weights, attention=["B1", 32])) == [
        0,
        5 if name == "resnet_biggan_deep" else 2,
    ]
    assert places(generator(name, weights, attention=None)) == []
    assert places(backbone(name, weights, attention="B2")) == [1]
    message = rf"{name}\.Generator\.attention is to follow 64, but the blocks"
    with pytest.raises(InputError, match=message):
        generator(name, weights, attention=64)
    with pytest.raises(InputError, match=rf"{name}\.Backbone\.attention is to follow"):
        backbone(name, weights, attention="B9")


def test_skips_of_biggans_discriminator_have_no_kernel_or_are_left_out(weights):
    blocks = backbone("resnet_biggan", weights).stack.blocks
    # 3 to 2, then 2 to 2 three times: only the first changes the channels.
    assert [block.shortcut is not None for block in blocks] == [True] + [False] * 3
    assert all(block.has_shortcut for block in blocks)
    assert [block.pool_shortcut for block in blocks] == [True, True, True, False]
    without = backbone("resnet_biggan", weights, identity_skip=False).stack.blocks
    assert [block.has_shortcut for block in without] == [True] + [False] * 3


@pytest.mark.parametrize("name", NETWORKS)
def test_pixels_are_centered_or_left_alone(weights, name):
    network = backbone(name, weights)
    expected = network(images(), training=True).features
    network.input_range = "unit"
    actual = network(2.0 * images() - 1.0, training=True).features
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_biggan_deep_pools_sums_or_means(weights):
    network = backbone("resnet_biggan_deep", weights)
    sums = network(images(), training=True).features
    network.pooling = "mean"
    means = network(images(), training=True).features
    np.testing.assert_allclose(sums, 4.0 * means, rtol=1e-5)  # 2x2 positions


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_block_reads_raw_pixels_unless_it_normalizes(weights, name):
    if name == "resnet_biggan_deep":
        assert backbone(name, weights).conv.kernel.raw.shape == (3, 3, 3, 16)
        return
    assert not backbone(name, weights).stack.blocks[0].activate_input
    normed = backbone(name, weights, norms.LayerNorm)
    assert normed.stack.blocks[0].activate_input


WRONG = [
    ("resnet_biggan", {"size": 16}, r"resnet_biggan makes square images of 32, 64, "
     r"128, 256 or 512 pixels, not 16x16\. Use a dataset of such images"),
    ("sagan", {"size": 256}, r"32, 64 or 128 pixels, not 256x256"),
    ("resnet_biggan", {"channels": 0}, r"Generator\.channels must be at least 1"),
    ("resnet_biggan_deep", {"channels": 3}, r"channels must be at least 4, not 3"),
    ("resnet_biggan", {"upsampling": "linear"}, r"must be 'nearest' or 'zeros'"),
    ("resnet_biggan_deep", {"upsampling": "linear"}, r"must be 'nearest' or 'zeros'"),
    ("sagan", {"upsampling": "linear"}, r"must be 'nearest' or 'zeros'"),
    ("resnet_biggan_deep", {"labels": 0, "embed_y": True},
     r"embeds labels, but the generator gets none\. Set resnet_biggan_deep\.Gen"),
    ("resnet_biggan_deep", {"embed_y_dim": 0}, r"embed_y_dim must be at least 1"),
    ("resnet_biggan_deep", {"embed_y": False, "embed_y_dim": 64},
     r"resnet_biggan_deep\.Generator\.embed_y_dim = 64 has no effect"),
    ("resnet_biggan", {"norm": "batch", "hierarchical_z": True},
     r"Set resnet_biggan\.Generator\.hierarchical_z = False"),
]  # fmt: skip


@pytest.mark.parametrize("name, options, message", WRONG)
def test_wrong_settings_of_generators_are_refused(weights, name, options, message):
    with pytest.raises(InputError, match=message):
        generator(name, weights, **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_wrong_settings_of_backbones_are_refused(weights, name):
    for options, message in (
        ({"size": 48}, rf"{name} makes square images of .*not 48x48"),
        ({"channels": 0}, rf"{name}\.Backbone\.channels must be at least"),
        ({"input_range": "byte"}, r"input_range must be 'unit' or 'centered'"),
        ({"norm": norms.BatchNorm}, rf"discriminator of {name} supports no normal"),
    ):
        with pytest.raises(InputError, match=message):
            backbone(name, weights, **options)
    with pytest.raises(InputError, match=r"pooling must be 'mean' or 'sum'"):
        backbone("resnet_biggan_deep", weights, pooling="max")


def test_latents_of_biggan_must_divide_into_chunks(weights):
    message = r"cuts z into 4 equal chunks, but it has 18 numbers\. Set LATENT_SIZE"
    with pytest.raises(InputError, match=message + ".* to 16 or 20, or resnet_biggan"):
        resnet_biggan.Generator(
            (32, 32, 3),
            18,
            ConditionSizes(18, 3),
            weights,
            norms.ConditionalBatchNorm,
        )
