"""Reading batches ahead of those who need them, several parts at a time."""

import collections
import concurrent.futures
import os
from collections.abc import Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores.store import Store

# Images that one thread reads in one go: enough to make its start negligible, few
# enough to share a batch between cores.
_CHUNK = 16
# What is read ahead of the batch that is asked for: some batches, since an iteration
# takes one for every discriminator step at once, within a limit of memory.
_BATCHES = 8
_BYTES = 2**28
# Chunks per thread, so that none waits while batches are put together.
_CHUNKS = 3


class _Request(Protocol):
    @property
    def ids(self) -> np.ndarray: ...

    @property
    def numbers(self) -> tuple[np.ndarray, ...] | None: ...


RequestT = TypeVar("RequestT", bound=_Request)


class _Chunk(NamedTuple, Generic[RequestT]):
    request: RequestT
    part: slice


def read_ahead(
    store: Store, requests: Iterator[RequestT]
) -> Iterator[tuple[RequestT, np.ndarray]]:
    """Yields every request with its images, in order.

    A store that decodes is read by as many threads as TensorFlow computes with, up to
    eight batches ahead; any other when a batch is asked for. The threads end with the
    iterator.

    Args:
        store: Where images come from.
        requests: Batches, possibly without end.

    Raises:
        InputError: If an image cannot be read, when the batch that it is part of is
            asked for.
    """
    if not store.decodes:
        for request in requests:
            yield request, store.read(request.ids, _numbers(request))
        return
    workers = _num_workers()
    pool = concurrent.futures.ThreadPoolExecutor(workers, "read_ahead")
    try:
        yield from _in_order(store, _chunks(requests), pool, workers)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(
    store: Store,
    chunks: Iterator[_Chunk[RequestT]],
    pool: concurrent.futures.ThreadPoolExecutor,
    workers: int,
) -> Iterator[tuple[RequestT, np.ndarray]]:
    shape = store.image_shape
    most = _BYTES // int(np.prod(shape))
    waiting: collections.deque[
        tuple[_Chunk[RequestT], concurrent.futures.Future[np.ndarray]]
    ] = collections.deque()
    images = np.empty((0, *shape), np.uint8)
    ahead = _CHUNKS * workers
    while True:
        while len(waiting) <= ahead and (chunk := next(chunks, None)) is not None:
            waiting.append((chunk, pool.submit(_read, store, chunk)))
            images_ahead = min(_BATCHES * len(chunk.request.ids), most)
            ahead = max(images_ahead // _CHUNK, _CHUNKS * workers)
        if not waiting:
            return
        chunk, future = waiting.popleft()
        num = len(chunk.request.ids)
        if chunk.part.start == 0:
            images = np.empty((num, *shape), np.uint8)
        images[chunk.part] = future.result()
        if chunk.part.stop == num:
            yield chunk.request, images


def _chunks(requests: Iterator[RequestT]) -> Iterator[_Chunk[RequestT]]:
    for request in requests:
        num = len(request.ids)
        for start in range(0, num, _CHUNK):
            yield _Chunk(request, slice(start, min(start + _CHUNK, num)))


def _read(store: Store, chunk: _Chunk[RequestT]) -> np.ndarray:
    numbers = _numbers(chunk.request)
    return store.read(
        chunk.request.ids[chunk.part], None if numbers is None else numbers[chunk.part]
    )


def _numbers(request: _Request) -> np.ndarray | None:
    return None if request.numbers is None else request.numbers[0]


def _num_workers() -> int:
    threads: int = tf.config.threading.get_intra_op_parallelism_threads()
    return threads or len(os.sched_getaffinity(0))
