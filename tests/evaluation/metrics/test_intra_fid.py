import types

import numpy as np
import pytest

from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.fid import fid, frechet_distance
from compare_ssgan.evaluation.metrics.intra_fid import intra_fid

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(3), 100)


def _evidence(fake, real, fake_labels=LABELS, real_labels=LABELS):
    return Evidence(
        ImageSet(features=fake, labels=fake_labels),
        ImageSet(features=real, labels=real_labels),
    )


def _images(labels=LABELS):
    return RNG.normal(size=(len(labels), 4)) + 10 * labels[:, np.newaxis]


def test_it_is_the_mean_over_classes():
    fake, real = _images(), _images()
    order = RNG.permutation(len(LABELS))
    expected = np.mean(
        [
            frechet_distance(
                moments.of(fake[label == LABELS]), moments.of(real[label == LABELS])
            )
            for label in range(3)
        ]
    )
    evidence = _evidence(fake[order], real, LABELS[order])
    assert intra_fid().compute(evidence)[0] == pytest.approx(expected, rel=1e-9)


def test_a_model_that_ignores_its_label_is_visible_here_and_nowhere_else():
    real, obedient = _images(), _images()
    # The same images, whatever was asked for.
    evidence = _evidence(obedient, real, RNG.permutation(LABELS))
    assert fid().compute(evidence)[0] < 1
    assert intra_fid().compute(evidence)[0] > 100
    assert intra_fid().compute(_evidence(obedient, real))[0] < 1


def test_a_feature_that_is_no_number_gives_no_distance():
    fake = _images()
    fake[0, 0] = np.nan
    assert np.isnan(intra_fid().compute(_evidence(fake, _images()))[0])


@pytest.mark.parametrize(
    "fake_labels, real_labels, message",
    [
        ([0, 0, 1], [0, 0, 1, 1], "two generated.* 1 of class 1"),
        ([0, 0, 1, 1], [0, 0, 2, 2], "two generated.*0 of class 2"),
        ([0, 0], [0, 0, 1], "two generated images.*0 of class 1"),
        ([0, 0, 1, 1], [0, 0, 1], "two real.*1 of class 1"),
        ([0, 0], [0, 0, -1], "some have none"),
    ],
)
def test_classes_of_fewer_than_two_images_are_refused(
    fake_labels, real_labels, message
):
    fake_labels, real_labels = np.array(fake_labels), np.array(real_labels)
    evidence = _evidence(
        _images(fake_labels), _images(real_labels), fake_labels, real_labels
    )
    with pytest.raises(InputError, match=message):
        intra_fid().compute(evidence)


def test_a_class_that_neither_side_has_is_missed():
    labels = np.repeat([0, 1], 5)
    evidence = _evidence(_images(labels), _images(labels), labels, labels)
    dataset = synthetic()
    assert dataset.num_classes > 2
    intra_fid().compute(evidence)
    with pytest.raises(InputError, match="classes with fewer: 0 of class 2"):
        intra_fid().compute(evidence._replace(dataset=dataset))


def test_models_and_datasets_without_labels_are_refused():
    labelled = synthetic(image_shape=(8, 8, 1), num_examples=10, num_classes=2)
    unlabelled = synthetic(image_shape=(8, 8, 1), num_examples=10, num_classes=0)
    conditional = types.SimpleNamespace(game=types.SimpleNamespace(num_classes=2))
    unconditional = types.SimpleNamespace(game=types.SimpleNamespace(num_classes=0))
    intra_fid().check(conditional, labelled)
    with pytest.raises(InputError, match="has no labels"):
        intra_fid().check(conditional, unlabelled)
    with pytest.raises(InputError, match=r"conditional model.*cond_gan"):
        intra_fid().check(unconditional, labelled)
    with pytest.raises(InputError, match="there are only images"):
        intra_fid().check(None, labelled)
