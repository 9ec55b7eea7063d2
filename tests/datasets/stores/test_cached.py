import concurrent.futures
import hashlib

import numpy as np
import pytest

from compare_ssgan.datasets.stores.cached import CachedStore

NUM = 40
IMAGES = np.random.default_rng(0).integers(0, 256, (NUM, 4, 4, 3), np.uint8)


class Decoding:
    """Images, and a list of those that were decoded."""

    num_examples, image_shape = NUM, (4, 4, 3)

    def __init__(self, random):
        self.random = random
        self.decoded = []

    def read(self, ids, numbers):
        self.decoded.extend(ids)
        return IMAGES[ids]

    def feed(self, digest):
        digest.update(IMAGES.data)


def stores(random=False, **settings):
    below = Decoding(random)
    return CachedStore(below, **settings), below.decoded


def test_every_image_is_decoded_once():
    store, read = stores()
    first = store.read(np.array([3, 1, 3, 39]), np.arange(4))
    np.testing.assert_array_equal(first, IMAGES[[3, 1, 3, 39]])
    assert sorted(read) == [1, 3, 39]
    assert store.decodes
    for _ in range(2):
        np.testing.assert_array_equal(store.read(np.arange(NUM), None), IMAGES)
    assert sorted(read) == list(range(NUM))
    assert not store.decodes


def test_what_it_returns_may_be_changed():
    store, _ = stores()
    store.read(np.arange(NUM), None)[:] = 0
    np.testing.assert_array_equal(store.read(np.arange(NUM), None), IMAGES)


@pytest.mark.parametrize("settings", [{"limit_bytes": NUM * 48 - 1}, {"random": True}])
def test_nothing_is_kept_where_crops_are_random_or_memory_is_short(settings):
    store, read = stores(**settings)
    for _ in range(2):
        store.read(np.arange(NUM), np.arange(NUM))
    assert len(read) == 2 * NUM
    assert store.decodes


def test_several_threads_fill_it():
    store, _ = stores(limit_bytes=NUM * 48)
    orders = [np.random.default_rng(k).permutation(NUM)[:9] for k in range(60)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda ids: store.read(ids, None), orders)
        for ids, images in zip(orders, found, strict=True):
            np.testing.assert_array_equal(images, IMAGES[ids])
    assert not store.decodes


def test_it_is_what_the_store_below_is():
    store, _ = stores()
    assert (store.num_examples, store.image_shape) == (NUM, (4, 4, 3))
    assert (store.random, stores(random=True)[0].random) == (False, True)
    digest = hashlib.sha256()
    store.feed(digest)
    assert digest.digest() == hashlib.sha256(IMAGES.data).digest()
