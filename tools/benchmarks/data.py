"""Times the data pipeline, and how long a training waits for it.

    python -m tools.benchmarks.data THREADS IMAGES ROUNDS

prints one line of JSON: images per second of each case with that many threads, which a
process can choose only once. Images are crops of scikit-learn's two photographs.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.errors import CommandError
from compare_ssgan.studies import threads
from tools.benchmarks import machine

_ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
_BATCH = FEWEST_IMAGES = 64
_WARM_UP = 10
_QUALITY = 95
# Of the in-memory split: more than fit into a processor's cache.
_SMALL_IMAGES = 10_000
# Images of it for each file: they are so much faster.
_ARRAY_IMAGES = 50
_SIZE = 128
# Height and width of files: as large as examples are, and as ImageNet's are.
_FILES = {"128x128": (128, 128), "400x500": (400, 500)}
_CROPS = ("middle", "distorted")

# [n] numbers to the contents of n files.
Fetch = Callable[[np.ndarray], Sequence[bytes]]


class Rate(NamedTuple):
    """How fast batches come.

    Attributes:
        images_per_second: Median of the rounds.
        range: Slowest and fastest round.
        images_per_cpu_second: Median, per second of all processors' time in this
            process: what a core does whatever else the machine is busy with.
    """

    images_per_second: float
    range: tuple[float, float]
    images_per_cpu_second: float


def measure(images: int, rounds: int, iterations: int) -> dict[str, Any]:
    """Returns rates with one thread and with all, and the share of a training.

    Args:
        images: Files of each kind, and those that a round reads.
        rounds: Times that each is timed.
        iterations: Timed iterations of each training; 0 for no training.

    Raises:
        CommandError: If a process fails, or a training diverges.
    """
    numbers = sorted({1, threads.available()})
    rates = {f"threads{num}": _in_a_process(num, images, rounds) for num in numbers}
    found = {
        "images": images,
        "batch_size": _BATCH,
        "quality": _QUALITY,
        "rounds": rounds,
        "rates": rates,
    }
    # TensorFlow takes its memory and its seconds when the rates are there.
    from compare_ssgan.studies import provenance

    if iterations:
        found["training"] = training(iterations)
    return found | {
        "machine": machine.describe(),
        "versions": provenance.versions(),
        "git_commit": provenance.git_commit(),
    }


def rates(images: int, rounds: int) -> dict[str, Any]:
    """Returns the rate of each case, with as many threads as TensorFlow has."""
    from compare_ssgan.datasets.pipeline import array_split
    from compare_ssgan.datasets.stores.store import Arrays

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (_SMALL_IMAGES, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, _SMALL_IMAGES)
    split = array_split(Arrays(pixels, labels), 10)
    found: dict[str, Any] = {
        "arrays_32x32": _rate(split, _ARRAY_IMAGES * images, rounds)._asdict()
    }
    with tempfile.TemporaryDirectory() as directory:
        for name, size in _FILES.items():
            files = jpeg_files(images, *size)
            case: dict[str, Any] = {
                "bytes_per_file": statistics.mean(map(len, files)),
            }
            path = pathlib.Path(directory) / name
            for kind, fetch in _stored(files, path).items():
                for crop in _CROPS:
                    stored = jpeg_split(len(files), fetch, crop)
                    rate = _rate(stored, images, rounds)
                    case[f"{kind}_{crop}"] = rate._asdict()
            found[f"jpeg_{name}_to_{_SIZE}"] = case
    return found


def jpeg_files(num: int, height: int, width: int) -> list[bytes]:
    """Returns JPEG files of places in photographs, of quality 95, 4:2:0."""
    import tensorflow as tf
    from sklearn.datasets import load_sample_images

    photographs = load_sample_images().images
    rng = np.random.default_rng(0)
    files = []
    for index in range(num):
        photograph = photographs[index % len(photographs)]
        top = rng.integers(photograph.shape[0] - height + 1)
        left = rng.integers(photograph.shape[1] - width + 1)
        place = photograph[top : top + height, left : left + width]
        files.append(tf.io.encode_jpeg(place, quality=_QUALITY).numpy())
    return files


def jpeg_split(
    num: int, fetch: Callable[[np.ndarray], Sequence[bytes]], crop: Any
) -> Any:
    """Returns a split of encoded images, cropped and resized to 128 pixels."""
    from compare_ssgan.datasets.pipeline import StoredSplit
    from compare_ssgan.datasets.stores.decoding import Preparation
    from compare_ssgan.datasets.stores.encoded import EncodedStore

    store = EncodedStore(
        num, fetch, Preparation(_SIZE, _SIZE, 3, crop=crop),
        describe=str, feed=lambda digest: None,
    )  # fmt: skip
    return StoredSplit(store, 0, lambda: None)


def training(iterations: int) -> dict[str, Any]:
    """Returns which share of a training is spent waiting for batches.

    Two trainings: resnet_cifar at the paper's width on arrays of 32x32 images, and
    sndcgan at 128x128 with one discriminator step on JPEG files of ImageNet's size.
    """
    from tools.benchmarks import workloads

    paper = workloads.build("paper", ())
    found = {
        "resnet_cifar_32": _shares(paper, paper.dataset.train, iterations),
    }
    del paper
    large = workloads.build(
        "paper",
        (
            f"datasets.synthetic.image_shape = ({_SIZE}, {_SIZE}, 3)",
            "GENERATOR = @sndcgan.Generator",
            "BACKBONE = @sndcgan.Backbone",
            "DISCRIMINATOR_STEPS = 1",
        ),
    )
    files = jpeg_files(2 * _BATCH, *_FILES["400x500"])
    split = jpeg_split(len(files), lambda ids: [files[k] for k in ids], "distorted")
    found["sndcgan_128_jpeg"] = _shares(large, split, iterations)
    return found


def _shares(built: Any, split: Any, iterations: int) -> dict[str, Any]:
    size, steps = built.problem.batch_size, built.discriminator_steps
    batches = split.training_batches(size, built.seed)
    waits: list[float] = []
    seconds: list[float] = []
    # The first iteration is traced.
    for _ in range(1 + iterations):
        start = time.perf_counter()
        taken = [next(batches) for _ in range(steps)]
        waits.append(time.perf_counter() - start)
        terms = built.train_step(taken)
        if not all(abs(float(term)) < float("inf") for term in terms.values()):
            raise CommandError("The training diverged.")
        seconds.append(time.perf_counter() - start)
    waiting, total = statistics.median(waits[1:]), statistics.median(seconds[1:])
    return {
        "batch_size": size,
        "discriminator_steps": steps,
        "waiting_seconds": waiting,
        "iteration_seconds": total,
        "waiting_share": waiting / total,
    }


def _stored(files: list[bytes], path: pathlib.Path) -> dict[str, Fetch]:
    """Writes files to a folder and to records, and returns how to read either.

    Records are as those of tensorflow-datasets.
    """
    import tensorflow as tf

    from compare_ssgan.datasets.stores.tfds_records import TfdsRecords

    path.mkdir()
    paths = [path / f"{index:06d}.jpg" for index in range(len(files))]
    records = path / "images.tfrecord"
    with tf.io.TFRecordWriter(str(records)) as writer:
        for each, content in zip(paths, files, strict=True):
            each.write_bytes(content)
            values = tf.train.BytesList(value=[content])
            features = tf.train.Features(feature={"image": {"bytes_list": values}})
            writer.write(tf.train.Example(features=features).SerializeToString())
    return {
        "folder": lambda ids: [paths[k].read_bytes() for k in ids],
        "tfrecord": TfdsRecords([records], len(files), "").images,
    }


def _rate(split: Any, images: int, rounds: int) -> Rate:
    batches = split.training_batches(_BATCH, seed=0)
    num = max(images // _BATCH, 1)
    # As many as are read ahead: from now on, each that is taken makes one be read.
    for _ in range(_WARM_UP):
        next(batches)
    wall, processor = [], []
    for _ in range(rounds):
        start = time.perf_counter(), time.process_time()
        for _ in range(num):
            next(batches)
        end = time.perf_counter(), time.process_time()
        wall.append(num * _BATCH / (end[0] - start[0]))
        processor.append(num * _BATCH / (end[1] - start[1]))
    return Rate(
        statistics.median(wall), (min(wall), max(wall)), statistics.median(processor)
    )


def _in_a_process(num_threads: int, images: int, rounds: int) -> dict[str, Any]:
    arguments = map(str, (num_threads, images, rounds))
    done = subprocess.run(
        [sys.executable, "-m", "tools.benchmarks.data", *arguments],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CommandError(
            f"The data pipeline failed with {num_threads} threads: "
            f"{done.stderr[-2000:]}"
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Prints what this process measures."""
    num_threads, images, rounds = map(int, sys.argv[1:])
    threads.limit_libraries(num_threads)
    threads.limit(num_threads)
    print(json.dumps(rates(images, rounds)))


if __name__ == "__main__":
    main()
