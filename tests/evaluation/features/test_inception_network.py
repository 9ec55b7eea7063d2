import math

import numpy as np
import pytest
import tensorflow as tf
import torch_format

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import inception_network


@pytest.fixture(scope="module")
def state():
    return torch_format.inception_state()


@pytest.fixture(scope="module")
def images():
    return tf.random.stateless_uniform([1, 299, 299, 3], [0, 1], -1, 1)


def _weights(state):
    folded = inception_network.fold(state)
    return {name: tf.constant(value) for name, value in folded.items()}


def test_there_are_as_many_numbers_as_the_published_file_has_room_for():
    num = sum(math.prod(s) for s in inception_network.state_shapes().values())
    size_of_file = 95_628_359
    assert 0.998 * size_of_file < 4 * num < size_of_file


def test_folded_normalization_is_that_of_the_definition(state, images):
    x = images
    for name, stride, padding in [
        ("Conv2d_1a_3x3", 2, "VALID"), ("Conv2d_2a_3x3", 1, "VALID"),
        ("Conv2d_2b_3x3", 1, "SAME"),
    ]:  # fmt: skip
        kernel = state[f"{name}.conv.weight"].transpose(2, 3, 1, 0)
        x = tf.nn.conv2d(x, kernel, stride, padding)
        x = (x - state[f"{name}.bn.running_mean"]) / tf.sqrt(
            state[f"{name}.bn.running_var"] + 1e-3
        )
        x = tf.nn.relu(x * state[f"{name}.bn.weight"] + state[f"{name}.bn.bias"])
    expected = tf.reduce_mean(tf.nn.max_pool2d(x, 3, 2, "VALID"), [1, 2])
    found = inception_network.network(_weights(state), images, 64)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("tap", inception_network.TAPS)
def test_a_tap_has_as_many_features_as_its_name_says(state, images, tap):
    features = inception_network.network(_weights(state), images, tap)
    assert features.shape == (1, tap)
    assert 0.1 < np.std(features) < 10


def test_every_weight_has_a_part_in_the_logits(state, images):
    weights = _weights(state)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        features = inception_network.network(weights, images, 2048)
        logits = inception_network.logits(weights, features, biased=True)
        total = tf.reduce_sum(tf.square(logits))
    gradients = tape.gradient(total, weights)
    assert [name for name, g in gradients.items() if not np.any(g)] == []


def test_biased_logits_are_the_unbiased_ones_and_the_bias(state):
    weights = _weights(state)
    features = np.random.default_rng(0).random((2, 2048)).astype(np.float32)
    unbiased = inception_network.logits(weights, features, biased=False)
    np.testing.assert_allclose(unbiased, features @ state["fc.weight"].T, atol=1e-4)
    biased = inception_network.logits(weights, features, biased=True)
    np.testing.assert_allclose(biased, unbiased + state["fc.bias"], atol=1e-6)


def test_weights_of_something_else_are_refused(state):
    lacking = {name: v for name, v in state.items() if name != "fc.bias"}
    with pytest.raises(InputError, match=r"2015: fc.bias is missing"):
        inception_network.fold(lacking)
    with pytest.raises(InputError, match=r"AuxLogits.fc.weight is unknown"):
        inception_network.fold(state | {"AuxLogits.fc.weight": np.ones(1)})
    with pytest.raises(InputError, match=r"fc.bias is \[1000\]"):
        inception_network.fold(state | {"fc.bias": np.ones(1000)})
    with pytest.raises(InputError, match=r"fc.bias is not finite"):
        inception_network.fold(state | {"fc.bias": np.full(1008, np.nan)})
    with pytest.raises(InputError, match="; 472 such"):
        inception_network.fold({})


def test_counters_of_batches_do_not_matter(state):
    counters = {"Mixed_5b.branch1x1.bn.num_batches_tracked": np.array(3)}
    plain, counted = (
        inception_network.fold(each) for each in (state, state | counters)
    )
    assert plain
    tf.nest.map_structure(np.testing.assert_array_equal, plain, counted)
