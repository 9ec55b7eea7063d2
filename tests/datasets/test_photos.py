import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from compare_ssgan.datasets import photos as module
from compare_ssgan.datasets.photos import photos
from compare_ssgan.errors import InputError

CELL = 4


def _pixels(split, num=None):
    num = num or split.num_examples
    batch = next(split.evaluation_batches(num, num))
    return np.rint(batch.images.numpy() * 255).astype(int), batch.labels.numpy()


@pytest.fixture
def maps(monkeypatch):
    """Photographs whose pixels say where they lie: photograph, row and column."""
    rows, columns = np.indices((427, 640)) // CELL
    photographs = [
        np.stack([np.full_like(rows, index), rows, columns], -1).astype(np.uint8)
        for index in (0, 1)
    ]
    monkeypatch.setattr(module, "_photographs", lambda: tuple(photographs))


def _cells(split):
    """The numbers of all cells of the photographs that a split shows part of."""
    images = split.store.arrays.images
    pixels = CELL * images.shape[1] // 64  # of a cell
    images = images[:, ::pixels, ::pixels].astype(int)
    photograph, row, column = np.moveaxis(images, -1, 0)
    return set(np.unique((photograph * 200 + row) * 200 + column))


@pytest.mark.parametrize("size", [32, 64])
def test_no_pixel_is_in_both_splits_and_hardly_any_is_in_none(maps, size):
    dataset = photos(size=size, stride=8)
    train, test = _cells(dataset.train), _cells(dataset.test)
    assert not train & test
    # All columns, and all but the last three rows.
    assert len(train | test) == 2 * (427 // CELL) * (640 // CELL)
    assert len(test) / len(train) == (72 + 72 + 72) / (72 + 144 + 144 + 64)


def test_no_block_of_the_photographs_files_is_in_both_splits():
    # A block has 8x8 pixels where colour has the full resolution, as here.
    for first, width in module._TRAIN_BANDS + module._TEST_BANDS:
        assert first % 8 == width % 8 == 0


@pytest.mark.parametrize("size", [32, 64])
def test_every_crop_is_a_window_of_the_photograph_of_its_class(maps, size):
    images, labels = _pixels(photos(size=size, stride=8).test)
    for image, label in zip(images, labels, strict=True):
        photograph, row, column = image[0, 0]
        assert photograph == np.argmax(label)
        steps = np.arange(64 // CELL).repeat(size * CELL // 64)
        assert np.all(image[..., 0] == photograph)
        assert np.all(image[..., 1] == row + steps[:, None])
        assert np.all(image[..., 2] == column + steps)


def test_no_crop_comes_twice_and_none_is_missing(maps):
    images = photos(size=64, stride=8).train.store.arrays.images
    corners = {tuple(corner) for corner in images[:, 0, 0]}
    # 46 windows fit in 427 rows; in bands of 72, 144, 144 and 64 columns 2, 11, 11, 1.
    assert len(corners) == len(images) == 2 * 46 * (2 + 11 + 11 + 1)
    assert photos().train.num_examples == 2 * 61 * (2 + 14 + 14 + 1) == 3782
    assert photos().test.num_examples == 2 * 61 * (2 + 2 + 2) == 732


def test_pixels_are_those_of_the_photographs():
    photograph = load_sample_image("flower.jpg").astype(int)
    (image,), _ = _pixels(photos(size=64).test.take(np.array([1])))
    row, column = module._corners(module._TEST_BANDS, 6)[0]
    np.testing.assert_array_equal(
        image, photograph[row : row + 64, column : column + 64]
    )


def test_smaller_images_are_means_of_four_pixels():
    small, _ = _pixels(photos(size=32).test, 8)
    large, _ = _pixels(photos(size=64).test, 8)
    means = large.reshape(8, 32, 2, 32, 2, 3).mean((2, 4))
    np.testing.assert_array_equal(small, np.floor(means + 0.5))


def test_classes_take_turns_in_both_splits():
    dataset = photos()
    assert dataset.class_names == ("china", "flower")
    for split in (dataset.train, dataset.test):
        np.testing.assert_array_equal(split.labels, np.arange(len(split.labels)) % 2)


def test_the_first_examples_are_of_all_parts(maps):
    images, _ = _pixels(photos(stride=16).train, 64)
    rows = images[:, 0, 0, 1] * CELL
    assert abs(rows.mean() - (427 - 64) / 2) < 40


def test_the_name_says_what_changes_images():
    names = [photos(size=size, stride=s).name for size in (32, 64) for s in (6, 16)]
    assert names == ["photos", "photos_stride16", "photos_64", "photos_64_stride16"]


def test_describing_it_decodes_nothing(monkeypatch):
    monkeypatch.delattr(module, "_photographs")
    dataset = photos(size=64)
    assert dataset.image_shape == (64, 64, 3)
    assert dataset.train.num_examples == 3782


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 128}, r"32 or 64 pixels, not 128.*datasets\.photos\.size"),
        ({"stride": 3}, r"4 to 16 pixels.* not 3.*datasets\.photos\.stride"),
        ({"stride": 8.0}, r"not 8\.0"),
    ],
)
def test_other_sizes_and_strides_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        photos(**options)
