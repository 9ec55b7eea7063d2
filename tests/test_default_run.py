"""The README's first command, for real: its promises and its exact resume."""

import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parent.parent
COMMAND = [
    sys.executable, "-m", "compare_ssgan", "run", "--gin", "gin_configs/sbn_ssgan.gin",
]  # fmt: skip
KILLS = 3

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def environment(cache):
    """Each run has a cache of its own: what is in it must not change a number."""
    return os.environ | {"PYTHONPATH": str(ROOT), "COMPARE_SSGAN_CACHE": str(cache)}


@pytest.fixture(scope="module")
def default_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("default")
    done = subprocess.run(
        [*COMMAND, "--out", str(out)],
        env=environment(out / "cache"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (directory,) = (out / "runs").iterdir()
    return directory


def curve(directory, kind):
    rows = map(json.loads, (directory / "metrics.jsonl").read_text().splitlines())
    return [row["value"] for row in rows if row["metric"].startswith(kind)]


def test_it_stays_within_its_time_and_memory(default_run):
    record = json.loads((default_run / "run.json").read_text())
    assert record["wall_seconds"] < 360
    # Kilobytes; the largest process waited for.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 3_000_000


def test_it_learns_digits(default_run):
    fid = curve(default_run, "fid")
    assert fid[0] >= 5 * fid[-1]
    # Of 9.864, the score of the test images.
    assert curve(default_run, "is")[-1] >= 0.7 * 9.864


def test_killed_at_random_moments_it_ends_with_the_same_numbers(default_run, tmp_path):
    rng = random.Random(0)
    command = [*COMMAND, "--out", str(tmp_path)]
    variables = environment(tmp_path / "cache")
    for _ in range(KILLS):
        process = subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(rng.uniform(25, 45))
        process.kill()
        process.communicate()
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    directory = tmp_path / "runs" / default_run.name
    for name in ("metrics.jsonl", "train.jsonl"):
        expected = (default_run / name).read_bytes()
        assert (directory / name).read_bytes() == expected
