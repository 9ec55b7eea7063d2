"""Conditional games on real images with soft labels, some labels, or none."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.gans import conditioning, penalties
from compare_ssgan.gans.consistency import BalancedConsistency
from compare_ssgan.gans.lecam import LeCam
from compare_ssgan.gans.mutual_information import MutualInformation
from compare_ssgan.gans.tasks import Classification, Judged, Rotation
from compare_ssgan.layers import initializers
from compare_ssgan.layers.normalization import (
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.layers.weights import Weights
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Codes, Samples, Verdict, variables_of

SOFT = np.random.default_rng(0).dirichlet(np.ones(3), 8).astype(np.float32)
KINDS = {
    "none": np.zeros((8, 3), np.float32),
    "one": np.eye(8, 3, dtype=np.float32) * (np.arange(8) == 1)[:, None],
    # All in the first half, so that the second part of an accumulated batch has none.
    "half": np.float32(np.arange(8)[:, None] < 4)
    * np.eye(3, dtype=np.float32)[[0] * 8],
    "soft": SOFT,
}
GAMES = {
    "projection": {
        "conditioning": conditioning.Projection,
        "generator_norm": ConditionalBatchNorm,
        "penalty": penalties.wgan_gp(),
    },
    "self-modulated": {
        "conditioning": conditioning.Projection,
        "generator_norm": SelfModulatedBatchNorm,
        "labelled_latents": True,
        "fake_labels": "batch",
    },
    "acgan": {"generator_norm": ConditionalBatchNorm, "tasks": [Classification]},
    "concatenated": {"concatenate_labels": ["generator", "discriminator"]},
    "every task": {
        "generator_norm": ConditionalBatchNorm,
        "conditioning": conditioning.Projection,
        "tasks": [
            Classification,
            Rotation,
            BalancedConsistency,
            LeCam,
            MutualInformation,
        ],
        "codes": Codes((3,), 1),
    },
}


def game(name, **options):
    return tiny.game(conditional=True, **(GAMES[name] | options))


def batch(labels):
    return tiny.batch()._replace(labels=tf.constant(labels, tf.float32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GAMES)
def test_every_term_and_gradient_is_finite(name, kind):
    built = game(name)
    for compute, modules in (
        (built.discriminator_objective, built.discriminator_modules),
        (built.generator_objective, built.generator_modules),
    ):
        variables = variables_of(modules)
        with tf.GradientTape() as tape:
            result = compute(batch(KINDS[kind]))
        for term, value in result.terms.items():
            assert np.isfinite(value), term
        for gradient in tape.gradient(result.total, variables):
            assert np.all(np.isfinite(tf.convert_to_tensor(gradient)))


@pytest.mark.parametrize("kind", ["none", "half"])
def test_parts_of_a_batch_without_a_label_can_be_accumulated(kind):
    problem = tiny.PROBLEM._replace(batch_size=4)
    built = game("acgan", problem=problem)
    step = make_train_step(built, adam(1e-3)(1), adam(1e-3)(1), accumulation=2)
    terms = step([batch(KINDS[kind])])
    assert all(np.isfinite(value) for value in terms.values())


@pytest.mark.parametrize("name", ["projection", "acgan"])
def test_a_single_class_is_enough(name):
    problem = tiny.PROBLEM._replace(num_classes=1)
    built = game(name, problem=problem)
    real = batch(np.ones((8, 1)))
    np.testing.assert_array_equal(built._generate(real).labels, np.ones((8, 1)))
    for compute in (built.discriminator_objective, built.generator_objective):
        assert np.isfinite(compute(real).total)


def test_an_unlabelled_image_is_scored_by_its_features_alone():
    built = game("projection")
    found = built.judge(batch(KINDS["none"]))
    expected = built.discriminator.head(found.features)
    np.testing.assert_allclose(found.logits, expected, rtol=1e-5)


def test_the_score_with_a_soft_label_is_the_mean_of_those_with_its_classes():
    built = game("projection")
    logits = [
        built.judge(batch(np.eye(3)[[k] * 8])).logits.numpy()[:, 0] for k in range(3)
    ]
    expected = np.sum(SOFT.T * logits, axis=0)
    found = built.judge(batch(SOFT)).logits[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_classification_of_soft_labels_is_their_mean_cross_entropy():
    weights = Weights(np.random.default_rng(0), initializers.normal(), False)
    task = Classification(tiny.PROBLEM, 5, weights)
    features = np.random.default_rng(3).normal(size=(8, 5)).astype(np.float32)
    labels = SOFT * (np.arange(8) < 5)[:, None]
    verdict = Verdict(features[:, :1], tf.constant(features), {})
    judged = Judged(Samples(tiny.batch().images, tf.constant(labels)), verdict, None)
    logits = features @ task.head.kernel().numpy() + task.head.bias.numpy()
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -(labels * log_p)[:5].sum(axis=1).mean()
    found = task.loss(None, judged, player="generator", step=tf.constant(0))
    assert found.numpy() == pytest.approx(expected, rel=1e-5)


def test_generated_images_are_drawn_for_a_class_also_where_the_batch_has_none():
    built = game("self-modulated")
    labels = KINDS["soft"] * (np.arange(8) < 4)[:, None]
    found = built._generate(batch(labels)).labels.numpy()
    np.testing.assert_array_equal(found[:4], SOFT[:4])
    np.testing.assert_array_equal(np.sort(found[4:], axis=1), [[0, 0, 1]] * 4)
