"""Reading batches ahead of those who need them, several parts at a time."""

import collections
import concurrent.futures
import itertools
import os
from collections.abc import Iterator
from typing import Protocol, TypeVar

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores.store import Store

# Images that one thread reads in one go: enough to make its start negligible, few
# enough to share a batch between cores.
_CHUNK = 16


class _Request(Protocol):
    @property
    def ids(self) -> np.ndarray: ...

    @property
    def numbers(self) -> tuple[np.ndarray, ...] | None: ...


_Parts = list[concurrent.futures.Future[np.ndarray]]
RequestT = TypeVar("RequestT", bound=_Request)


def read_ahead(
    store: Store, requests: Iterator[RequestT]
) -> Iterator[tuple[RequestT, np.ndarray]]:
    """Yields every request with its images, in order.

    A store that decodes is read by as many threads as TensorFlow computes with, one
    batch ahead at least; any other when a batch is asked for.

    Args:
        store: Where images come from.
        requests: Batches, possibly without end.

    Raises:
        InputError: If an image cannot be read, when the batch that it is part of is
            asked for.
    """
    if not store.decodes:
        for request in requests:
            yield request, store.read(request.ids, None)
        return
    workers = _num_workers()
    pool = concurrent.futures.ThreadPoolExecutor(workers, "read_ahead")
    waiting: collections.deque[tuple[RequestT, _Parts]] = collections.deque()
    in_flight, ended = 0, False
    try:
        while waiting or not ended:
            # Enough chunks for all threads beside the batch that is asked for now.
            while not ended and (len(waiting) < 2 or in_flight < 3 * workers):
                ended = True
                for request in itertools.islice(requests, 1):
                    ended = False
                    parts = [pool.submit(store.read, *c) for c in _chunks(request)]
                    waiting.append((request, parts))
                    in_flight += len(parts)
            if waiting:
                request, parts = waiting.popleft()
                in_flight -= len(parts)
                yield request, np.concatenate([part.result() for part in parts])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _chunks(request: _Request) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    numbers = None if request.numbers is None else request.numbers[0]
    for first in range(0, len(request.ids), _CHUNK):
        part = slice(first, first + _CHUNK)
        yield request.ids[part], None if numbers is None else numbers[part]


def _num_workers() -> int:
    return tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
