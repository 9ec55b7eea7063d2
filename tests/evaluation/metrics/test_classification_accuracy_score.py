from types import SimpleNamespace

import numpy as np
import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.classification_accuracy_score import (
    _split,
    _training,
    accuracy_of_training_split,
    classification_accuracy_score,
)

STEPS = 60
NUM_CLASSES = 4


def _stripes(num, seed):
    """Images of a bright quarter, whose place is the class, in noise; and classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(NUM_CLASSES, size=num)
    images = rng.integers(0, 120, (num, 16, 16, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 120
    return images.astype(np.uint8), labels


TRAIN, TEST = _stripes(400, 0), _stripes(200, 1)
DATASET = Dataset(
    "stripes",
    (16, 16, 1),
    NUM_CLASSES,
    *(array_split(Arrays(*arrays), NUM_CLASSES) for arrays in (TRAIN, TEST)),
)


def _value(images, labels, seed=0, finite=True, dataset=DATASET):
    fake = ImageSet(images=images, labels=labels, finite=finite)
    real = ImageSet(images=TEST[0], labels=TEST[1])
    evidence = Evidence(fake, real, dataset=dataset, seed=seed)
    return classification_accuracy_score(steps=STEPS).compute(evidence)[0]


def test_real_images_teach_the_classes_and_equal_seeds_the_same():
    value = _value(*TRAIN)
    assert value > 0.9
    assert _value(*TRAIN) == value
    assert accuracy_of_training_split(DATASET, steps=STEPS) == value
    assert _value(*TRAIN, dataset=None) == value


def test_another_seed_is_another_training():
    train = _training((16, 16, 1), NUM_CLASSES, STEPS)
    split = _split(ImageSet(images=TRAIN[0], labels=TRAIN[1]), NUM_CLASSES)
    first, again, other = (train(split, seed)["logits"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_model_that_ignores_its_label_is_seen():
    images, labels = TRAIN
    asked = np.random.default_rng(2).permutation(labels)
    assert _value(images, asked) < 0.6


def test_a_class_that_is_never_drawn_is_missed():
    images, labels = TRAIN
    kept = labels != 3
    share = np.mean(TEST[1] != 3)
    assert _value(images[kept], labels[kept]) <= share


def test_the_first_images_of_the_training_split_can_be_the_ones_to_compare_with():
    first = Dataset("first", (16, 16, 1), NUM_CLASSES,
                    array_split(Arrays(TRAIN[0][:100], TRAIN[1][:100]), NUM_CLASSES),
                    DATASET.test)  # fmt: skip
    expected = accuracy_of_training_split(first, steps=STEPS)
    found = accuracy_of_training_split(DATASET, num_train=100, steps=STEPS)
    assert found == expected


def test_an_image_that_is_no_number_gives_no_score():
    assert np.isnan(_value(*TRAIN, finite=False))


def test_what_has_no_labels_is_refused():
    metric = classification_accuracy_score()
    game = SimpleNamespace(num_classes=0)
    with pytest.raises(InputError, match="see no labels"):
        metric.check(SimpleNamespace(game=game), DATASET)
    with pytest.raises(InputError, match="only images"):
        metric.check(None, DATASET)
    with pytest.raises(InputError, match="no labels"):
        accuracy_of_training_split(synthetic(num_classes=0))
    unlabelled = ImageSet(images=TEST[0], labels=np.full(len(TEST[1]), -1))
    fake = ImageSet(images=TRAIN[0], labels=TRAIN[1])
    evidence = Evidence(fake, unlabelled, dataset=DATASET)
    with pytest.raises(InputError, match="needs labelled real images"):
        classification_accuracy_score(steps=STEPS).compute(evidence)


def test_the_number_of_steps_is_in_the_name():
    assert classification_accuracy_score().suffix == ""
    assert classification_accuracy_score(steps=50).suffix == "_steps50"
    with pytest.raises(InputError, match=r"classification_accuracy_score\.steps"):
        classification_accuracy_score(steps=0)
