"""Writes studies with all that a report shows: pictures, attempts, provenance."""

import json
import pathlib

import numpy as np
from PIL import Image

from tests.analysis import fabricate

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HOSTILE = "</script><img src=x onerror=\"document.title='pwned'\">&amp;\u2028<!--"


def picture(path, seed, size=(130, 130)):
    """Writes a grid of coloured squares."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (8, 8, 3), np.uint8)
    image = Image.fromarray(small).resize(size, Image.Resampling.NEAREST)
    path.parent.mkdir(exist_ok=True)
    image.save(path)


def complete(directory, *, commit=COMMIT, samples=True, seconds=0.1):
    """Adds to a run what a training leaves beside its measurements."""
    path = directory / "run.json"
    content = json.loads(path.read_text())
    content |= {
        "git_commit": commit,
        "versions": {"python": "3.11.7", "tensorflow": "2.21.0"},
        "device": {"kind": "cpu", "name": "AMD EPYC", "threads": 2},
        "data": {"train": "a" * 16, "test": "b" * 16},
        "networks": {
            "generator": {"name": "resnet_cifar.Generator", "parameters": 129473}
        },
    }
    path.write_text(json.dumps(content))
    attempt = {
        "attempt": 1,
        "started": "2026-11-21T08:51:54+00:00",
        "ended": "2026-11-21T08:54:31+00:00",
        "host": "vm",
        "pid": 1,
        "threads": 2,
        "from_step": 0,
        "to_step": content["steps"],
        "status": content["status"],
    }
    (directory / "attempts.jsonl").write_text(json.dumps(attempt) + "\n")
    if samples:
        picture(directory / "samples" / "step_000000.png", 0)
        picture(directory / "samples" / "step_006000.png", content["seed"] + 1)
    times = [
        {"step": step, "event": "train", "seconds": seconds * 500}
        for step in fabricate.STEPS[1:]
    ]
    lines = "".join(json.dumps(line) + "\n" for line in times)
    (directory / "timing.jsonl").write_text(lines)
    return directory


def study(place):
    """A study with every state a run can be in, and a second dataset."""
    place = fabricate.small_study(pathlib.Path(place))
    text = (
        "Traceback (most recent call last):\n  ...\nResourceExhaustedError: no memory"
    )
    fabricate.run(place, "acgan", 0, False, status="failed", error=text)
    fabricate.run(place, "acgan", 1)
    for seed in range(2):
        for method in ("sn_gan", "ssgan"):
            fabricate.run(place, method, seed, dataset="polygons")
    for number, directory in enumerate(sorted((place / "runs").iterdir())):
        complete(directory, commit=COMMIT if number % 3 else "f" * 40)
    return place


def hostile(place):
    """A study in which everything that is a text tries to be more than that."""
    settings = (f"a.b = '{HOSTILE}'",)
    metric = "fid600_test_<b>x</b>"
    lines = fabricate.measurements([9.0, 8.0], (0, 100), (metric,))
    fabricate.run(
        place, "sn_gan", 0, lines, settings=settings, family=HOSTILE, steps=100
    )
    directory = fabricate.run(
        place, "gan", 0, False, status="failed", error=HOSTILE, settings=settings,
        budget=HOSTILE,
    )  # fmt: skip
    path = directory / "run.json"
    content = json.loads(path.read_text())
    content |= {"git_commit": HOSTILE, "versions": {HOSTILE: HOSTILE}}
    content |= {"study": HOSTILE, "data": {HOSTILE: HOSTILE}, "method": HOSTILE}
    path.write_text(json.dumps(content))
    return pathlib.Path(place)


def large(place, runs=1000, measurements=100, metrics=(fabricate.FID,)):
    """A study of many runs that all have different values and pictures."""
    methods = [*fabricate.FINAL]
    steps = tuple(100 * number for number in range(measurements))
    for number in range(runs):
        method, seed = methods[number % len(methods)], number // len(methods)
        settings = (f"a.b = {seed // 5}",)
        lines = fabricate.measurements(
            fabricate.curve(method, seed, steps), steps, metrics
        )
        directory = fabricate.run(
            place, method, seed % 5, lines, settings=settings, digest=number,
            config=[f"a.c{line} = {line}" for line in range(30)] + [*settings],
        )  # fmt: skip
        complete(directory, samples=False)
        rng = np.random.default_rng(number)
        noise = rng.integers(0, 255, (160, 160, 3), np.uint8)
        path = directory / "samples" / "step_009900.png"
        path.parent.mkdir()
        Image.fromarray(noise).save(path, compress_level=0)
    return pathlib.Path(place)
