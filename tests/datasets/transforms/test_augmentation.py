import numpy as np
import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.datasets.transforms import augmentation
from compare_ssgan.errors import InputError

NUM, HEIGHT, WIDTH = 600, 5, 6
IMAGES = np.random.default_rng(0).integers(1, 256, (NUM, HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture
def dataset():
    splits = (array_split(Arrays(IMAGES), 0) for _ in range(2))
    return Dataset("noise", (HEIGHT, WIDTH, 3), 0, *splits)


def batch(dataset, seed=0, start=0):
    samples = next(dataset.train.training_batches(NUM, seed=seed, start=start))
    images = np.round(samples.images.numpy() * 255).astype(np.uint8)
    return images[np.argsort(samples.ids)]


def test_a_flip_mirrors_half_of_the_images(dataset):
    found = batch(augmentation.flip()(dataset))
    same = (found == IMAGES).all(axis=(1, 2, 3))
    mirrored = (found == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    # The standard deviation is 12.
    assert abs(mirrored.sum() - NUM / 2) < 50


@pytest.mark.parametrize("mode, numpy_mode", [("zero", "constant"), ("reflect",) * 2])
def test_a_shift_pads_and_crops_anywhere(dataset, mode, numpy_mode):
    found = batch(augmentation.shift(padding=2, mode=mode)(dataset))
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), numpy_mode)
    counts = np.zeros((5, 5), int)
    for y in range(5):
        for x in range(5):
            crop = padded[:, y : y + HEIGHT, x : x + WIDTH]
            counts[y, x] = (found == crop).all(axis=(1, 2, 3)).sum()
    assert counts.sum() == NUM
    # 24 each, with a standard deviation of 5.
    assert counts.min() > 4
    assert counts.max() < 49


@pytest.mark.parametrize("transform", [augmentation.flip, augmentation.shift])
def test_changes_are_drawn_anew_in_every_epoch_and_by_the_seed(dataset, transform):
    changed = transform()(dataset)
    first = batch(changed)
    np.testing.assert_array_equal(batch(changed), first)
    for other in (batch(changed, start=1), batch(changed, seed=1)):
        assert (other != first).any(axis=(1, 2, 3)).mean() > 0.4


@pytest.mark.parametrize("transform", [augmentation.flip, augmentation.shift])
def test_only_training_images_change(dataset, transform):
    changed = transform()(dataset)
    assert changed.name == dataset.name
    assert changed.test is dataset.test
    for split in (changed.train, changed.test):
        evaluated = next(split.evaluation_batches(NUM, NUM)).images
        np.testing.assert_array_equal(np.round(evaluated * 255), IMAGES)
        assert split.content_hash == dataset.train.content_hash


def test_a_shift_of_nothing_changes_nothing(dataset):
    np.testing.assert_array_equal(
        batch(augmentation.shift(padding=0)(dataset)), batch(dataset)
    )


def test_settings_that_cannot_be_honoured_are_refused(dataset):
    with pytest.raises(InputError, match=r"images.shift.padding must be .* not -1"):
        augmentation.shift(padding=-1)
    with pytest.raises(InputError, match=r"images.shift.mode must be .* not 'edge'"):
        augmentation.shift(mode="edge")
    with pytest.raises(InputError, match=r"5x6 .* mirrored 5 .* images.shift.padding"):
        augmentation.shift(padding=5, mode="reflect")(dataset)
