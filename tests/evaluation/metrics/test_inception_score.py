import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.inception_score import inception_score, score

RNG = np.random.default_rng(0)


def _score_by_formula(logits):
    p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    divergences = np.sum(p * np.log(p / p.mean(axis=0)), axis=1)
    return np.exp(np.mean(divergences))


def test_score_is_the_formula():
    logits = RNG.normal(0, 2, (50, 7))
    evidence = Evidence(ImageSet(logits=logits))
    found = inception_score().compute(evidence)[0]
    assert found == pytest.approx(_score_by_formula(logits), rel=1e-12)


@pytest.mark.parametrize("num_classes", [2, 10])
def test_certain_and_balanced_predictions_score_the_number_of_classes(num_classes):
    logits = 1000 * np.tile(np.eye(num_classes), (5, 1))
    assert score(logits) == pytest.approx(num_classes, rel=1e-12)


def test_a_class_that_nobody_predicts_is_no_division_by_zero():
    logits = np.array([[1000.0, 0, -1000], [0, 1000, -1000]])
    assert score(logits) == pytest.approx(2, rel=1e-12)


def test_blocks_score_what_all_at_once_do_to_the_last_bit():
    logits = RNG.normal(0, 5, (9001, 7)).astype(np.float32)
    x = logits.astype(np.float64)
    largest = np.max(x, axis=1, keepdims=True)
    log_p = x - (largest + np.log(np.sum(np.exp(x - largest), 1, keepdims=True)))
    largest = np.max(log_p, axis=0, keepdims=True)
    total = np.sum(np.exp(log_p - largest), axis=0, keepdims=True)
    log_mean = largest + np.log(total) - np.log(len(x))
    divergences = np.sum(np.exp(log_p) * (log_p - log_mean), axis=1)
    assert score(logits) == np.exp(np.mean(divergences))


def test_equal_predictions_score_one():
    logits = np.tile(RNG.normal(size=(1, 10)), (20, 1))
    assert score(logits) == pytest.approx(1, rel=1e-12)


def test_parts_are_shuffled_and_averaged():
    logits = RNG.normal(0, 2, (23, 4))
    shuffled = logits[np.random.RandomState(2020).permutation(23)]
    parts = [shuffled[:7], shuffled[7:15], shuffled[15:]]
    expected = np.mean([_score_by_formula(part) for part in parts])
    assert score(logits, num_splits=3) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_have_no_score(bad):
    logits = RNG.normal(size=(10, 3))
    logits[4, 1] = bad
    assert np.isnan(score(logits))


def test_tfgan_finds_the_same_score():
    logits = RNG.normal(0, 2, (100, 10))
    expected = float(tfgan.classifier_score(tf.constant(logits)))
    assert score(logits) == pytest.approx(expected, rel=1e-6)


def test_the_number_of_parts_is_in_the_name_unless_it_is_one():
    assert inception_score().suffix == ""
    assert inception_score(num_splits=10).suffix == "_splits10"


def test_no_parts_and_more_parts_than_examples_are_refused():
    with pytest.raises(InputError, match=r"0 parts.*inception_score\.num_splits"):
        inception_score(num_splits=0)
    with pytest.raises(InputError, match="3 examples cannot be split into 5"):
        score(np.zeros((3, 2)), num_splits=5)


def test_the_spread_is_the_standard_deviation_over_parts():
    logits = RNG.normal(0, 2, (23, 4))
    shuffled = logits[np.random.RandomState(2020).permutation(23)]
    parts = [shuffled[:7], shuffled[7:15], shuffled[15:]]
    scores = [_score_by_formula(part) for part in parts]
    metric = inception_score(num_splits=3, spread=True)
    assert metric.kinds == ("is", "is_standard_deviation")
    found = metric.compute(Evidence(ImageSet(logits=logits)))
    assert found == pytest.approx((np.mean(scores), np.std(scores)), rel=1e-10)


def test_a_spread_of_one_part_is_refused():
    with pytest.raises(InputError, match=r"no standard deviation.*num_splits"):
        inception_score(spread=True)


def test_more_logits_than_a_block_are_scored_in_float64():
    logits = RNG.normal(0, 2, (9000, 3)).astype(np.float32)
    expected = _score_by_formula(logits.astype(np.float64))
    assert score(logits) == pytest.approx(expected, rel=1e-12)
