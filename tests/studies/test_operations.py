"""Layers, their multiply-adds, and operations of the steps."""

import numpy as np
import pytest
import tiny

from compare_ssgan.architectures import dcgan, resnet_cifar, sndcgan
from compare_ssgan.gans import penalties
from compare_ssgan.gans.conditioning import Projection
from compare_ssgan.gans.losses import hinge
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.studies import operations
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Problem

BATCH = 8
PROBLEM = Problem((32, 32, 3), 10, BATCH)


def zeros(rng, shape):
    return np.zeros(shape, np.float32)


def game(generator, backbone, problem=PROBLEM, **options):
    options = {"loss": hinge(), "initializer": zeros} | options
    return ModularGAN(problem, 0, generator=generator, backbone=backbone, **options)


def layers(of):
    return {
        name: {layer.path: layer for layer in recorder.layers()}
        for name, recorder in operations.trace_networks(of).items()
    }


@pytest.fixture(scope="module")
def sngan():
    """Layers of the networks of the SNGAN paper, at its width."""

    def generator(*arguments):
        return resnet_cifar.Generator(*arguments, shortcut_kernel_size=1)

    def backbone(*arguments):
        return resnet_cifar.Backbone(*arguments, shortcut_kernel_size=1)

    return layers(
        game(
            generator,
            backbone,
            generator_norm=BatchNorm,
            discriminator_spectral_norm=True,
        )
    )


@pytest.mark.parametrize(
    ("path", "shape", "parameters", "multiply_adds"),
    [
        ("network.dense", [4096], 128 * 4096 + 4096, 128 * 4096),
        ("network.blocks.0.norm1", [4, 4, 256], 2 * 256, 0),
        # 16 taps between each position of the small map and all channels.
        (
            "network.blocks.0.conv1",
            [8, 8, 256],
            9 * 256 * 256 + 256,
            4 * 4 * 16 * 256 * 256,
        ),
        # On larger maps 9 are left.
        (
            "network.blocks.1.conv1",
            [16, 16, 256],
            9 * 256 * 256 + 256,
            8 * 8 * 9 * 256 * 256,
        ),
        (
            "network.blocks.0.conv2",
            [8, 8, 256],
            9 * 256 * 256 + 256,
            8 * 8 * 9 * 256 * 256,
        ),
        # Winograd's algorithm: 6 x 3 products for 4 outputs, and for every position
        # the products of all rows with 6 points of each of 8 tiles, there and back.
        (
            "network.blocks.2.conv2",
            [32, 32, 256],
            9 * 256 * 256 + 256,
            32 * 32 // 4 * 18 * 256 * 256 + 2 * (32 * 6 * 8) * 32 * 256,
        ),
        # On the small side of the up-sampling.
        (
            "network.blocks.2.shortcut",
            [32, 32, 256],
            256 * 256 + 256,
            16 * 16 * 256 * 256,
        ),
        ("network.conv", [32, 32, 3], 9 * 256 * 3 + 3, 32 * 32 * 9 * 256 * 3),
        ("network.blocks.1", [16, 16, 256], 0, 0),
    ],
)
def test_layers_of_the_generator_equal_formulas(
    sngan, path, shape, parameters, multiply_adds
):
    layer = sngan["generator"][path]
    assert layer.output_shape == shape
    assert layer.parameters == parameters
    assert layer.multiply_adds == multiply_adds


@pytest.mark.parametrize(
    ("path", "shape", "parameters", "multiply_adds"),
    [
        (
            "backbone.blocks.0.conv1",
            [32, 32, 128],
            9 * 3 * 128 + 128,
            32 * 32 * 9 * 3 * 128,
        ),
        # A spectral norm multiplies too, but not for every image again.
        (
            "backbone.blocks.0.conv2",
            [16, 16, 128],
            9 * 128 * 128 + 128,
            16 * 16 * 9 * 128 * 128,
        ),
        (
            "backbone.blocks.0.shortcut",
            [16, 16, 128],
            3 * 128 + 128,
            16 * 16 * 3 * 128,
        ),
        (
            "backbone.blocks.3.conv2",
            [8, 8, 128],
            9 * 128 * 128 + 128,
            8 * 8 * 9 * 128 * 128,
        ),
        ("head", [1], 128 + 1, 128),
    ],
)
def test_layers_of_the_discriminator_equal_formulas(
    sngan, path, shape, parameters, multiply_adds
):
    layer = sngan["discriminator"][path]
    assert layer.output_shape == shape
    assert layer.parameters == parameters
    assert layer.multiply_adds == multiply_adds


def test_layers_come_in_the_order_of_the_forward_pass(sngan):
    paths = [*sngan["generator"]]
    assert paths[:3] == ["network.dense", "network.blocks.0", "network.blocks.0.norm1"]
    assert paths[-2:] == ["network.norm", "network.conv"]
    assert "network.blocks.0.norm1.standardize" not in paths
    assert sum(layer.parameters for layer in sngan["generator"].values()) == 4_276_739


def test_parts_of_a_conditional_normalization_are_layers():
    found = layers(
        game(
            dcgan.Generator,
            dcgan.Backbone,
            generator_norm=ConditionalBatchNorm,
            conditional=True,
            conditioning=Projection,
        )
    )
    norms = [path for path in found["generator"] if path.endswith(".gain")]
    for path in norms:
        owner = found["generator"][path.removesuffix(".gain")]
        gain = found["generator"][path]
        channels = owner.output_shape[-1]
        assert (owner.parameters, owner.multiply_adds) == (0, 0)
        assert gain.output_shape == [channels]
        assert gain.parameters == gain.multiply_adds == 10 * channels
    assert len(norms) == 4
    embedding = found["discriminator"]["conditioning.embedding"]
    assert embedding.multiply_adds == 10 * embedding.output_shape[0]


def test_a_transposed_convolution_multiplies_every_input_with_all_taps():
    found = layers(game(sndcgan.Generator, sndcgan.Backbone))["generator"]
    transposed = [layer for layer in found.values() if len(layer.shapes) == 2]
    checked = 0
    for layer in transposed:
        kernel = layer.shapes["kernel"]
        if kernel[:2] == [4, 4]:
            positions = np.prod(layer.output_shape[:2]) // 4
            assert layer.multiply_adds == positions * np.prod(kernel)
            checked += 1
    assert checked == 3


def test_recording_leaves_classes_as_they_were():
    kinds = (Rotation, BatchNorm, ModularGAN, tiny.Generator)
    before = [kind.__dict__.get("__call__") for kind in kinds]
    layers(tiny.game(generator_norm=BatchNorm))
    assert [kind.__dict__.get("__call__") for kind in kinds] == before


def forward(network):
    return sum(layer.multiply_adds for layer in network.values())


def test_steps_are_what_forward_and_backward_passes_add_up_to():
    # Dense layers only, so that a formula is short: 4 x 6 and 6 x 64, 64 x 5 and 5 x 1.
    plain = tiny.game()
    networks = layers(plain)
    g, d = forward(networks["generator"]), forward(networks["discriminator"])
    assert (g, d) == (4 * 6 + 6 * 64, 64 * 5 + 5)
    counted = operations.count(plain, 3)
    # Kernels' gradients cost as much as a pass, inputs' gradients another one but for
    # the first layer, whose input is data; judged are real and generated images.
    d_step = 2 * BATCH * (g + 2 * (d + d + 5))
    assert counted.per_discriminator_step == d_step
    # Kernels of D get no gradient: TensorFlow drops what it has noted for them.
    g_step = 2 * BATCH * ((g + g + 6 * 64) + (d + d))
    assert counted.per_generator_step == g_step
    assert counted.per_step == 3 * d_step + g_step


def test_accumulated_gradients_multiply_what_a_batch_costs():
    counted = operations.count(tiny.game(), 1)
    accumulated = operations.count(tiny.game(), 1, micro_batches=4)
    assert accumulated.per_step == 4 * counted.per_step
    # Power iterations are done once: twice a product with each kernel.
    normed = [
        operations.count(
            tiny.game(discriminator_spectral_norm=True), 1, micro_batches=num
        ).per_discriminator_step
        for num in (1, 4)
    ]
    assert 4 * normed[0] - normed[1] == 3 * 2 * 2 * (64 * 5 + 5)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("penalty", [None, penalties.wgan_gp()])
def test_steps_add_up_to_what_a_compiled_iteration_executes(penalty, steps):
    trained = tiny.game(
        tasks=[Rotation],
        penalty=penalty,
        generator_norm=SelfModulatedBatchNorm,
        discriminator_spectral_norm=True,
    )
    step = make_train_step(trained, adam(1e-3)(1), adam(1e-3)(1), steps)
    graph = step.get_concrete_function([tiny.batch()] * steps).graph
    # Up to what an iteration computes once for both steps.
    counted = operations.count(trained, steps).per_step
    assert counted == pytest.approx(operations.of_iteration(graph), rel=0.05)


def test_describing_changes_nothing():
    described = tiny.game(
        tasks=[Rotation], generator_norm=BatchNorm, discriminator_spectral_norm=True
    )
    before = [variable.numpy() for variable in described.variables]
    operations.count(described, 2)
    operations.trace_networks(described)
    for one, two in zip(before, described.variables, strict=True):
        np.testing.assert_array_equal(one, two)
