import numpy as np

from compare_ssgan.datasets.stores.beside import BesideStore
from compare_ssgan.datasets.stores.store import Arrays, ArrayStore


def test_a_grey_image_is_beside_one_in_colour_and_the_smaller_store_begins_again():
    grey = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5, 1)
    colour = np.arange(5 * 4 * 2 * 3, dtype=np.uint8).reshape(5, 4, 2, 3)
    store = BesideStore(
        ArrayStore(3, lambda: Arrays(grey)), ArrayStore(5, lambda: Arrays(colour))
    )
    assert (store.num_examples, store.image_shape) == (5, (4, 7, 3))
    assert not store.decodes
    pictures = store.read(np.array([4, 2]), None)
    np.testing.assert_array_equal(pictures[:, :, :5], grey[[1, 2]].repeat(3, axis=-1))
    np.testing.assert_array_equal(pictures[:, :, 5:], colour[[4, 2]])
