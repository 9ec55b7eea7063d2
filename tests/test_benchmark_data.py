"""tools/benchmark.py data: what it counts, and that it runs."""

import argparse
import types

import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from tools import benchmark as tool
from tools.benchmarks import data


def test_rates_are_of_batches_taken_in_wall_and_processor_time(monkeypatch):
    taken = []

    class Split:
        def training_batches(self, batch_size, seed):
            while True:
                taken.append(batch_size)
                yield None

    wall = iter([0.0, 2.0, 10.0, 14.0, 20.0, 28.0])
    processor = iter([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    monkeypatch.setattr(data.time, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(data.time, "process_time", lambda: next(processor))
    rate = data._rate(Split(), images=200, rounds=3)
    # Three batches of 64 in 2, 4 and 8 seconds, ten before them.
    assert rate == (48.0, (24.0, 96.0), 192.0)
    assert taken == [64] * (10 + 3 * 3)


def test_the_share_of_waiting_is_that_of_batches_in_an_iteration(monkeypatch):
    now = [0.0]

    class Split:
        def training_batches(self, batch_size, seed):
            while True:
                now[0] += 0.5
                yield None

    def train_step(batches):
        assert len(batches) == 2
        now[0] += 9.0
        return {"generator/adversarial": tf.constant(1.0)}

    built = types.SimpleNamespace(
        problem=types.SimpleNamespace(batch_size=64),
        discriminator_steps=2,
        seed=0,
        train_step=train_step,
    )
    monkeypatch.setattr(data.time, "perf_counter", lambda: now[0])
    found = data._shares(built, Split(), 3)
    assert found["waiting_seconds"] == 1.0
    assert found["iteration_seconds"] == 10.0
    assert found["waiting_share"] == pytest.approx(0.1)


def test_fewer_images_than_a_batch_has_are_refused():
    with pytest.raises(InputError, match="a batch has 64 of them, more than 63"):
        tool._data(argparse.Namespace(images=63))


def test_it_takes_batches_of_files_and_of_records(monkeypatch):
    monkeypatch.setattr(data, "_FILES", {"9x8": (9, 8)})
    monkeypatch.setattr(data, "_SIZE", 8)
    found = data.rates(images=64, rounds=1)
    assert found["arrays_32x32"]["images_per_second"] > 0
    case = found["jpeg_9x8_to_8"]
    assert 100 < case.pop("bytes_per_file") < 2000
    assert set(case) == {
        f"{kind}_{crop}"
        for kind in ("folder", "tfrecord")
        for crop in ("middle", "distorted")
    }
    assert all(rate["images_per_cpu_second"] > 0 for rate in case.values())
