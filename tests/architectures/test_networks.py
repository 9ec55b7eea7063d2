"""What every generator and backbone must do, whatever its structure."""

import copy
import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures import (
    dcgan,
    infogan,
    resnet5,
    resnet_cifar,
    resnet_stl,
    sndcgan,
)
from compare_ssgan.errors import InputError
from compare_ssgan.layers import normalization as norms
from compare_ssgan.layers.basic import Kernel
from compare_ssgan.layers.spectral_norm import SpectralNorm
from compare_ssgan.types import Condition, ConditionSizes

SIZES = ConditionSizes(latent=8, label=3)
NETWORKS = {
    "resnet_cifar": resnet_cifar,
    "sndcgan": sndcgan,
    "dcgan": dcgan,
    "infogan": infogan,
    "resnet5": resnet5,
    "resnet_stl": resnet_stl,
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
REFUSED = {("sndcgan", "instance"), ("infogan", "instance")}
# Networks of the blocks of resnet_cifar, which is tried with every normalization.
RESIDUAL = ("resnet5", "resnet_stl")
SUPPORTED = [
    (name, norm)
    for name in NETWORKS
    for norm in NORMS
    if (name, norm) not in REFUSED
    and (name not in RESIDUAL or norm in ("none", "conditional", "self-modulated"))
]
DISCRIMINATORS = [
    *[(name, "none") for name in NETWORKS],
    *[(name, "layer") for name in NETWORKS if name != "sndcgan"],
]
IMAGE_SHAPES = [
    ("resnet_cifar", (32, 32, 1)),
    ("resnet_cifar", (32, 32, 3)),
    *[
        (n, (s, s, 3))
        for n in ("sndcgan", "dcgan", "infogan")
        for s in (28, 32, 64, 128)
    ],
    *[(n, (30, 43, 1)) for n in ("sndcgan", "dcgan", "infogan")],
    *[("resnet5", (s, s, c)) for s, c in ((4, 3), (16, 1), (32, 3), (128, 3))],
    *[("resnet_stl", (48, 48, 3)), ("resnet_stl", (32, 16, 1))],
]


def generator(name, weights, norm="batch", shape=(32, 32, 3)):
    make = NETWORKS[name].Generator
    return make(shape, 8, SIZES, weights, NORMS[norm], channels=4)


def backbone(name, weights, norm="none", shape=(32, 32, 3)):
    return NETWORKS[name].Backbone(shape, weights, NORMS[norm], channels=4)


def inputs(batch=4, seed=0):
    rng = np.random.default_rng(seed)
    z = tf.constant(rng.normal(size=[batch, 8]).astype(np.float32))
    labels = tf.one_hot(np.arange(batch) % 3, 3)
    return z, Condition(z, labels)


def images(shape=(32, 32, 3), batch=2, seed=0):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.random(size=[batch, *shape]).astype(np.float32))


def state(module):
    return [v.numpy() for v in module.variables]


def changed(module, before):
    pairs = zip(module.variables, before, strict=True)
    return {v.ref() for v, old in pairs if np.any(v.numpy() != old)}


def check_gradients(gradients, variables):
    for gradient, variable in zip(gradients, variables, strict=True):
        assert gradient is not None, variable.name
        assert np.all(np.isfinite(gradient)), variable.name
        # Biases that a normalization removes have a gradient of zero.
        assert variable.shape.rank == 1 or np.any(gradient != 0.0), variable.name


@pytest.mark.parametrize("name, shape", IMAGE_SHAPES)
def test_images_have_the_shape_and_range_promised(weights, name, shape):
    weights = weights._replace(spectral_norm=True)
    z, condition = inputs(2)
    made = generator(name, weights, shape=shape)(z, condition, training=True)
    assert made.shape == (2, *shape)
    assert made.dtype == tf.float32
    assert np.all((made >= 0.0) & (made <= 1.0))
    assert np.std(made) > 0.0


@pytest.mark.parametrize("name, shape", IMAGE_SHAPES)
def test_features_have_the_size_promised(weights, name, shape):
    network = backbone(name, weights, shape=shape)
    features, blocks = network(images(shape), training=True)
    assert features.shape == (2, network.feature_size)
    assert [block.shape[0] for block in blocks.values()] == [2] * len(blocks)
    assert list(blocks) == [f"block{index}" for index in range(len(blocks))]


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_products_change_images_and_features_a_little(weights, name):
    weights = weights._replace(spectral_norm=True)
    outputs = []
    for dtype in (tf.float32, tf.bfloat16):
        fresh = weights._replace(rng=np.random.default_rng(0), dtype=dtype)
        z, condition = inputs()
        made = generator(name, fresh, "self-modulated")(z, condition, training=True)
        features = backbone(name, fresh)(images(), training=True).features
        assert made.dtype == features.dtype == tf.float32
        outputs.append((made.numpy(), features.numpy()))
    (made, features), (rough_made, rough_features) = outputs
    assert 0.0 < np.abs(rough_made - made).mean() < 0.05
    scale = np.abs(features).max()
    assert 0.0 < np.abs(rough_features - features).max() < 0.1 * scale


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("name, norm", SUPPORTED)
def test_every_generator_variable_receives_a_gradient(
    weights, name, norm, spectral_norm
):
    network = generator(name, weights._replace(spectral_norm=spectral_norm), norm)
    z, condition = inputs()
    with tf.GradientTape() as tape:
        made = network(z, condition, training=True)
        loss = tf.reduce_sum(tf.square(made - images(batch=4)))
    variables = network.trainable_variables
    check_gradients(tape.gradient(loss, variables), variables)


@pytest.mark.parametrize("name, norm", sorted(REFUSED))
def test_a_normalization_that_a_generator_cannot_have_is_refused(weights, name, norm):
    with pytest.raises(InputError, match=r"Use norms\.LayerNorm or"):
        generator(name, weights, norm)


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("name, norm", DISCRIMINATORS)
def test_every_backbone_variable_receives_a_gradient(
    weights, name, norm, spectral_norm
):
    network = backbone(name, weights._replace(spectral_norm=spectral_norm), norm)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(images(), training=True).features))
    variables = network.trainable_variables
    check_gradients(tape.gradient(loss, variables), variables)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm", [n for n in NORMS if n not in ("none", "layer")])
def test_backbones_refuse_normalizations_over_the_batch(weights, name, norm):
    with pytest.raises(InputError, match=r"gans\.ModularGAN\.discriminator_norm"):
        backbone(name, weights, norm)


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_spectral_norm_covers_every_kernel_or_none(weights, name, spectral_norm):
    weights = weights._replace(spectral_norm=spectral_norm)
    for network in (
        generator(name, weights, "self-modulated"),
        backbone(name, weights),
    ):
        parts = network.submodules
        kernels = sum(isinstance(part, Kernel) for part in parts)
        normalized = sum(isinstance(part, SpectralNorm) for part in parts)
        assert kernels >= 3
        assert normalized == (kernels if spectral_norm else 0)


@pytest.mark.parametrize("name, norm", SUPPORTED)
def test_a_forward_pass_for_inference_changes_no_variable(weights, name, norm):
    network = generator(name, weights._replace(spectral_norm=True), norm)
    before = state(network)
    first = network(*inputs(), training=False)
    network(*inputs(seed=1), training=False)
    assert not changed(network, before)
    np.testing.assert_array_equal(network(*inputs(), training=False), first)


@pytest.mark.parametrize("name, norm", SUPPORTED)
def test_a_forward_pass_in_training_changes_only_moving_averages(weights, name, norm):
    network = generator(name, weights._replace(spectral_norm=True), norm)
    before = state(network)
    network(*inputs(), training=True)
    parts = [p for p in network.submodules if type(p).__name__ == "_Standardize"]
    averages = {a.ref() for part in parts for a in (part.mean, part.variance)}
    assert changed(network, before) == averages
    assert bool(averages) == (norm in ("batch", "conditional", "self-modulated"))


@pytest.mark.parametrize("name, norm", DISCRIMINATORS)
def test_a_forward_pass_of_a_backbone_changes_no_variable(weights, name, norm):
    network = backbone(name, weights._replace(spectral_norm=True), norm)
    before = state(network)
    network(images(), training=True)
    assert not changed(network, before)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_traced_once_for_two_batches(weights, name):
    weights = weights._replace(spectral_norm=True)
    make, judge = generator(name, weights, "self-modulated"), backbone(name, weights)
    traces = []

    @tf.function(autograph=False)
    def forward(z, condition):
        traces.append(name)
        return judge(make(z, condition, training=True), training=True).features

    outputs = [forward(*inputs(seed=seed)) for seed in range(2)]
    assert traces == [name]
    assert np.any(outputs[0] != outputs[1])
    eager = judge(make(*inputs(seed=1), training=True), training=True).features
    np.testing.assert_allclose(outputs[1], eager, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_batches_of_unknown_size_can_be_traced(weights, name):
    make, judge = generator(name, weights, "group"), backbone(name, weights)

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([None, 8], tf.float32)],
    )
    def forward(z):
        made = make(z, Condition(z), training=False)
        return judge(made, training=False).features

    z, condition = inputs(3)
    expected = judge(make(z, condition, training=False), training=False).features
    np.testing.assert_allclose(forward(z), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_deep_copy_equals_the_original_and_shares_nothing(weights, name):
    weights = weights._replace(spectral_norm=True)
    original = generator(name, weights, "self-modulated")
    z, condition = inputs()
    original(z, condition, training=True)
    twin = copy.deepcopy(original)
    expected = original(z, condition, training=False).numpy()
    np.testing.assert_array_equal(twin(z, condition, training=False), expected)
    assert not {v.ref() for v in twin.variables} & {v.ref() for v in original.variables}
    for variable in original.variables:
        variable.assign(0.5 * tf.ones_like(variable))
    np.testing.assert_array_equal(twin(z, condition, training=False), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_decides_the_initial_weights(weights, name):
    def made(seed):
        fresh = weights._replace(rng=np.random.default_rng(seed), spectral_norm=True)
        return state(generator(name, fresh)) + state(backbone(name, fresh))

    pairs = zip(made(1), made(1), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    assert np.any(made(1)[0] != made(2)[0]) or np.any(made(1)[-1] != made(2)[-1])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_checkpoint_restores_everything(weights, name, tmp_path):
    saved = generator(name, weights._replace(spectral_norm=True), "self-modulated")
    saved(*inputs(), training=True)
    path = tf.train.Checkpoint(network=saved).write(str(tmp_path / "checkpoint"))
    fresh = weights._replace(rng=np.random.default_rng(9), spectral_norm=True)
    other = generator(name, fresh, "self-modulated")
    tf.train.Checkpoint(network=other).read(path).assert_consumed()
    for one, two in zip(saved.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one, two)
