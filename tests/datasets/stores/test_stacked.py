import hashlib

import numpy as np

from compare_ssgan.datasets.stores.stacked import StackedStore
from compare_ssgan.datasets.stores.store import Arrays, ArrayStore


def _images(num):
    return np.arange(num * 48, dtype=np.uint8).reshape(num, 4, 4, 3)


def test_stacked_stores_read_the_same_images_of_both():
    first, second = np.zeros((5, 4, 4, 1), np.uint8), _images(5)
    store = StackedStore(
        ArrayStore(5, lambda: Arrays(first)), ArrayStore(5, lambda: Arrays(second))
    )
    assert (store.num_examples, store.image_shape) == (5, (4, 4, 4))
    assert not store.decodes
    read = store.read(np.array([3, 1]), None)
    np.testing.assert_array_equal(read[..., 0], 0)
    np.testing.assert_array_equal(read[..., 1:], second[[3, 1]])


def test_the_order_of_the_stores_changes_the_hash():
    one = ArrayStore(5, lambda: Arrays(_images(5)))
    other = ArrayStore(5, lambda: Arrays(255 - _images(5)))
    digests = hashlib.sha256(), hashlib.sha256()
    StackedStore(one, other).feed(digests[0])
    StackedStore(other, one).feed(digests[1])
    assert digests[0].digest() != digests[1].digest()
