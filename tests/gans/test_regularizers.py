"""Orthogonal regularization: values, kernels it reads, gradients, refusals."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import regularizers
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.layers import initializers
from compare_ssgan.layers.basic import Conv2d, ConvTranspose2d, Dense, matrices_of
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import variables_of


def weights(spectral_norm=False):
    normal = initializers.normal(stddev=0.5)
    return Weights(np.random.default_rng(0), normal, spectral_norm)


def formula(kernels, diagonal=False):
    total = 0.0
    for kernel in kernels:
        w = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
        gram = w.T @ w - np.eye(w.shape[1])
        if not diagonal:
            np.fill_diagonal(gram, 0)
        total += np.sum(gram**2)
    return total


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("shape", [[12, 5], [5, 12], [4, 4]])
def test_it_is_the_squared_deviation_of_the_gram_matrix(shape, diagonal):
    w = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    regularizer = regularizers.orthogonal(0.3, diagonal=diagonal)
    expected = 0.3 * formula([w], diagonal)
    assert regularizer([tf.constant(w)]).numpy() == pytest.approx(expected, rel=1e-5)


def test_orthogonal_columns_of_any_length_cost_nothing_but_their_length():
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))
    w = tf.constant(3 * q, tf.float32)
    free, full = (
        regularizers.orthogonal(1.0),
        regularizers.orthogonal(1.0, diagonal=True),
    )
    assert free([w]).numpy() == pytest.approx(0, abs=1e-8)
    assert full([w]).numpy() == pytest.approx(4 * (9 - 1) ** 2, rel=1e-5)


def test_matrices_have_a_column_per_output_channel_of_every_kind_of_layer():
    layers = [
        Dense(3, 4, weights()),
        Conv2d(3, 4, weights()),
        ConvTranspose2d(3, 4, (6, 6), weights(), size=4, stride=2),
    ]
    matrices = [m.numpy() for m in matrices_of(layers)]
    assert [m.shape for m in matrices] == [(3, 4), (27, 4), (48, 4)]
    dense, conv, transposed = (layer.kernel.raw.numpy() for layer in layers)
    np.testing.assert_array_equal(matrices[0], dense)
    np.testing.assert_array_equal(matrices[1], conv.reshape(27, 4))
    for channel in range(4):
        np.testing.assert_array_equal(
            matrices[2][:, channel], transposed[:, :, channel].ravel()
        )


def test_kernels_are_those_before_spectral_normalization():
    layer = Dense(3, 4, weights(spectral_norm=True))
    np.testing.assert_array_equal(matrices_of([layer])[0], layer.kernel.raw)


def test_each_player_has_its_own_term_on_all_of_its_kernels():
    game = tiny.game(
        tasks=[Rotation],
        generator_regularizer=regularizers.orthogonal(0.5),
        discriminator_regularizer=regularizers.orthogonal(2.0),
    )
    for compute, modules, weight in (
        (game.generator_objective, game.generator_modules, 0.5),
        (game.discriminator_objective, game.discriminator_modules, 2.0),
    ):
        kernels = [v for v in variables_of(modules) if v.shape.rank > 1]
        with tf.GradientTape() as tape:
            value = compute(tiny.batch()).terms["regularizer"]
        expected = weight * formula([k.numpy() for k in kernels])
        assert value.numpy() == pytest.approx(expected, rel=1e-4)
        wide = [k for k in kernels if k.shape[-1] > 1]
        assert all(np.any(g) for g in tape.gradient(value, wide))


def test_a_game_without_regularizers_has_no_such_term():
    game = tiny.game()
    assert "regularizer" not in game.generator_objective(tiny.batch()).terms
    assert "regularizer" not in game.discriminator_objective(tiny.batch()).terms


def test_a_weight_that_rewards_correlation_is_refused():
    with pytest.raises(InputError, match=r"orthogonal.weight must be positive, not 0"):
        regularizers.orthogonal(0.0)
