"""Which labels are kept, and which examples."""

import itertools

import numpy as np
import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.pipeline import array_split, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.datasets.transforms.augmentation import flip
from compare_ssgan.datasets.transforms.partial_labels import (
    classes_of,
    keep,
    labelled_only,
    random_numbers,
)
from compare_ssgan.datasets.transforms.replaced_labels import single
from compare_ssgan.errors import InputError

# 10, 25 and 1 examples of three classes, and two without a label.
LABELS = np.repeat([0, 1, 2, -1], [10, 25, 1, 2])


def dataset(labels=LABELS, num_classes=3):
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    split = array_split(Arrays(images, labels), num_classes)
    return Dataset("own", (1, 1, 1), num_classes, split, split)


def kept(transform, labels=LABELS):
    """Ids of the training examples with a label."""
    found = transform(dataset(labels)).train.labels
    return np.flatnonzero(classes_of(found) >= 0)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(10, [1, 3, 1]), (20, [2, 5, 1]), (1, [1, 1, 1]), (50.0, [5, 13, 1])],
)
def test_of_each_class_a_share_is_kept_rounded_half_up_and_at_least_one(
    percent, expected
):
    found = kept(keep(percent=percent))
    assert np.bincount(LABELS[found]).tolist() == expected


def test_kept_labels_are_the_examples_own_and_the_others_have_none():
    found = keep(percent=20)(dataset()).train.labels
    labelled = found >= 0
    np.testing.assert_array_equal(found[labelled], LABELS[labelled])
    np.testing.assert_array_equal(found[~labelled], -1)
    np.testing.assert_array_equal(LABELS, np.repeat([0, 1, 2, -1], [10, 25, 1, 2]))


def test_all_labels_are_kept_of_a_hundred_percent():
    np.testing.assert_array_equal(keep(percent=100)(dataset()).train.labels, LABELS)


def test_what_a_smaller_share_keeps_a_larger_one_keeps_too():
    shares = [set(kept(keep(percent=p))) for p in (5, 10, 30, 80)]
    for smaller, larger in itertools.pairwise(shares):
        assert smaller <= larger


def test_the_choice_is_a_function_of_the_seed_and_the_id():
    first, again, other = (kept(keep(percent=30, seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)
    # The same examples in another order and number keep the same numbers.
    ids = np.array([7, 3, 11])
    expected = np.random.RandomState(5).random_sample(12)[ids]
    np.testing.assert_array_equal(random_numbers(ids, 5), expected)


def test_each_example_is_as_likely_to_be_kept():
    labels = np.zeros(20, np.int64)
    counts = np.zeros(20)
    for seed in range(1000):
        counts[kept(keep(per_class=5, seed=seed), labels)] += 1
    # Binomial, 1000 times with probability 1/4: a standard deviation of 13.7.
    np.testing.assert_allclose(counts, 250, atol=60)


def test_a_number_of_each_class_can_be_kept():
    found = kept(keep(per_class=1))
    assert sorted(LABELS[found]) == [0, 1, 2]
    transform = keep(per_class=2)
    with pytest.raises(InputError, match=r"per_class is 2, but of class 2 only 1"):
        kept(transform)


def test_soft_labels_are_kept_or_dropped_by_their_largest_entry():
    soft = np.eye(3, dtype=np.float32)[LABELS] * 0.5 + 1 / 6
    soft[LABELS == -1] = 0
    np.testing.assert_array_equal(
        kept(keep(percent=20), soft), kept(keep(percent=20), LABELS)
    )
    found = keep(percent=20)(dataset(soft)).train.labels
    np.testing.assert_array_equal(
        found, soft * (classes_of(found) >= 0).astype(np.float32)[:, None]
    )


def test_images_the_test_split_and_the_name_stay_and_the_hash_does_not():
    before, after = dataset(), keep(percent=20)(dataset())
    assert after.test.content_hash == before.test.content_hash
    assert after.train.content_hash != before.train.content_hash
    assert after.name == before.name
    assert after.own_classes
    batches = [s.train.training_batches(38, seed=0) for s in (before, after)]
    full, partly = (next(batch) for batch in batches)
    np.testing.assert_array_equal(full.images, partly.images)
    np.testing.assert_array_equal(full.ids, partly.ids)
    rows = partly.labels.numpy()
    np.testing.assert_array_equal(rows[rows.any(axis=1)].sum(axis=1), 1)
    assert rows.sum() == 2 + 5 + 1


def test_ten_percent_of_the_digits_are_about_twelve_of_each_class():
    whole = digits()
    found = keep(percent=10)(whole).train.labels
    expected = np.rint(np.bincount(whole.train.labels) / 10)
    np.testing.assert_array_equal(np.bincount(found[found >= 0]), expected)
    assert whole.train.content_hash.startswith("3297b5114f5e")


def test_only_labelled_examples_stay_and_keep_their_ids():
    whole = keep(percent=20)(dataset())
    found = labelled_only()(whole)
    expected = np.flatnonzero(whole.train.labels >= 0)
    np.testing.assert_array_equal(found.train.ids, expected)
    np.testing.assert_array_equal(found.train.labels, LABELS[expected])
    assert found.train.num_examples == 8
    assert found.test.num_examples == len(LABELS)
    batch = next(found.train.training_batches(8, seed=0))
    # An image is the number of its example.
    np.testing.assert_array_equal(np.rint(batch.images[:, 0, 0, 0] * 255), batch.ids)
    assert found.train.content_hash != whole.train.content_hash


def test_transforms_follow_on_one_that_leaves_out_examples():
    found = single()(flip()(labelled_only()(dataset())))
    assert found.train.num_examples == 36
    np.testing.assert_array_equal(found.train.labels, np.zeros(36))
    batch = next(found.train.take(np.arange(4)).evaluation_batches(4, 4))
    np.testing.assert_array_equal(batch.ids, range(4))
    next(found.train.training_batches(36, seed=0))


def test_a_dataset_without_its_files_can_be_described():
    def refuse():
        raise InputError("There is no file.")

    split = lazy_array_split(100, 10, refuse)
    unread = Dataset("unread", (1, 1, 1), 10, split, split)
    kept_some = keep(percent=10)(unread)
    assert kept_some.train.num_examples == 100
    found = flip()(labelled_only()(kept_some))
    assert (found.name, found.num_classes) == ("unread", 10)
    with pytest.raises(InputError, match="There is no file"):
        found.train.num_examples  # noqa: B018


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"one of percent and per_class.*Set labels.keep.percent"),
        ({"percent": 10, "per_class": 1}, "one of percent and per_class"),
        ({"percent": 0}, r"percent must be in \(0, 100\], not 0"),
        ({"percent": 101}, "percent must be in"),
        ({"percent": float("nan")}, "percent must be in"),
        ({"percent": "10"}, "percent must be in"),
        ({"per_class": 0}, "per_class must be a positive"),
        ({"per_class": 1.5}, "per_class must be a positive"),
        ({"percent": 10, "seed": -1}, r"labels.keep.seed must be .*not -1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        keep(**options)


@pytest.mark.parametrize("transform", [keep(percent=10), labelled_only()])
def test_a_dataset_without_classes_is_refused(transform):
    with pytest.raises(InputError, match=r"synthetic has no classes.*run.transforms"):
        transform(synthetic(num_classes=0))


def test_a_dataset_of_which_nothing_is_labelled_cannot_lose_the_rest():
    found = labelled_only()(dataset(np.full(4, -1)))
    with pytest.raises(InputError, match=r"No training example of own has a label"):
        found.train.labels  # noqa: B018
