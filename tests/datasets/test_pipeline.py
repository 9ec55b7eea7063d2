import itertools

import numpy as np
import pytest

from compare_ssgan.datasets.pipeline import array_split, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError

NUM_EXAMPLES = 10


def _split(num_classes=3, labels=None):
    images = np.arange(NUM_EXAMPLES * 4, dtype=np.uint8).reshape(NUM_EXAMPLES, 2, 2, 1)
    if labels is None and num_classes:
        labels = np.arange(NUM_EXAMPLES) % num_classes
    return array_split(Arrays(images, labels), num_classes)


def _ids(batches, number):
    return [tuple(b.ids.numpy()) for b in itertools.islice(batches, number)]


def test_images_are_bytes_divided_by_255_and_labels_are_one_hot():
    batch = next(_split().evaluation_batches(4, 4))
    expected = np.arange(16, dtype=np.float32).reshape(4, 2, 2, 1) / 255
    np.testing.assert_array_equal(batch.images, expected)
    np.testing.assert_array_equal(batch.labels, np.eye(3)[[0, 1, 2, 0]])
    assert batch.labels.dtype == batch.images.dtype == "float32"
    assert batch.ids.dtype == "int64"


def test_a_label_of_minus_one_gives_an_empty_row():
    labels = np.full(NUM_EXAMPLES, -1)
    labels[1] = 2
    batch = next(_split(labels=labels).evaluation_batches(2, 2))
    np.testing.assert_array_equal(batch.labels, [[0, 0, 0], [0, 0, 1]])


def test_an_unlabelled_split_has_no_labels():
    batch = next(_split(num_classes=0).training_batches(2, seed=0))
    assert batch.labels is None


def test_every_epoch_shows_every_example_once():
    ids = np.concatenate(_ids(_split().training_batches(4, seed=0), 10))
    for epoch in ids.reshape(4, NUM_EXAMPLES):
        assert sorted(epoch) == list(range(NUM_EXAMPLES))


def test_order_differs_between_epochs_and_between_seeds():
    split = _split()
    first, second = _ids(split.training_batches(10, seed=0), 2)
    (other,) = _ids(split.training_batches(10, seed=1), 1)
    assert len({first, second, other}) == 3


@pytest.mark.parametrize("start", [0, 1, 2, 3, 7, 25])
def test_starting_later_continues_the_same_sequence(start):
    split = _split()
    expected = _ids(split.training_batches(4, seed=5), start + 6)[start:]
    assert _ids(split.training_batches(4, seed=5, start=start), 6) == expected


def test_images_and_labels_follow_the_ids():
    split = _split()
    batch = next(split.training_batches(5, seed=3))
    ids = batch.ids.numpy()
    np.testing.assert_array_equal(batch.labels, np.eye(3)[ids % 3])
    np.testing.assert_allclose(batch.images[:, 0, 0, 0] * 255, ids * 4, rtol=1e-6)


def test_evaluation_takes_the_first_examples_in_stored_order():
    batches = _ids(_split().evaluation_batches(7, 3), 10)
    assert batches == [(0, 1, 2), (3, 4, 5), (6,)]


def test_content_hash_depends_on_images_and_labels_only():
    labels = np.arange(NUM_EXAMPLES) % 3
    assert _split().content_hash == _split(labels=labels).content_hash
    assert _split().content_hash != _split(labels=labels[::-1]).content_hash
    assert _split().content_hash != _split(num_classes=0).content_hash


def test_arrays_are_loaded_once_and_only_when_needed():
    calls = []

    def load():
        calls.append(1)
        return Arrays(np.zeros((4, 2, 2, 1), np.uint8))

    split = lazy_array_split(4, 0, load)
    batches = split.training_batches(2, seed=0)
    assert not calls
    next(batches)
    next(split.evaluation_batches(2, 2))
    assert len(calls) == 1


def test_a_batch_larger_than_the_split_is_refused():
    with pytest.raises(InputError, match=r"batch of 11 .* split of 10.*BATCH_SIZE"):
        _split().training_batches(11, seed=0)


def test_evaluating_more_examples_than_there_are_is_refused():
    with pytest.raises(InputError, match=r"11 examples .* split of 10.*EVAL_SAMPLES"):
        _split().evaluation_batches(11, 5)
