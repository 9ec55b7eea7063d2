import numpy as np
import pytest

from compare_ssgan import config
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError


def test_shape_and_classes_are_those_asked_for():
    dataset = synthetic(image_shape=(8, 6, 1), num_classes=3, num_examples=6)
    batch = next(dataset.train.evaluation_batches(6, 6))
    assert dataset.image_shape == batch.images.shape[1:] == (8, 6, 1)
    np.testing.assert_array_equal(batch.labels, np.tile(np.eye(3), (2, 1)))


def test_zero_classes_are_an_unlabelled_dataset():
    dataset = synthetic(image_shape=(4, 4, 1), num_classes=0, num_examples=4)
    assert dataset.num_classes == 0
    assert next(dataset.train.training_batches(2, seed=0)).labels is None


def test_images_are_the_same_every_time_and_differ_between_splits_and_seeds():
    def content(**options):
        options = {"image_shape": (4, 4, 1), "num_examples": 4, **options}
        return synthetic(**options)

    assert content().train.content_hash == content().train.content_hash
    assert content().train.content_hash != content().test.content_hash
    assert content().train.content_hash != content(seed=1).train.content_hash


def test_a_huge_shape_costs_nothing_until_it_is_read():
    dataset = synthetic(image_shape=(4096, 4096, 3), num_examples=100_000)
    assert dataset.train.num_examples == 100_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (32, 32)}, r"not \(32, 32\).*synthetic.image_shape"),
        ({"image_shape": (0, 32, 3)}, r"synthetic.image_shape"),
        ({"num_classes": -1}, r"-1 classes.*synthetic.num_classes"),
        ({"num_examples": 0}, r"0 examples.*synthetic.num_examples"),
    ],
)
def test_impossible_sizes_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        synthetic(**options)


def test_gin_knows_the_datasets_by_their_names():
    names = config.registered()
    assert "datasets.synthetic" in names
