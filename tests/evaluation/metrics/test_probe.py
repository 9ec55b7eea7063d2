import numpy as np
import pytest
import tensorflow as tf
import tiny
from scipy import optimize, special

from compare_ssgan.architectures import resnet_cifar
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import names_of
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics import probe as module
from compare_ssgan.evaluation.metrics.probe import _pool, accuracy, probe
from compare_ssgan.gans import conditioning, losses
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import Problem

RNG = np.random.default_rng(0)


def blobs(num, seed):
    """Returns two overlapping Gaussian classes of unlike scales, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, size=num)
    centres = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])
    x = centres[labels] + rng.normal(size=(num, 2))
    return (x * [1.0, 100.0] + [5.0, 0.0]).astype(np.float32), labels


def test_it_minimizes_the_penalized_cross_entropy_of_standardized_features():
    (x, labels), (test, expected) = blobs(300, 0), blobs(1000, 1)
    a, b = ((each - x.mean(0)) / x.std(0) for each in (x, test))

    def loss(parameters):
        kernel, bias = parameters[:6].reshape(2, 3), parameters[6:]
        log_p = special.log_softmax(a @ kernel + bias, axis=1)
        entropy = -np.mean(log_p[np.arange(300), labels])
        return entropy + 0.1 / 2 * np.sum(np.square(kernel))

    best = optimize.minimize(loss, np.zeros(9)).x
    predicted = np.argmax(b @ best[:6].reshape(2, 3) + best[6:], axis=1)
    found = accuracy(x, labels, test, expected, decay=0.1)
    assert found == pytest.approx(np.mean(predicted == expected), abs=0.003)
    assert 0.6 < found < 0.9


def test_features_that_are_the_labels_are_read_without_error():
    labels, expected = RNG.integers(0, 5, size=(2, 200))
    one_hot = np.eye(5, dtype=np.float32)
    assert accuracy(one_hot[labels], labels, one_hot[expected], expected) == 1.0


def test_features_that_know_nothing_are_at_chance():
    x, y = RNG.normal(size=(2, 1000, 4)).astype(np.float32)
    labels, expected = RNG.integers(0, 2, size=(2, 1000))
    assert accuracy(x, labels, y, expected) == pytest.approx(0.5, abs=0.06)


def test_a_constant_feature_does_no_harm():
    (x, labels), (test, expected) = blobs(300, 0), blobs(300, 1)
    without = accuracy(x.copy(), labels, test.copy(), expected)
    x = np.column_stack([x, np.full(300, 0.1, np.float32)])
    test = np.column_stack([test, np.full(300, 0.2, np.float32)])
    assert accuracy(x, labels, test, expected) == without


def test_features_that_are_not_finite_have_no_accuracy():
    x, labels = blobs(50, 0)
    broken = x.copy()
    broken[3, 0] = np.nan
    assert np.isnan(accuracy(broken, labels, x.copy(), labels))


def test_maps_are_averaged_over_cells():
    x = RNG.normal(size=(2, 8, 8, 3)).astype(np.float32)
    expected = x.reshape(2, 4, 2, 4, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(
        _pool(tf.constant(x)), expected.reshape(2, -1), atol=1e-6
    )
    # Of 5 rows, four cells have two each; 1,000 channels leave room for one cell.
    x = RNG.normal(size=(1, 5, 4, 1)).astype(np.float32)
    expected = (x[:, :-1] + x[:, 1:]) / 2
    np.testing.assert_allclose(
        _pool(tf.constant(x)), expected.reshape(1, -1), atol=1e-6
    )
    x = RNG.normal(size=(1, 4, 4, 1000)).astype(np.float32)
    np.testing.assert_allclose(_pool(tf.constant(x)), x.mean(axis=(1, 2)), atol=1e-6)
    vectors = tf.ones([2, 7])
    np.testing.assert_array_equal(_pool(vectors), vectors)


@pytest.fixture(scope="module")
def sampler():
    """A discriminator with random weights for the embedded digits."""
    data = digits()
    problem = Problem(data.image_shape, data.num_classes, 8)
    game = ModularGAN(
        problem,
        0,
        generator=tiny.Generator,
        backbone=lambda *arguments: resnet_cifar.Backbone(*arguments, channels=8),
        loss=losses.hinge(),
    )
    return Sampler(game)


def measured(sampler, data, num=300, **options):
    evidence = Evidence(ImageSet(), model=sampler, dataset=data, num_samples=num)
    return probe(**options).compute(evidence)


def test_blocks_of_a_random_discriminator_know_digits_from_each_other(sampler):
    found = measured(sampler, digits())
    assert len(found) == 5
    assert all(value > 0.8 for value in found[:4])
    assert found[4] > 0.3
    assert measured(sampler, digits()) == found


def test_of_shuffled_labels_nothing_is_known(sampler):
    data = digits()

    def shuffled(split):
        batch = next(split.evaluation_batches(split.num_examples, split.num_examples))
        images = np.round(batch.images.numpy() * 255).astype(np.uint8)
        labels = RNG.permutation(np.argmax(batch.labels, axis=1))
        return array_split(Arrays(images, labels), 10)

    data = data._replace(train=shuffled(data.train), test=shuffled(data.test))
    assert np.mean(measured(sampler, data, 600)) == pytest.approx(0.1, abs=0.04)


def labelled(num, unknown=()):
    """A dataset whose images are black, but for the pixel of their class."""

    def split(seed):
        labels = np.random.default_rng(seed).integers(0, 3, size=num)
        images = np.zeros([num, 8, 8, 1], np.uint8)
        images[np.arange(num), 0, labels] = 255
        labels[list(unknown)] = -1
        images[list(unknown)] = 77
        return array_split(Arrays(images, labels), 3)

    return Dataset("pixels", (8, 8, 1), 3, split(0), split(1))


def test_a_class_that_features_show_is_found_and_the_unlabelled_are_left_out():
    def large(rng, shape):
        return rng.normal(size=shape).astype(np.float32)

    sampler = Sampler(tiny.game(initializer=large))
    assert measured(sampler, labelled(150, unknown=range(100, 120)), 150) == [1.0, 1.0]


def test_labels_are_hidden_from_a_conditional_discriminator():
    game = tiny.game(
        conditional=True,
        conditioning=conditioning.Projection,
        concatenate_labels=["discriminator"],
        generator_norm=ConditionalBatchNorm,
    )
    images = np.zeros([200, 8, 8, 1], np.uint8)
    labels = np.arange(200) % 3
    split = array_split(Arrays(images, labels), 3)
    found = measured(Sampler(game), Dataset("black", (8, 8, 1), 3, split, split), 200)
    assert found == pytest.approx([1 / 3, 1 / 3], abs=0.01)


def test_names_have_the_blocks_and_the_numbers(sampler):
    blocks = ("block0", "block1", "block2", "block3", "final")
    assert names_of(probe(), 600, None, sampler) == [f"probe600_{b}" for b in blocks]
    metric = probe(num_train=1000, num_test=600, decay=0.1)
    assert names_of(metric, metric.number(1, None), None, sampler) == [
        f"probe1k_{b}_test600_decay0.1" for b in blocks
    ]


def test_numbers_are_those_asked_for(sampler):
    data = digits()
    other = data._replace(train=_first(data.train, 200), test=_first(data.test, 100))
    found = measured(sampler, data, 600, num_train=200, num_test=100)
    assert found == measured(sampler, other, 1, num_train=200, num_test=100)
    # Where nothing is asked for, as many of either as both splits have.
    assert measured(sampler, other, 200) == measured(sampler, other, 100)
    assert probe().number(200, other) == 100
    with pytest.raises(InputError, match=r"num_test = 100 or less"):
        measured(sampler, other, num_test=101)


def _first(split, num):
    batch = next(split.evaluation_batches(num, num))
    images = np.round(batch.images.numpy() * 255).astype(np.uint8)
    return array_split(Arrays(images, np.argmax(batch.labels, axis=1)), 10)


def test_what_cannot_be_probed_is_refused(sampler, monkeypatch):
    with pytest.raises(InputError, match=r"probe\.num_train must be a positive"):
        probe(num_train=0)
    with pytest.raises(InputError, match=r"probe\.decay must be positive"):
        probe(decay=0.0)
    data = labelled(20)
    with pytest.raises(InputError, match="pixels has none"):
        probe().check(None, data._replace(num_classes=0))
    with pytest.raises(InputError, match="have 1 classes"):
        measured(Sampler(tiny.game()), data, 1)
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    with pytest.raises(InputError, match=r"Lower metrics\.probe\.num_train"):
        measured(sampler, digits())
