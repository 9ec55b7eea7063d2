import numpy as np
import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.studies import grids
from compare_ssgan.studies.example_grid import UNLABELLED, example_grid

WHITE = 255


def _dataset(labels, num_classes, shape=(64, 64, 1), **options):
    """Images that have the value of their position everywhere."""
    num = len(labels)
    images = (
        np.zeros((num, *shape), np.uint8)
        + np.arange(num, dtype=np.uint8)[:, None, None, None]
    )
    split = array_split(Arrays(images, labels if num_classes else None), num_classes)
    return Dataset("a", shape, num_classes, split, split, **options)


def _values(picture, size=64):
    """Returns the value in the middle of every cell."""
    return picture.image[2 + size // 2 :: size + 2, 2 + size // 2 :: size + 2, 0]


def test_examples_of_a_class_are_at_equal_distances_in_stored_order():
    picture = example_grid(_dataset(np.arange(200) % 5, 5, class_names=tuple("abcde")))
    values = _values(picture)
    assert picture.groups == tuple("abcde")
    assert values.shape == (5, 10)
    np.testing.assert_array_equal(values % 5, np.arange(5)[:, None].repeat(10, 1))
    # 40 examples of a class, every 39 / 9 of them.
    every = np.linspace(0, 39, 10).round()
    np.testing.assert_array_equal(values[1], 5 * every + 1)


def test_few_classes_have_several_rows_each():
    picture = example_grid(_dataset(np.arange(200) % 2, 2))
    assert (picture.groups, picture.rows) == (("0", "1"), 2)
    odd = _values(picture) % 2
    np.testing.assert_array_equal(odd, np.array([0, 0, 1, 1])[:, None].repeat(10, 1))


def test_of_many_classes_some_are_shown():
    picture = example_grid(_dataset(np.arange(200) % 100, 100))
    assert picture.groups == ("0", "11", "22", "33", "44", "55", "66", "77", "88", "99")
    assert _values(picture).shape == (10, 2)


def test_unlabelled_examples_come_last():
    labels = np.array([0, -1, 3, -1, -1, 3, 0, 0])
    picture = example_grid(_dataset(labels, 4))
    assert picture.groups == ("0", "3", UNLABELLED)
    expected = [[0, 6, 7], [2, 5, WHITE], [1, 3, 4]]
    np.testing.assert_array_equal(_values(picture), expected)


def test_a_soft_label_counts_as_its_most_probable_class():
    labels = np.float32([[0.4, 0.6], [0, 0], [0.9, 0.1], [0.5, 0.5]])
    picture = example_grid(_dataset(labels, 2))
    assert picture.groups == ("0", "1", UNLABELLED)
    expected = [[2, 3], [0, WHITE], [1, WHITE]]
    np.testing.assert_array_equal(_values(picture), expected)


@pytest.mark.parametrize(("num_classes", "groups"), [(0, ("",)), (3, (UNLABELLED,))])
def test_without_any_label_examples_fill_a_rectangle(num_classes, groups):
    picture = example_grid(_dataset(np.full(61, -1), num_classes))
    assert picture.groups == groups
    np.testing.assert_array_equal(
        _values(picture),
        np.arange(60).reshape(6, 10)
        + (np.linspace(0, 60, 60).round() - np.arange(60)).reshape(6, 10),
    )


@pytest.mark.parametrize(
    ("shape", "cell", "cells"),
    [
        ((8, 8, 1), (64, 64), (1, 9)),
        ((28, 28, 1), (56, 56), (1, 9)),
        ((128, 128, 3), (128, 128), (2, 7)),
        ((512, 256, 3), (512, 256), (3, 4)),
    ],
)
def test_small_images_are_enlarged_and_large_ones_are_fewer(shape, cell, cells):
    dataset = _dataset(np.zeros(9, int), 1, shape)
    picture = example_grid(dataset)
    rows, columns = cells
    border = 2
    height, width = rows * (cell[0] + border), columns * (cell[1] + border)
    assert picture.image.shape == (height + border, width + border, shape[2])


def test_enlarging_repeats_pixels():
    images = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    split = array_split(Arrays(images), 0)
    picture = example_grid(Dataset("a", (8, 8, 1), 0, split, split))
    expected = images.repeat(8, 1).repeat(8, 2) / 255
    np.testing.assert_array_equal(picture.image, grids.grid(expected))
