from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import check_metric
from compare_ssgan.evaluation.features.small_classifier import digits_cnn
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.label_accuracy import accuracy, label_accuracy

RNG = np.random.default_rng(0)
CONDITIONAL = SimpleNamespace(game=SimpleNamespace(num_classes=10))
UNCONDITIONAL = SimpleNamespace(game=SimpleNamespace(num_classes=0))


def _value(images, labels):
    """Of images of digits and the labels that they were asked for."""
    logits = digits_cnn()(images).logits
    fake = ImageSet(logits=logits, labels=labels)
    return label_accuracy().compute(Evidence(fake))[0]


def _digits():
    batch = next(digits().test.evaluation_batches(600, 600))
    return batch.images, np.argmax(batch.labels, axis=1)


def test_it_is_the_share_of_rows_whose_label_is_the_largest_logit():
    logits = np.array([[2.0, 1, 0], [0, 3, 1], [5, 1, 4], [0, 0, 1]])
    assert accuracy(logits, np.array([0, 1, 2, 1])) == 0.5


def test_scikit_learn_finds_the_same():
    from sklearn.metrics import accuracy_score

    logits, labels = RNG.normal(size=(100, 4)), RNG.integers(0, 4, 100)
    expected = accuracy_score(labels, logits.argmax(axis=1))
    assert accuracy(logits, labels) == pytest.approx(expected, rel=1e-12)


def test_a_perfect_model_is_as_good_as_the_classifier():
    images, labels = _digits()
    assert _value(images, labels) > 0.95


def test_a_model_that_ignores_its_label_is_seen():
    images, labels = _digits()
    asked = np.random.default_rng(1).permutation(labels)
    assert _value(images, asked) == pytest.approx(0.1, abs=0.05)
    collapsed = tf.repeat(images[:1], 600, axis=0)
    assert _value(collapsed, labels) == pytest.approx(0.1, abs=1e-12)


def test_unlabelled_images_do_not_count():
    logits = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert accuracy(logits, np.array([0, -1, 0])) == 0.5
    with pytest.raises(InputError, match="there is none"):
        accuracy(logits, np.array([-1, -1, -1]))


def test_a_logit_that_is_no_number_gives_no_accuracy():
    assert np.isnan(accuracy(np.array([[1.0, np.nan]]), np.array([0])))


def test_a_class_that_the_classifier_does_not_know_is_refused():
    with pytest.raises(InputError, match=r"class 2.*knows 2 classes"):
        accuracy(np.zeros((3, 2)), np.array([0, 1, 2]))


def test_a_model_that_sees_no_labels_is_refused():
    metric = label_accuracy()
    with pytest.raises(InputError, match="see no labels"):
        metric.check(UNCONDITIONAL, digits())
    with pytest.raises(InputError, match="only images"):
        metric.check(None, digits())
    metric.check(CONDITIONAL, digits())


def test_a_classifier_of_other_classes_is_refused():
    metric, features = label_accuracy(), digits_cnn()
    other = synthetic(image_shape=(32, 32, 1), num_classes=7)
    with pytest.raises(InputError, match=r"7 classes of synthetic.*digits_cnn.*of 10"):
        check_metric(metric, features, CONDITIONAL, other)
    check_metric(metric, features, CONDITIONAL, digits())
