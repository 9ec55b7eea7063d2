import itertools

import numpy as np
import pytest

from compare_ssgan.datasets.base import Worker
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.jitter import jitter
from compare_ssgan.datasets.pairs import (
    Aligned,
    PairedDataset,
    Sides,
    StoredPairs,
    Unaligned,
    refuse_pairs,
    unlabelled,
)
from compare_ssgan.datasets.stores.stacked import StackedStore
from compare_ssgan.datasets.stores.store import Arrays, ArrayStore
from compare_ssgan.errors import InputError

LOAD, CROP = 8, 5


def positions(num):
    """Images [num, LOAD, LOAD, 3] whose pixels say example, row and column."""
    grid = np.meshgrid(*map(np.arange, (num, LOAD, LOAD)), indexing="ij")
    return np.stack(grid, axis=-1).astype(np.uint8)


def store(images):
    return ArrayStore(len(images), lambda: Arrays(images))


def sides(*images):
    """What is evaluated: the upper left corners."""
    return Sides(*(store(each[:, :CROP, :CROP]) for each in images))


def jittered(whole):
    return unlabelled(whole).augmented(jitter(CROP, flip=True))


def aligned(num=10):
    images = positions(num), 255 - positions(num)
    stacked = StackedStore(*map(store, images))
    examples = Aligned(jittered(stacked), sides(*images))
    return StoredPairs(lambda: examples)


def domains(source, target):
    examples = Unaligned(
        jittered(store(source)), jittered(store(target)), sides(source, target)
    )
    return StoredPairs(lambda: examples)


def unaligned(num_source=10, num_target=6):
    return domains(positions(num_source), positions(num_target))


def taken(batches, number):
    return list(itertools.islice(batches, number))


def same(batch, other):
    pairs = zip(batch, other, strict=True)
    return all(
        np.array_equal(one.images, two.images) and np.array_equal(one.ids, two.ids)
        for one, two in pairs
    )


def levels(samples):
    return np.rint(samples.images.numpy() * 255).astype(np.uint8)


def test_aligned_images_get_the_same_crop_and_flip():
    for source, target in taken(aligned().training_batches(4, seed=0), 25):
        assert source.images.shape == target.images.shape == (4, CROP, CROP, 3)
        np.testing.assert_array_equal(levels(source), 255 - levels(target))
        np.testing.assert_array_equal(source.ids, target.ids)
        np.testing.assert_array_equal(levels(source)[:, 0, 0, 0], source.ids)
        assert source.labels is None
        assert target.labels is None


def test_half_of_the_pairs_are_mirrored_anew_in_every_epoch():
    batches = taken(aligned().training_batches(10, seed=0), 100)
    mirrored = []
    for source, _ in batches:
        columns = levels(source)[np.argsort(source.ids), 0, :, 2].astype(int)
        mirrored.append(columns[:, 0] > columns[:, 1])
    share = np.mean(mirrored, axis=0)
    # Five standard deviations, of each example and of all.
    assert abs(share - 0.5).max() < 5 * np.sqrt(0.25 / 100)
    assert abs(share.mean() - 0.5) < 5 * np.sqrt(0.25 / 1000)


@pytest.mark.parametrize("split", [aligned(), unaligned()])
@pytest.mark.parametrize("start", [1, 3, 17])
def test_starting_later_continues_the_same_sequence(split, start):
    expected = taken(split.training_batches(4, seed=5), start + 4)[start:]
    again = taken(split.training_batches(4, seed=5, start=start), 4)
    assert all(map(same, expected, again))
    other = taken(split.training_batches(4, seed=6, start=start), 4)
    assert not any(map(same, expected, other))


@pytest.mark.parametrize("split", [aligned(), unaligned()])
def test_workers_share_every_batch(split):
    whole = taken(split.training_batches(4, seed=1), 8)
    parts = [
        taken(split.training_batches(4, seed=1, worker=Worker(index, 2)), 8)
        for index in range(2)
    ]
    for batch, *shares in zip(whole, *parts, strict=True):
        for side in range(2):
            joined = np.empty_like(batch[side].images)
            for index, share in enumerate(shares):
                joined[index::2] = share[side].images
            np.testing.assert_array_equal(joined, batch[side].images)


@pytest.mark.parametrize("split", [aligned(), unaligned()])
def test_an_evaluation_is_the_same_every_time_and_without_jitter(split):
    first, again = (list(split.evaluation_batches(7, 3)) for _ in range(2))
    assert all(map(same, first, again))
    assert [len(source.ids) for source, _ in first] == [3, 3, 1]
    expected = positions(3)[:, :CROP, :CROP]
    np.testing.assert_array_equal(levels(first[0].source), expected)


def test_each_domain_has_an_endless_order_of_its_own():
    batches = taken(unaligned().training_batches(2, seed=0), 15)
    for side, num in ((0, 10), (1, 6)):
        ids = np.concatenate([batch[side].ids for batch in batches])
        epochs = ids[: len(ids) // num * num].reshape(-1, num)
        np.testing.assert_array_equal(np.sort(epochs), [np.arange(num)] * len(epochs))
    equal = unaligned(50, 50)
    (pair,) = taken(equal.training_batches(50, seed=0), 1)
    # Not the same stream twice: neither order nor crops go together.
    assert (pair.source.ids.numpy() == pair.target.ids.numpy()).mean() < 0.2
    places = [levels(s)[np.argsort(s.ids), 0, 0, 1] for s in pair]
    assert (places[0] == places[1]).mean() < 0.6


def test_an_epoch_of_domains_is_that_of_the_larger_and_the_smaller_begins_again():
    split = unaligned(3, 8)
    assert split.num_examples == 8
    (pair,) = split.evaluation_batches(8, 8)
    np.testing.assert_array_equal(pair.source.ids, [0, 1, 2, 0, 1, 2, 0, 1])
    np.testing.assert_array_equal(pair.target.ids, np.arange(8))
    np.testing.assert_array_equal(levels(pair.source)[:, 0, 0, 0], pair.source.ids)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match=r"batch of 7 .* split of 6.*BATCH_SIZE"):
        unaligned().training_batches(7, seed=0)
    with pytest.raises(InputError, match=r"11 examples .* split of 10"):
        unaligned().evaluation_batches(11, 4)
    with pytest.raises(InputError, match=r"11 examples .* split of 10"):
        aligned().evaluation_batches(11, 4)


def test_the_content_hash_tells_images_and_sides_apart():
    one, other = positions(4), 255 - positions(4)
    hashes = {
        aligned().content_hash,
        aligned(9).content_hash,
        domains(one, other).content_hash,
        domains(other, one).content_hash,
        domains(one, one).content_hash,
    }
    assert len(hashes) == 5
    assert aligned().content_hash == aligned().content_hash


def test_nothing_is_loaded_before_it_is_asked_for():
    calls, examples = [], aligned(4).load()

    def load():
        calls.append(1)
        return examples

    split = StoredPairs(load)
    assert not calls
    assert split.num_examples == 4
    next(split.training_batches(2, seed=0))
    assert len(calls) == 1


def test_pairs_can_be_looked_at_as_pictures():
    split = unaligned(3, 8)
    shape = (CROP, CROP, 3)
    pictures = PairedDataset("edges", shape, shape, split, split).beside()
    assert (pictures.name, pictures.num_classes) == ("edges", 0)
    assert pictures.image_shape == (CROP, 2 * CROP, 3)
    assert pictures.train.content_hash == split.content_hash
    (pair,) = split.evaluation_batches(8, 8)
    (picture,) = pictures.train.evaluation_batches(8, 8)
    both = np.concatenate([pair.source.images, pair.target.images], axis=2)
    np.testing.assert_array_equal(picture.images, both)


def test_pairs_are_refused_where_single_images_are_needed():
    split = aligned()
    pairs = PairedDataset("edges", (CROP, CROP, 3), (CROP, CROP, 3), split, split)
    with pytest.raises(InputError, match=r"edges has pairs .* gan needs .*DATASET"):
        refuse_pairs(pairs, "gan")
    refuse_pairs(digits(), "gan")
