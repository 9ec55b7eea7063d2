import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import evaluate, names_of
from compare_ssgan.evaluation.features.random_convolutions import random_convolutions
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.discriminator_accuracy import (
    discriminator_accuracy,
)
from compare_ssgan.gans import conditioning
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.studies.sampler import Sampler

CONDITIONAL = {
    "conditional": True,
    "conditioning": conditioning.Projection,
    "concatenate_labels": ["discriminator"],
    "generator_norm": ConditionalBatchNorm,
}


def dataset(num=250, seed=0, num_classes=3):
    rng = np.random.default_rng(seed)

    def split(num):
        images = rng.integers(0, 256, size=[num, 8, 8, 1], dtype=np.uint8)
        # The label of the last example is unknown.
        labels = rng.integers(0, 3, size=num)
        labels[-1] = -1
        return array_split(Arrays(images, labels if num_classes else None), num_classes)

    return Dataset("noise", (8, 8, 1), num_classes, split(num), split(num))


def threshold(game, value):
    """Makes D judge by the first pixel alone, real above a value."""
    dense = game.discriminator.backbone.dense
    kernel = np.zeros(dense.kernel().shape, np.float32)
    kernel[0, 0] = 1.0
    dense.kernel.raw.assign(kernel)
    dense.bias.assign([0.0] * 5)
    game.discriminator.head.kernel.raw.assign([[1.0], [0.0], [0.0], [0.0], [0.0]])
    game.discriminator.head.bias.assign([-np.log1p(np.exp(value))])


def measured(game, num=250, data=None, **options):
    evidence = Evidence(
        ImageSet(), model=Sampler(game), dataset=data or dataset(), num_samples=num
    )
    return discriminator_accuracy(**options).compute(evidence)


def images(split, num):
    return next(split.evaluation_batches(num, num))


def test_shares_are_those_of_images_on_the_right_side():
    game, data = tiny.game(), dataset()
    threshold(game, 0.25)
    found = measured(game, 230)
    rng = tf.random.Generator.from_seed(0, alg="philox")
    sampler = Sampler(game)
    fake = np.concatenate([sampler(100, rng).images for _ in range(3)])[:230]
    expected = [
        np.mean(images(data.train, 230).images[:, 0, 0, 0] > 0.25),
        np.mean(images(data.test, 230).images[:, 0, 0, 0] > 0.25),
        np.mean(fake[:, 0, 0, 0] <= 0.25),
    ]
    assert found == pytest.approx(expected)
    assert 0.7 < found[0] < 0.8
    assert found[0] != found[1]


@pytest.mark.parametrize("logit", [-1.0, 1.0])
def test_who_takes_everything_for_the_same_is_right_about_one_kind(logit):
    game = tiny.game()
    game.discriminator.head.kernel.raw.assign(tf.zeros([5, 1]))
    game.discriminator.head.bias.assign([logit])
    real = float(logit > 0)
    assert measured(game) == (real, real, 1 - real)


def test_a_conditional_discriminator_sees_the_labels():
    game, data = tiny.game(**CONDITIONAL), dataset()
    batch = images(data.train, 250)
    logits = game.judge(batch).logits.numpy()
    # The median makes D's answers differ.
    game.discriminator.head.bias.assign([-np.median(logits)])
    expected = np.mean(game.judge(batch).logits > 0)
    unlabelled = batch._replace(labels=tf.zeros_like(batch.labels))
    assert expected != np.mean(game.judge(unlabelled).logits > 0)
    assert measured(game)[0] == pytest.approx(expected, abs=1 / 250)


def test_data_without_labels_will_do():
    found = measured(tiny.game(), data=dataset(num_classes=0))
    assert all(0 <= value <= 1 for value in found)


def test_a_discriminator_that_diverged_has_no_accuracy():
    game = tiny.game()
    game.discriminator.head.bias.assign([np.nan])
    assert np.all(np.isnan(measured(game)))


def test_names_have_the_number_of_samples_or_the_metrics_own():
    options = {
        "features": random_convolutions(),
        "metrics": [discriminator_accuracy(), discriminator_accuracy(num_images=20)],
        "num_samples": 50,
    }
    found = evaluate(Sampler(tiny.game()), dataset(), **options)
    assert [each.metric for each in found] == [
        "discriminator_accuracy50_train",
        "discriminator_accuracy50_test",
        "discriminator_accuracy50_fake",
        "discriminator_accuracy20_train",
        "discriminator_accuracy20_test",
        "discriminator_accuracy20_fake",
    ]
    assert names_of(options["metrics"][1], 20, None) == [f.metric for f in found[3:]]


def test_wrong_numbers_are_refused():
    with pytest.raises(InputError, match=r"num_images must be a positive number"):
        discriminator_accuracy(num_images=0)
    with pytest.raises(InputError, match=r"accuracy\.num_images = 250 or less"):
        measured(tiny.game(), 250, num_images=251)
