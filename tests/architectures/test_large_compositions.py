"""BigGAN, BigGAN-deep and SAGAN from end to end against NumPy in float64."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures import resnet_biggan, resnet_biggan_deep, sagan
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.types import Condition, ConditionSizes


def conv(x, layer):
    kernel = layer.kernel.raw.numpy().astype(np.float64)
    size, (height, width) = kernel.shape[0], x.shape[1:3]
    x = np.pad(x, ((0, 0), *[(size // 2, size // 2)] * 2, (0, 0)))
    y = sum(
        x[:, i : i + height, j : j + width] @ kernel[i, j]
        for i in range(size)
        for j in range(size)
    )
    return y if layer.bias is None else y + layer.bias.numpy()


def dense(x, layer):
    return x @ layer.kernel.raw.numpy().astype(np.float64) + layer.bias.numpy()


def relu(x):
    return np.maximum(x, 0.0)


def quarters(x):
    return [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]


def halved(x):
    return np.mean(quarters(x), axis=0)


def doubled(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def attended(x, attention):
    if attention is None:
        return x

    def positions(y):
        return y.reshape(len(y), -1, y.shape[-1])

    phi, g = (
        positions(np.max(quarters(conv(x, layer)), axis=0))
        for layer in (attention.phi, attention.g)
    )
    logits = positions(conv(x, attention.theta)) @ phi.transpose(0, 2, 1)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    y = (weights @ g).reshape(*x.shape[:3], -1)
    return x + attention.sigma.numpy() * conv(y, attention.output)


def normed(x, norm, condition=None):
    x = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-5)
    if condition is None:
        return x * norm.gain.numpy() + norm.offset.numpy()
    gain, offset = (
        (condition @ layer.kernel.raw.numpy())[:, None, None]
        for layer in (norm.gain, norm.offset)
    )
    return x * (1.0 + gain) + offset


def pixels(x, head):
    return (np.tanh(conv(relu(normed(x, head.norm)), head.conv)) + 1.0) / 2.0


def generator_block(x, block, condition):
    h = conv(doubled(relu(normed(x, block.norm1, condition))), block.conv1)
    h = conv(relu(normed(h, block.norm2, condition)), block.conv2)
    return h + conv(doubled(x), block.shortcut)


def inputs():
    z = np.random.default_rng(2).normal(size=[3, 20]).astype(np.float32)
    return z, np.eye(4, dtype=np.float32)[[0, 2, 3]]


def build(network, weights, pixels, channels):
    made = network.Generator(
        (pixels, pixels, 1),
        20,
        ConditionSizes(20, 4),
        weights,
        ConditionalBatchNorm,
        channels=channels,
    )
    return with_attention(made)


def with_attention(network):
    for attention in network.stack.attentions:
        if attention is not None:
            attention.sigma.assign(0.5)
    return network


def check_images(network, expected):
    z, y = map(tf.constant, inputs())
    actual = network(z, Condition(z, y), training=True)
    np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_biggans_generator_is_the_composition_of_its_parts(weights):
    network = build(resnet_biggan, weights, 32, channels=2)
    z, y = inputs()
    first, *chunks = np.split(z, 4, axis=1)
    y = y @ network.conditions.embed_y.table.numpy()
    x = dense(first, network.dense).reshape(3, 4, 4, -1)
    for block, chunk in zip(network.stack.blocks, chunks, strict=True):
        x = generator_block(x, block, np.hstack([chunk, y]))
    check_images(network, pixels(x, network.head))


def test_sagans_generator_is_the_composition_of_its_parts(weights):
    network = build(sagan, weights, 64, channels=4)
    z, y = inputs()
    x = dense(z, network.dense).reshape(3, 4, 4, -1)
    stack = network.stack
    for block, attention in zip(stack.blocks, stack.attentions, strict=True):
        x = attended(generator_block(x, block, y), attention)
    check_images(network, pixels(x, network.head))


def test_biggan_deeps_generator_is_the_composition_of_its_parts(weights):
    network = build(resnet_biggan_deep, weights, 32, channels=4)
    z, y = inputs()
    condition = np.hstack([z, y @ network.embed_y.table.numpy()])
    x = dense(condition, network.dense).reshape(3, 4, 4, -1)
    for index, block in enumerate(network.stack.blocks):
        h = x
        for place, (layer, norm) in enumerate(
            zip(block.convs, block.norms, strict=True)
        ):
            h = relu(normed(h, norm, condition))
            h = conv(doubled(h) if index % 2 and place == 1 else h, layer)
        kept = x[..., : h.shape[-1]]
        x = h + (doubled(kept) if index % 2 else kept)
    check_images(network, pixels(x, network.head))


def images():
    return np.random.default_rng(1).random([2, 64, 64, 3]).astype(np.float32)


def check_features(network, x):
    features = network(tf.constant(images()), training=True).features
    expected = relu(x).sum((1, 2))
    np.testing.assert_allclose(features, expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize(
    "network, options",
    [
        (sagan, {}),
        (resnet_biggan, {}),
        (resnet_biggan, {"identity_skip": False}),
    ],
)
def test_the_backbone_of_both_is_the_composition_of_its_parts(
    weights, network, options
):
    made = network.Backbone((64, 64, 3), weights, None, channels=8, **options)
    stack, x = with_attention(made).stack, 2.0 * images().astype(np.float64) - 1.0
    last = len(stack.blocks) - 1
    for index, block in enumerate(stack.blocks):
        h = conv(relu(conv(relu(x) if index else x, block.conv1)), block.conv2)
        kept = 0.0 if options else x
        if x.shape[-1] != h.shape[-1]:
            kept = conv(x, block.shortcut)
        h = h + kept
        x = attended(h if index == last else halved(h), stack.attentions[index])
    check_features(made, x)


def test_biggan_deeps_backbone_is_the_composition_of_its_parts(weights):
    made = resnet_biggan_deep.Backbone(
        (64, 64, 3), weights, None, channels=8, attention=32
    )
    stack = with_attention(made).stack
    x = conv(2.0 * images().astype(np.float64) - 1.0, made.conv)
    for index, block in enumerate(stack.blocks):
        h, kept = x, x
        for place, layer in enumerate(block.convs):
            h = relu(h)
            h = conv(halved(h) if place == 3 and index % 2 == 0 else h, layer)
        if index % 2 == 0:
            kept = halved(kept)
        if block.added is not None:
            kept = np.concatenate([kept, conv(kept, block.added)], axis=-1)
        x = attended(h + kept, stack.attentions[index])
    check_features(made, x)
