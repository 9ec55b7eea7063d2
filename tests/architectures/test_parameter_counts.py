"""Parameters of the large networks, published and by a formula; nothing is run."""

import itertools

import numpy as np
import pytest

from compare_ssgan.architectures import resnet_biggan, resnet_biggan_deep, sagan
from compare_ssgan.gans.conditioning import Projection
from compare_ssgan.layers.normalization import BatchNorm, ConditionalBatchNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import ConditionSizes

CLASSES = 1000
WEIGHTS = Weights(
    np.random.default_rng(0), lambda rng, shape: np.zeros(shape, np.float32)
)
# Widths, latents and channels of the map with attention, in units of the width 96
# (128 in BigGAN-deep, 64 in SAGAN).
BIGGAN = {
    32: ([4, 4, 4, 4], 120, None, [2, 2, 2, 2], 2),
    64: ([16, 16, 8, 4, 2], 120, 2, [2, 4, 8, 16, 16], 2),
    128: ([16, 16, 8, 4, 2, 1], 120, 2, [1, 2, 4, 8, 16, 16], 1),
    256: ([16, 16, 8, 8, 4, 2, 1], 140, 2, [1, 2, 4, 8, 8, 16, 16], 2),
    512: ([16, 16, 8, 8, 4, 2, 1, 1], 160, 4, [1, 1, 2, 4, 8, 8, 16, 16], 2),
}
DEEP = {
    32: ([4] * 8, None, [2] * 8, None),
    64: ([16] * 4 + [8, 8, 4, 4, 2], 2, [2, 4, 4, 8, 8] + [16] * 4, None),
    128: (
        [16] * 4 + [8, 8, 4, 4, 2, 2, 1],
        2,
        [1, 2, 2, 4, 4, 8, 8] + [16] * 4,
        2,
    ),
    256: (
        [16] * 4 + [8] * 4 + [4, 4, 2, 2, 1],
        4,
        [1, 2, 2, 4, 4] + [8] * 4 + [16] * 4,
        4,
    ),
    512: (
        [16] * 4 + [8] * 4 + [4, 4, 2, 2, 1, 1, 1],
        4,
        [1, 1, 1, 2, 2, 4, 4] + [8] * 4 + [16] * 4,
        4,
    ),
}
SAGAN = {
    32: ([8, 4, 2, 1], 1, [1, 2, 4, 4], None),
    64: ([16, 8, 4, 2, 1], 2, [1, 2, 4, 8, 8], 1),
    128: ([16, 16, 8, 4, 2, 1], 4, [1, 2, 4, 8, 16, 16], 2),
}


def pairs(widths):
    return list(itertools.pairwise(widths))


def conv(size, inputs, outputs):
    return size**2 * inputs * outputs + outputs


def attention(channels):
    if channels is None:
        return 0
    return 2 * channels * (channels // 8) + 2 * channels * (channels // 2) + 1


def head(features):
    """Realness and projection."""
    return features + 1 + CLASSES * features


def plain_generator(widths, inputs, rows):
    """BigGAN and SAGAN, without embedding and attention."""
    total = (inputs + 1) * 16 * widths[0]
    for a, b in pairs(widths):
        total += conv(3, a, b) + conv(3, b, b) + conv(1, a, b) + 2 * rows * (a + b)
    return total + 2 * widths[-1] + conv(3, widths[-1], 3)


def plain_backbone(widths, equal_shortcuts):
    total = 0
    for index, (a, b) in enumerate(pairs([3, *widths])):
        total += conv(3, a, b) + conv(3, b, b)
        down = index < len(widths) - 1
        if a != b or (equal_shortcuts and down):
            total += conv(1, a, b)
    return total


def bottleneck(a, b, rows):
    inner = max(a, b) // 4
    total = conv(1, a, inner) + 2 * conv(3, inner, inner) + conv(1, inner, b)
    if b > a:
        total += conv(1, a, b - a)
    return total + 2 * rows * (a + 3 * inner)


def count(*modules):
    return sum(int(np.prod(v.shape)) for m in modules for v in m.trainable_variables)


def build_generator(network, size, latent, norm=ConditionalBatchNorm, **options):
    sizes = ConditionSizes(latent, CLASSES)
    return network.Generator((size, size, 3), latent, sizes, WEIGHTS, norm, **options)


def count_generator(network, size, latent):
    return count(build_generator(network, size, latent))


def count_discriminator(network, size):
    backbone = network.Backbone((size, size, 3), WEIGHTS, None)
    projection = Projection(backbone.feature_size, CLASSES, WEIGHTS)
    return count(backbone, projection) + backbone.feature_size + 1


# The papers and compare_gan; 256 and 512 pixels are in the docstring of its file.
@pytest.mark.parametrize(
    "network, size, latent, generator, discriminator",
    [
        (resnet_biggan, 32, 120, 9_466_115, 2_568_194),
        (resnet_biggan, 128, 120, 70_433_988, 87_982_370),
        (resnet_biggan, 256, 140, 82_097_604, 98_635_298),
        (resnet_biggan, 512, 160, 82_468_068, 98_801_378),
        (resnet_biggan_deep, 64, 128, 49_583_876, 34_289_665),
        (resnet_biggan_deep, 128, 128, 50_244_484, 34_590_210),
    ],
)
def test_networks_have_the_published_number_of_parameters(
    network, size, latent, generator, discriminator
):
    assert count_generator(network, size, latent) == generator
    assert count_discriminator(network, size) == discriminator


@pytest.mark.parametrize("size", BIGGAN)
def test_biggan_has_the_parameters_of_its_table(size):
    g_widths, latent, g_attention, d_widths, d_attention = BIGGAN[size]
    widths = [96 * width for width in g_widths]
    chunk = latent // len(widths)
    generator = plain_generator(widths, chunk, chunk + 128) + CLASSES * 128
    generator += attention(g_attention and 96 * g_attention)
    assert count_generator(resnet_biggan, size, latent) == generator
    widths = [96 * width for width in d_widths]
    discriminator = plain_backbone(widths, False) + attention(96 * d_attention)
    discriminator += head(widths[-1])
    assert count_discriminator(resnet_biggan, size) == discriminator


@pytest.mark.parametrize("size", DEEP)
def test_biggan_deep_has_the_parameters_of_its_table(size):
    g_widths, g_attention, d_widths, d_attention = DEEP[size]
    widths = [128 * width for width in g_widths]
    rows = 128 + 128
    generator = CLASSES * 128 + (rows + 1) * 16 * widths[0]
    generator += sum(bottleneck(a, b, rows) for a, b in pairs(widths))
    generator += 2 * widths[-1] + conv(3, widths[-1], 3)
    generator += attention(g_attention and 128 * g_attention)
    assert count_generator(resnet_biggan_deep, size, 128) == generator
    widths = [128 * width for width in d_widths]
    discriminator = conv(3, 3, widths[0]) + head(widths[-1])
    discriminator += sum(bottleneck(a, b, 0) for a, b in pairs(widths))
    discriminator += attention(d_attention and 128 * d_attention)
    assert count_discriminator(resnet_biggan_deep, size) == discriminator


@pytest.mark.parametrize("size", SAGAN)
def test_sagan_has_the_parameters_of_its_table(size):
    g_widths, g_attention, d_widths, d_attention = SAGAN[size]
    widths = [64 * width for width in g_widths]
    generator = plain_generator(widths, 128, CLASSES) + attention(64 * g_attention)
    assert count_generator(sagan, size, 128) == generator
    widths = [64 * width for width in d_widths]
    discriminator = plain_backbone(widths, True) + head(widths[-1])
    discriminator += attention(d_attention and 64 * d_attention)
    assert count_discriminator(sagan, size) == discriminator


def test_sagan_has_the_size_that_biggans_paper_gives_for_it():
    # Table 1 of arXiv 1809.11096: 81.5 million in both players.
    total = count_generator(sagan, 128, 128) + count_discriminator(sagan, 128)
    assert round(total / 1e5) == 815


def test_biggan_shares_one_embedding_among_conditions_of_148_numbers():
    network = build_generator(resnet_biggan, 128, 120)
    norms = [p for p in network.submodules if isinstance(p, ConditionalBatchNorm)]
    assert len(norms) == 10
    for norm in norms:
        assert norm.gain.kernel.raw.shape[0] == norm.offset.kernel.raw.shape[0] == 148
    assert network.conditions.embed_y.table.shape == (1000, 128)
    assert network.conditions.embed_y.bias is None


def test_biggan_has_an_embedding_of_z_where_asked_for():
    plain = count(build_generator(resnet_biggan, 32, 120))
    options = {"embed_z": True, "embed_bias": True, "embed_y_dim": 64}
    network = build_generator(resnet_biggan, 32, 120, **options)
    # Six norms of 384 channels, twice, read 64 numbers less.
    expected = plain + 121 * 120 - CLASSES * 64 + 64 - 6 * 2 * 64 * 384
    assert count(network) == expected


def test_biggan_without_labels_is_plain_batch_norm_and_all_of_z():
    network = build_generator(resnet_biggan, 32, 120, BatchNorm, hierarchical_z=False)
    assert count(network) == plain_generator([384] * 4, 120, 1)
