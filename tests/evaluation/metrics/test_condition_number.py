import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import names_of
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import condition_number as module
from compare_ssgan.evaluation.metrics.condition_number import (
    condition_number,
    log_condition_numbers,
    metric_tensors,
)
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.gans import conditioning
from compare_ssgan.layers.normalization import BatchNorm, ConditionalBatchNorm
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import Codes, Problem

SEED = 3


def active(**options):
    """A game whose rectifiers pass all latents on, each image another Jacobian."""

    def large(rng, shape):
        return rng.normal(0, 0.3, shape).astype(np.float32)

    game = tiny.game(initializer=large, **options)
    game.generator.network.hidden.bias.assign(tf.fill([6], 2.0))
    return game


def measured(sampler, num=5, sampling=None):
    evidence = Evidence(ImageSet(), model=sampler, seed=SEED)
    if sampling is not None:
        evidence = evidence._replace(sampling=sampling)
    return condition_number(num_latents=num).compute(evidence)


def by_reverse_mode(generator, latents, labels=None):
    """Returns log condition numbers from Jacobians that TensorFlow's tape computes."""
    with tf.GradientTape() as tape:
        tape.watch(latents)
        images = tf.reshape(generator(latents, labels, False), [len(latents), -1])
    jacobians = tape.batch_jacobian(images, latents).numpy().astype(np.float64)
    return np.log(np.linalg.cond(np.swapaxes(jacobians, 1, 2) @ jacobians))


def drawn(sampler, num=5):
    return sampler(num, tf.random.Generator.from_seed(SEED, alg="philox"))


def test_metric_tensors_of_a_linear_function():
    # f = x W: the Jacobian is the transpose of W wherever it is taken.
    kernel = tf.constant([[2.0, -1.0], [1.5, 1.0]])
    tensors = metric_tensors(lambda x, _: x @ kernel, tf.constant([[0.3, 2.0]] * 3))
    expected = [[5.0, 2.0], [2.0, 3.25]]
    np.testing.assert_allclose(tensors, [expected] * 3, rtol=1e-6)


def test_metric_tensors_are_products_of_jacobians():
    # At x the Jacobian is J = [[1, 2], [3, 4]] times the first label, 1 or 2.
    jacobian = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    tensors = metric_tensors(
        lambda x, labels: labels[:, :1] * (x @ tf.transpose(jacobian)),
        tf.ones([2, 2]),
        tf.constant([[1.0, 0.0], [2.0, 0.0]]),
    )
    expected = [[[10, 14], [14, 20]], [[40, 56], [56, 80]]]
    np.testing.assert_allclose(tensors, expected, rtol=1e-6)


@pytest.mark.parametrize("directions", [2, 3, 4])
def test_directions_may_be_followed_in_parts(directions, monkeypatch):
    monkeypatch.setattr(module, "_NUM_DIRECTIONS", directions)
    kernel = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    tensors = metric_tensors(lambda x, _: tf.matmul(x, kernel), tf.zeros([1, 4]))
    np.testing.assert_allclose(tensors[0], kernel @ kernel.T, rtol=1e-5, atol=1e-6)


def test_condition_numbers_are_ratios_of_eigenvalues():
    turned = np.array([[3.0, 1.0], [1.0, 3.0]])
    tensors = np.stack([np.diag([1.0, np.e]), np.eye(2) * 7, turned])
    np.testing.assert_allclose(log_condition_numbers(tensors), [1, 0, np.log(2)])


def test_a_latent_without_effect_gives_the_largest_finite_value():
    largest = 52 * np.log(2) - np.log(2)
    tensors = np.array([np.diag([1.0, 0.0]), [[1.0, 1.0], [1.0, 1.0]]])
    np.testing.assert_allclose(log_condition_numbers(tensors), [largest] * 2)


def test_what_is_not_finite_has_none():
    tensors = np.stack([np.eye(2), np.full([2, 2], np.nan), np.zeros([2, 2])])
    np.testing.assert_array_equal(log_condition_numbers(tensors), [0, np.nan, np.nan])


@pytest.mark.parametrize(
    "options",
    [
        {"generator_norm": BatchNorm},
        {"latent_size": 1, "codes": Codes((3,), 1)},
        {
            "conditional": True,
            "conditioning": conditioning.Projection,
            "generator_norm": ConditionalBatchNorm,
        },
    ],
    ids=["batch norm", "codes", "conditional"],
)
def test_values_are_mean_and_deviation_over_drawn_latents(options):
    game = active(**options)
    sampler = Sampler(game)
    samples = drawn(sampler)
    expected = by_reverse_mode(game.generator, samples.latents, samples.labels)
    mean, deviation = measured(sampler)
    assert deviation > 1e-3
    assert mean == pytest.approx(np.mean(expected), rel=1e-4)
    assert deviation == pytest.approx(np.std(expected), rel=1e-3)


def test_the_generator_is_the_averaged_one_if_there_is_one():
    game, average = active(), active(seed=1)
    sampler = Sampler(game, average.generator)
    expected = by_reverse_mode(average.generator, drawn(sampler).latents)
    assert measured(sampler)[0] == pytest.approx(np.mean(expected), rel=1e-4)


def test_standing_statistics_are_honoured():
    game = active(generator_norm=BatchNorm)
    # As the normalization takes the bias away.
    game.generator.network.norm.offset.assign(tf.fill([6], 4.0))
    sampler = Sampler(game)
    sampling = Sampling(standing_statistics=32)
    with sampler.drawing(sampling):
        expected = by_reverse_mode(game.generator, drawn(sampler).latents)
    plain, standing = measured(sampler)[0], measured(sampler, sampling=sampling)[0]
    assert standing == pytest.approx(np.mean(expected), rel=1e-4)
    assert standing != pytest.approx(plain, rel=1e-3)


def test_a_model_is_compiled_for_once(monkeypatch):
    traces = []
    plain = metric_tensors

    def counted(*arguments):
        traces.append(1)
        return plain(*arguments)

    monkeypatch.setattr(module, "metric_tensors", counted)
    sampler = Sampler(tiny.game())
    assert measured(sampler) == measured(sampler)
    assert len(traces) == 1


def test_the_number_of_latents_is_in_the_name():
    metric = condition_number(num_latents=8)
    assert names_of(metric, metric.num, None) == [
        "log_condition_number8",
        "log_condition_number_deviation8",
    ]


def test_what_has_no_condition_number_is_refused():
    with pytest.raises(InputError, match=r"num_latents must be a positive number"):
        condition_number(num_latents=0)
    sampler = Sampler(tiny.game(Problem((2, 2, 1), 0, 8), latent_size=5))
    with pytest.raises(InputError, match="lower LATENT_SIZE"):
        condition_number().check(sampler, None)
    condition_number().check(Sampler(tiny.game()), None)
