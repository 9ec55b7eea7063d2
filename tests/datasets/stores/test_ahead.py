import threading
import time
from typing import NamedTuple

import numpy as np
import pytest

from compare_ssgan.datasets.stores import ahead
from compare_ssgan.errors import InputError


class Request(NamedTuple):
    ids: np.ndarray
    numbers: tuple[np.ndarray, ...] | None = None


class SlowStore:
    """Each image is one pixel: its id. Counts what is read."""

    num_examples = 10_000
    image_shape = (1, 1, 1)

    def __init__(self, bad=-1, decodes=True):
        self.bad = bad
        self.decodes = decodes
        self.threads = set()
        self.read_ids = []

    def read(self, ids, numbers):
        self.threads.add(threading.current_thread().name)
        time.sleep(0.001 * (ids[0] % 3))
        if self.bad in ids:
            raise InputError(f"image {self.bad} cannot be read.")
        self.read_ids.extend(ids)
        values = ids if numbers is None else numbers
        return values[:, None, None, None].astype(np.uint8)


def requests(size, num=10**9, numbers=False):
    for k in range(num):
        ids = np.arange(k * size, (k + 1) * size)
        yield Request(ids, (ids + 1, ids) if numbers else None)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 100])
def test_batches_are_in_order_and_complete(size):
    found = list(ahead.read_ahead(SlowStore(), requests(size, 5)))
    assert len(found) == 5
    for k, (request, images) in enumerate(found):
        ids = np.arange(k * size, (k + 1) * size)
        np.testing.assert_array_equal(request.ids, ids)
        np.testing.assert_array_equal(images[:, 0, 0, 0], ids.astype(np.uint8))


@pytest.mark.parametrize("decodes", [False, True])
def test_the_store_gets_the_first_numbers(decodes):
    store = SlowStore(decodes=decodes)
    _, images = next(ahead.read_ahead(store, requests(20, numbers=True)))
    np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(20) + 1)


def test_there_are_as_many_threads_as_tensorflow_has(monkeypatch):
    monkeypatch.setattr(ahead, "_num_workers", lambda: 3)
    store = SlowStore()
    list(ahead.read_ahead(store, requests(100, 5)))
    assert store.threads == {f"read_ahead_{k}" for k in range(3)}


def test_an_array_is_read_when_a_batch_is_asked_for_and_not_before():
    store = SlowStore(decodes=False)
    batches = ahead.read_ahead(store, requests(20))
    next(batches)
    assert store.read_ids == list(range(20))
    assert store.threads == {threading.current_thread().name}


def test_only_so_many_images_are_ahead(monkeypatch):
    monkeypatch.setattr(ahead, "_num_workers", lambda: 1)
    # Eight batches beside the one that is taken; or what fits into memory.
    for limit, size, most in ((10**9, 32, 9 * 32), (100, 400, 400 + 100)):
        monkeypatch.setattr(ahead, "_BYTES", limit)
        store = SlowStore()
        batches = ahead.read_ahead(store, requests(size))
        next(batches)
        time.sleep(0.2)
        assert size < len(store.read_ids) <= most + 16
        batches.close()


def test_an_error_comes_with_the_batch_that_it_is_part_of():
    batches = ahead.read_ahead(SlowStore(bad=45), requests(20))
    for _ in range(2):
        next(batches)
    with pytest.raises(InputError, match="image 45"):
        next(batches)


def test_threads_end_with_an_iterator_that_is_abandoned():
    before = set(threading.enumerate())
    batches = ahead.read_ahead(SlowStore(), requests(64))
    next(batches)
    started = set(threading.enumerate()) - before
    assert started
    del batches
    for thread in started:
        thread.join(timeout=10)
        assert not thread.is_alive()
