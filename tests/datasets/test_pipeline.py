import itertools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.base import Worker
from compare_ssgan.datasets.pipeline import (
    StoredSplit,
    array_split,
    lazy_array_split,
)
from compare_ssgan.datasets.stores.cached import CachedStore
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.datasets.stores.encoded import EncodedStore
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


NUM_ENCODED = 22


@pytest.fixture(scope="module")
def encoded():
    """Wide JPEG files, cropped at random."""
    rng = np.random.default_rng(0)
    contents = [
        tf.io.encode_jpeg(rng.integers(0, 256, (8, 16, 3), np.uint8)).numpy()
        for _ in range(NUM_ENCODED)
    ]
    return {
        crop: EncodedStore(
            NUM_ENCODED,
            lambda ids: [contents[k] for k in ids],
            Preparation(8, 8, 3, crop=crop),
            describe=str,
            feed=lambda digest: digest.update(b"".join(contents)),
        )
        for crop in ("random", "middle")
    }


def _mirror(images, numbers):
    return np.where((numbers & 1 == 1)[:, None, None, None], images[:, ::-1], images)


def _darken(images, numbers):
    return images // (1 + numbers % 3).astype(np.uint8)[:, None, None, None]


@pytest.fixture(params=["arrays", "random", "middle", "cached"])
def augmented(request, encoded):
    """A split of any store, with two augmentations that differ in every epoch."""
    if request.param == "arrays":
        images = np.random.default_rng(1).integers(0, 256, (NUM_ENCODED, 8, 8, 3))
        split = array_split(Arrays(images.astype(np.uint8)), 0)
    elif request.param == "cached":
        split = StoredSplit(CachedStore(encoded["middle"]), 0, lambda: None)
    else:
        split = StoredSplit(encoded[request.param], 0, lambda: None)
    return split.augmented(_mirror).augmented(_darken)


def _batches(split, number, **settings):
    batches = split.training_batches(6, seed=5, **settings)
    return list(itertools.islice(batches, number))


def _assert_equal(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.images, b.images)


def test_crops_and_augmentations_are_the_same_wherever_training_starts(augmented):
    # 22 examples in batches of 6: epochs end within batches.
    expected = _batches(augmented, 9)
    for start in (8, 0, 3, 4):
        found = _batches(augmented, 9 - start, start=start)
        _assert_equal(found, expected[start:])


def test_the_shares_of_workers_are_the_batches_of_one_process(augmented):
    expected = _batches(augmented, 5)
    shares = [
        _batches(augmented, 3, start=2, worker=Worker(index, 3)) for index in range(3)
    ]
    for number, batch in enumerate(expected[2:]):
        parts = [share[number] for share in shares]
        for name in ("images", "ids"):
            rounds = np.stack([getattr(part, name) for part in parts], axis=1)
            together = rounds.reshape(-1, *rounds.shape[2:])
            np.testing.assert_array_equal(together, getattr(batch, name))


def test_crops_and_augmentations_differ_between_epochs_and_seeds(encoded):
    split = StoredSplit(encoded["random"], 0, lambda: None)
    first, second = itertools.islice(split.training_batches(22, seed=0), 2)
    other = next(split.training_batches(22, seed=1))
    by_id = [b.images.numpy()[np.argsort(b.ids)] for b in (first, second, other)]
    for a, b in itertools.combinations(by_id, 2):
        # One of nine places.
        assert (a != b).any(axis=(1, 2, 3)).mean() > 0.5


def test_an_augmentation_leaves_order_crops_and_other_augmentations_alone(encoded):
    split = StoredSplit(encoded["random"], 0, lambda: None).augmented(_mirror)
    (plain,) = _batches(split, 1)
    (darker,) = _batches(split.augmented(_darken), 1)
    np.testing.assert_array_equal(plain.ids, darker.ids)
    divisors = set()
    for a, b in zip(plain.images.numpy(), darker.images.numpy(), strict=True):
        levels, expected = np.rint(b * 255), np.rint(a * 255)
        divisors |= {d for d in (1, 2, 3) if (levels == expected // d).all()}
    assert len(divisors) > 1


def test_a_batch_cannot_be_shared_unequally():
    with pytest.raises(InputError, match=r"batch of 4 .* by 3 workers.*BATCH_SIZE"):
        _split().training_batches(4, seed=0, worker=Worker(0, 3))


def test_taken_examples_keep_ids_labels_and_images():
    taken = _split().take(np.array([7, 2])).take(np.array([1, 0]))
    batch = next(taken.evaluation_batches(2, 2))
    np.testing.assert_array_equal(batch.ids, [2, 7])
    np.testing.assert_array_equal(batch.labels, np.eye(3)[[2, 1]])
    np.testing.assert_array_equal(np.rint(batch.images[:, 0, 0, 0] * 255), [8, 28])
    np.testing.assert_array_equal(taken.ids, [2, 7])
    assert taken.content_hash != _split().content_hash


def test_labels_can_be_replaced_by_soft_ones():
    soft = np.random.default_rng(0).random((NUM_EXAMPLES, 5)).astype(np.float32)
    batch = next(_split().with_labels(soft, 5).evaluation_batches(4, 4))
    np.testing.assert_array_equal(batch.labels, soft[:4])


def test_floats_are_those_of_dividing_to_the_last_bit():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    batch = next(array_split(Arrays(levels), 0).evaluation_batches(1, 1))
    expected = levels.astype(np.float32) / np.float32(255)
    assert batch.images.numpy().tobytes() == expected.tobytes()
