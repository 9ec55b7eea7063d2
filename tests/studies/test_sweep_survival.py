"""Real sweeps of real processes, killed and doubled."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.studies.test_resume import ROOT, compare_tensors
from tests.studies.toy.killing import count_lines

pytestmark = pytest.mark.slow

STUDY = """
study.datasets = ['toy']
study.methods = ['plain', 'other']
study.method_seeds = {'plain': 2, 'other': 1}
study.grid = {
    'STEPS': [600],
    'EVAL_EVERY': [300],
    'CHECKPOINT_EVERY': [50],
    'run.log_every': [1],
}
"""
LONGEST_SECONDS = 600


class Sweep:
    """A sweep in a process of its own, of which files keep what it says."""

    def __init__(self, directory, out, name):
        (directory / "three.gin").write_text(STUDY)
        self.log = directory / f"{name}.log"
        command = [sys.executable, "-m", "tests.studies.toy.program", "sweep"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, str(directory / "three.gin"), "--out", str(out)],
                cwd=ROOT / "tests" / "studies" / "toy",
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def wait(self):
        try:
            code = self.process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            # It stops its runs, too.
            self.process.terminate()
            self.process.wait()
            raise
        return code, self.log.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()


def runs(out):
    return {path.name: path for path in (out / "runs").iterdir()}


def attempts(directory):
    text = (directory / "attempts.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def training(out, but=()):
    """Waits until a run is some steps on, and returns its directory."""
    latest = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < latest:
        for path in out.glob("runs/*"):
            begun = path.name not in but and (path / "attempts.jsonl").exists()
            if begun and count_lines(path / "train.jsonl") > 100:
                return path
        time.sleep(0.01)
    raise TimeoutError("No run is trained.")


def assert_done_as_undisturbed(out, whole):
    found, expected = runs(out), runs(whole)
    assert found.keys() == expected.keys()
    for name, directory in found.items():
        assert (directory / "DONE").exists()
        files = ["config.gin", "operative_config.gin", "metrics.jsonl", "train.jsonl"]
        files += [f"samples/{path.name}" for path in directory.glob("samples/*")]
        for file in files:
            same = (directory / file).read_bytes()
            assert same == (expected[name] / file).read_bytes(), (name, file)
        compare_tensors(expected[name], directory)
        # Every step was taken by one process, but for those since a checkpoint.
        *before, last = attempts(directory)
        assert last["status"] == "complete"
        assert all(row["status"] == "killed" for row in before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of an undisturbed sweep."""
    directory = tmp_path_factory.mktemp("whole")
    code, said = Sweep(directory, directory / "out", "whole").wait()
    assert code == 0, said
    return directory / "out"


def test_after_kills_the_same_command_does_the_rest_and_nothing_twice(whole, tmp_path):
    out = tmp_path / "out"
    first = Sweep(tmp_path, out, "first")
    killed = training(out)
    os.kill(attempts(killed)[-1]["pid"], signal.SIGKILL)
    # The sweep goes on with the next run, until it is killed itself.
    orphan = training(out, but=[killed.name])
    first.kill()
    assert f"{killed.name}: killed by signal 9" in first.log.read_text()

    # What the first one had begun goes on, and is held by nobody else.
    code, said = Sweep(tmp_path, out, "second").wait()
    assert code in (0, 3), said
    if code == 3:
        code, said = Sweep(tmp_path, out, "third").wait()
        assert code == 0, said
    assert "three: 3 done" in said
    assert [len(attempts(each)) for each in (killed, orphan)] == [2, 1]
    assert attempts(killed)[1]["from_step"] > 0
    assert_done_as_undisturbed(out, whole)

    before = {name: attempts(path) for name, path in runs(out).items()}
    code, said = Sweep(tmp_path, out, "last").wait()
    assert (code, "0 to do" in said) == (0, True)
    assert {name: attempts(path) for name, path in runs(out).items()} == before


def test_two_sweeps_at_once_do_no_run_twice(whole, tmp_path):
    out = tmp_path / "out"
    both = [Sweep(tmp_path, out, name) for name in ("one", "two")]
    for sweep in both:
        code, said = sweep.wait()
        # The other one may still be at its last run.
        assert code in (0, 3), said
        assert ("in progress in another process" in said.split("three: ")[-1]) == (
            code == 3
        )
    assert_done_as_undisturbed(out, whole)
    assert [len(attempts(path)) for path in runs(out).values()] == [1, 1, 1]
    planned = json.loads((out / "study.json").read_text())["planned"]
    assert sorted(row["run_id"] for row in planned) == sorted(runs(whole))
