import numpy as np
import pytest

from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.stacked_digits import stacked_digits
from compare_ssgan.errors import InputError


def _examples(split, num):
    batch = next(split.evaluation_batches(num, num))
    images = np.rint(batch.images.numpy() * 255).astype(np.uint8)
    return images, np.argmax(batch.labels.numpy(), axis=1)


def _known(split):
    """The images of digits, as bytes, and their classes."""
    images, labels = _examples(split, split.num_examples)
    return {image.tobytes(): label for image, label in zip(images, labels, strict=True)}


@pytest.mark.parametrize("name", ["train", "test"])
def test_channels_are_digits_of_their_split_and_the_class_is_their_number(name):
    images, labels = _examples(stacked_digits().split(name), 300)
    known = _known(digits().split(name))
    for image, label in zip(images, labels, strict=True):
        shown = [known[image[..., c].tobytes()] for c in range(3)]
        assert label == 100 * shown[0] + 10 * shown[1] + shown[2]


def test_no_digit_of_one_split_is_in_the_other():
    assert not set(_known(digits().train)) & set(_known(digits().test))


def test_classes_are_equally_frequent_in_every_thousand():
    dataset = stacked_digits()
    assert dataset.num_classes == dataset.modes.num == 1000
    for split in (dataset.train, dataset.test):
        rounds = split.labels.reshape(-1, 1000)
        np.testing.assert_array_equal(
            np.sort(rounds, axis=1), [range(1000)] * len(rounds)
        )
        # Each round in an order of its own, mixed.
        assert np.any(rounds[0] != rounds[1])
        assert len(set(rounds[0, :50] // 100)) == 10


def test_all_digits_are_used_about_equally_often():
    store = stacked_digits().train.store
    used = np.bincount(store._stacked.ravel(), minlength=1197)
    # 150,000 digits, 1,197 of them: five deviations about the mean.
    expected = 15_000 / np.bincount(digits().train.labels)[digits().train.labels]
    assert np.all(np.abs(used - expected) < 5 * np.sqrt(expected))


def test_sizes_are_those_asked_for_and_more_examples_begin_the_same():
    few, more = stacked_digits(num_examples=30), stacked_digits(num_examples=1500)
    assert few.image_shape == (32, 32, 3)
    assert (few.train.num_examples, few.test.num_examples) == (30, 26_000)
    np.testing.assert_array_equal(
        _examples(few.train, 30)[0], _examples(more.train, 30)[0]
    )
    assert few.name == more.name == "stacked_digits"


def test_training_batches_show_what_is_stored():
    dataset = stacked_digits(num_examples=50)
    stored, _ = _examples(dataset.train, 50)
    batch = next(dataset.train.training_batches(50, seed=3))
    expected = stored[batch.ids.numpy()] / np.float32(255)
    np.testing.assert_array_equal(batch.images, expected)


def test_the_set_is_frozen_and_known_by_its_content():
    dataset = stacked_digits()
    assert dataset.test.content_hash.startswith("6d4a44db66")
    assert (
        dataset.train.content_hash != stacked_digits(num_examples=49).train.content_hash
    )


def test_the_mode_is_what_the_reader_reads_in_each_channel():
    asked = []

    def reader(images):
        asked.append(images)
        return images[:, 0, 0, 0]

    images = np.zeros((2, 32, 32, 3), np.uint8)
    images[:, 0, 0] = [[1, 2, 3], [9, 0, 7]]
    modes = stacked_digits().modes.assign(images, reader)
    np.testing.assert_array_equal(modes, [123, 907])
    assert [each.shape for each in asked] == [(6, 32, 32, 1)]


def test_no_examples_are_refused():
    with pytest.raises(InputError, match=r"0 examples.*stacked_digits.num_examples"):
        stacked_digits(num_examples=0)
