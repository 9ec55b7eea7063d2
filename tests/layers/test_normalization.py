import functools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers import normalization
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.types import Condition, ConditionSizes

SIZES = ConditionSizes(latent=6, label=3)
BATCH_NORMS = [BatchNorm, ConditionalBatchNorm, SelfModulatedBatchNorm]


def values(*shape, seed=1):
    return np.random.default_rng(seed).normal(2.0, 3.0, size=shape).astype(np.float32)


def condition(batch):
    labels = np.eye(3, dtype=np.float32)[np.arange(batch) % 3]
    return Condition(tf.constant(values(batch, 6, seed=2)), tf.constant(labels))


def standardized(x, axes, epsilon=1e-5):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def randomize(norm):
    rng = np.random.default_rng(3)
    for variable in norm.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))


def test_batch_norm_has_the_values_of_compare_gans_test(weights):
    images = [
        [[5, 7, 2], [5, 8, 8]],
        [[1, 2, 0], [4, 0, 4]],
        [[6, 2, 6], [5, 0, 5]],
        [[2, 4, 2], [6, 4, 1]],
    ]
    x = tf.reshape(tf.constant(images, tf.float32), [4, 2, 1, 3])
    norm = BatchNorm(3, ConditionSizes(), weights, epsilon=1e-3, decay=0.0)
    y = norm(x, Condition(), training=True)
    np.testing.assert_allclose(
        y[0, 0, 0], [0.4375205, 1.30336881, -0.58830315], rtol=1e-5
    )
    np.testing.assert_allclose(
        y[0, 1, 0], [0.4375205, 1.66291881, 1.76490951], rtol=1e-5
    )
    np.testing.assert_allclose(
        y[2, 0, 0], [1.02088118, -0.49438119, 0.98050523], rtol=1e-5
    )
    # A decay of 0 leaves the statistics of the last batch.
    np.testing.assert_allclose(norm.standardize.mean, [4.25, 3.375, 3.5])
    np.testing.assert_allclose(
        norm.standardize.variance, [2.9375, 7.734375, 6.5], rtol=1e-6
    )


def test_batch_norm_applies_gain_and_offset_of_each_channel(weights):
    x = values(4, 5, 3, 2)
    norm = BatchNorm(2, SIZES, weights)
    norm.gain.assign([2.0, -1.0])
    norm.offset.assign([0.5, 3.0])
    y = norm(tf.constant(x), Condition(), training=True)
    expected = standardized(x, (0, 1, 2)) * [2.0, -1.0] + [0.5, 3.0]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", BATCH_NORMS)
def test_moving_averages_follow_the_statistics_of_batches(weights, make):
    norm = make(2, SIZES, weights, decay=0.75)
    mean, variance = np.zeros(2), np.ones(2)
    for seed in range(3):
        x = values(4, 5, 3, 2, seed=seed)
        norm(tf.constant(x), condition(4), training=True)
        mean = 0.75 * mean + 0.25 * x.mean((0, 1, 2))
        variance = 0.75 * variance + 0.25 * x.var((0, 1, 2))
    np.testing.assert_allclose(norm.standardize.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(norm.standardize.variance, variance, rtol=1e-5)


@pytest.mark.parametrize("spatial", [True, False])
def test_inference_uses_the_moving_averages_and_changes_nothing(weights, spatial):
    norm = BatchNorm(2, SIZES, weights, spatial=spatial)
    norm.standardize.mean.assign([1.0, -2.0])
    norm.standardize.variance.assign([4.0, 0.25])
    before = [v.numpy() for v in norm.variables]
    x = values(4, 3, 3, 2) if spatial else values(4, 2)
    y = norm(tf.constant(x), Condition(), training=False)
    expected = (x - [1.0, -2.0]) / np.sqrt(np.array([4.0, 0.25]) + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    for variable, old in zip(norm.variables, before, strict=True):
        np.testing.assert_array_equal(variable, old)


@pytest.mark.parametrize("spatial", [True, False])
def test_conditional_gain_is_one_plus_a_row_of_its_kernel(weights, spatial):
    norm = ConditionalBatchNorm(2, SIZES, weights, spatial=spatial)
    x = values(6, 4, 4, 2) if spatial else values(6, 2)
    where = condition(6)
    y = norm(tf.constant(x), where, training=True)
    rows = np.arange(6) % 3
    gain = 1.0 + norm.gain.kernel.raw.numpy()[rows]
    offset = norm.offset.kernel.raw.numpy()[rows]
    if spatial:
        gain, offset = gain[:, None, None], offset[:, None, None]
    expected = standardized(x, (0, 1, 2) if spatial else 0) * gain + offset
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)
    assert len(norm.trainable_variables) == 2


def test_an_uncentered_conditional_gain_is_the_row_itself(weights):
    norm = ConditionalBatchNorm(2, SIZES, weights, centered=False)
    x, rows = values(6, 4, 4, 2), np.arange(6) % 3
    y = norm(tf.constant(x), condition(6), training=True)
    gain = norm.gain.kernel.raw.numpy()[rows][:, None, None]
    offset = norm.offset.kernel.raw.numpy()[rows][:, None, None]
    expected = standardized(x, (0, 1, 2)) * gain + offset
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("spatial", [True, False])
@pytest.mark.parametrize("hidden_size", [4, 0])
def test_self_modulation_is_a_network_of_the_latent(weights, hidden_size, spatial):
    norm = SelfModulatedBatchNorm(
        2, SIZES, weights, hidden_size=hidden_size, spatial=spatial
    )
    np.testing.assert_array_equal(norm.gain.bias, [1.0, 1.0])
    np.testing.assert_array_equal(norm.offset.bias, [0.0, 0.0])
    randomize(norm)
    x = values(6, 4, 4, 2) if spatial else values(6, 2)
    where = condition(6)
    h = where.latent.numpy()
    if hidden_size:
        h = h @ norm.hidden.kernel.raw.numpy() + norm.hidden.bias.numpy()
        h = np.maximum(h, 0.0)
    gain = h @ norm.gain.kernel.raw.numpy() + norm.gain.bias.numpy()
    offset = h @ norm.offset.kernel.raw.numpy() + norm.offset.bias.numpy()
    if spatial:
        gain, offset = gain[:, None, None], offset[:, None, None]
    expected = standardized(x, (0, 1, 2) if spatial else 0) * gain + offset
    y = norm(tf.constant(x), where, training=True)
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-3)


def test_modulating_networks_are_spectrally_normalized_where_the_network_is(weights):
    for make in (SelfModulatedBatchNorm, ConditionalBatchNorm):
        normed = make(4, SIZES, weights._replace(spectral_norm=True))
        plain = make(4, SIZES, weights)
        assert normed.gain.kernel.norm is not None
        assert normed.offset.kernel.norm is not None
        assert plain.gain.kernel.norm is None


def test_layer_norm_standardizes_every_example_over_all_units(weights):
    x = values(3, 4, 5, 6)
    norm = LayerNorm(6, SIZES, weights)
    randomize(norm)
    expected = standardized(x, (1, 2, 3)) * norm.gain.numpy() + norm.offset.numpy()
    y = norm(tf.constant(x), Condition(), training=True)
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)


def test_instance_norm_standardizes_every_channel_of_every_example(weights):
    x = values(3, 4, 5, 6)
    norm = InstanceNorm(6, SIZES, weights)
    randomize(norm)
    expected = standardized(x, (1, 2)) * norm.gain.numpy() + norm.offset.numpy()
    y = norm(tf.constant(x), Condition(), training=True)
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)


def test_group_norm_standardizes_neighbouring_channels_together(weights):
    x = values(3, 4, 5, 6)
    norm = GroupNorm(6, SIZES, weights, num_groups=2)
    randomize(norm)
    halves = [standardized(half, (1, 2, 3)) for half in np.split(x, 2, axis=-1)]
    expected = np.concatenate(halves, axis=-1) * norm.gain + norm.offset
    y = norm(tf.constant(x), Condition(), training=True)
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "make", [LayerNorm, functools.partial(GroupNorm, num_groups=1)]
)
def test_vectors_are_standardized_over_their_units(weights, make):
    x = values(3, 6)
    y = make(6, SIZES, weights, spatial=False)(tf.constant(x), Condition(), True)
    np.testing.assert_allclose(y, standardized(x, 1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "make", [LayerNorm, InstanceNorm, functools.partial(GroupNorm, num_groups=2)]
)
def test_examples_do_not_influence_each_other(weights, make):
    norm, x = make(4, SIZES, weights), values(3, 4, 4, 4)
    before = [v.numpy() for v in norm.variables]
    together = norm(tf.constant(x), Condition(), True)
    alone = norm(tf.constant(x[:1]), Condition(), True)
    np.testing.assert_allclose(together[:1], alone, rtol=1e-5, atol=1e-6)
    for variable, old in zip(norm.variables, before, strict=True):
        np.testing.assert_array_equal(variable, old)


@pytest.mark.parametrize(
    "make",
    [
        *BATCH_NORMS,
        LayerNorm,
        InstanceNorm,
        functools.partial(GroupNorm, num_groups=2),
    ],
)
def test_a_normalization_says_which_conditions_change_its_output(weights, make):
    norm, x, where = (
        make(2, SIZES, weights),
        tf.constant(values(6, 4, 4, 2)),
        condition(6),
    )
    y = norm(x, where, True)
    other_labels = norm(x, where._replace(label=tf.roll(where.label, 1, 0)), True)
    other_latents = norm(x, where._replace(latent=-where.latent), True)
    assert bool(np.any(y != other_labels)) == norm.uses_labels
    assert bool(np.any(y != other_latents)) == norm.uses_latents


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda w: ConditionalBatchNorm(4, ConditionSizes(latent=6), w),
            r"needs labels.*gans.ModularGAN.conditional = True or use norms.BatchNorm",
        ),
        (
            lambda w: SelfModulatedBatchNorm(4, ConditionSizes(label=3), w),
            r"needs a latent.*norms.BatchNorm",
        ),
        (
            lambda w: SelfModulatedBatchNorm(4, SIZES, w, hidden_size=-1),
            r"-1 units.*norms.SelfModulatedBatchNorm.hidden_size",
        ),
        (
            lambda w: InstanceNorm(4, SIZES, w, spatial=False),
            r"norms.InstanceNorm needs images.*gans.ModularGAN.generator_norm",
        ),
        (
            lambda w: GroupNorm(4, SIZES, w, num_groups=3),
            r"4 channels.*3 equal groups.*norms.GroupNorm.num_groups",
        ),
        (lambda w: GroupNorm(4, SIZES, w, num_groups=0), r"norms.GroupNorm.num_groups"),
        (lambda w: BatchNorm(4, SIZES, w, decay=1.0), r"\[0, 1\).*norms.BatchNorm"),
        (lambda w: BatchNorm(4, SIZES, w, epsilon=0.0), r"norms.BatchNorm.epsilon"),
        (lambda w: LayerNorm(4, SIZES, w, epsilon=-1.0), r"norms.LayerNorm.epsilon"),
    ],
)
def test_a_normalization_that_cannot_work_is_refused(weights, make, message):
    with pytest.raises(InputError, match=message):
        make(weights)


def test_a_subclass_and_a_wrapper_are_recognized_in_a_discriminator(weights):
    class Configured(LayerNorm):
        pass

    def wrapped(*args, **kwargs):
        return LayerNorm(*args, **kwargs)

    for make in (Configured, wrapped, functools.partial(LayerNorm, epsilon=1e-3)):
        norm = normalization.discriminator_norm(make, 4, weights, "dcgan")
        assert isinstance(norm, LayerNorm)


def test_a_wrapped_batch_norm_is_refused_in_a_discriminator(weights):
    class Configured(BatchNorm):
        pass

    def wrapped(*args, **kwargs):
        return BatchNorm(*args, **kwargs)

    for make in (Configured, wrapped, functools.partial(BatchNorm, epsilon=1e-3)):
        with pytest.raises(InputError, match=r"dcgan supports no normalization and"):
            normalization.discriminator_norm(make, 4, weights, "dcgan")
