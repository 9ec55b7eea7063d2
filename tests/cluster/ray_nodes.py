"""Sweeps on a cluster of Ray on this machine, and runs of theirs to kill."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from tests.cluster import twelve

SECONDS = 400.0


class Killable:
    """A run of a study that a process works at.

    Attributes:
        directory: The run's.
        process: Id of the process.
        worker: Id of its parent, the task that looks after it.
        raylet: Id of the parent of that, the node's.
    """

    def __init__(self, directory, process):
        self.directory, self.process = directory, process
        self.worker = parent(process)
        self.raylet = parent(self.worker)

    @property
    def gpu(self):
        content = pathlib.Path(f"/proc/{self.process}/environ").read_text()
        values = dict(item.partition("=")[::2] for item in content.split("\0") if item)
        return values.get("CUDA_VISIBLE_DEVICES")


def parent(process):
    text = pathlib.Path(f"/proc/{process}/stat").read_text()
    # The name, in parentheses, may hold anything.
    return int(text.rpartition(")")[2].split()[1])


def in_training(out):
    """Returns the runs that are being trained and have saved a step."""
    found = []
    for lock in sorted(out.glob("runs/*/lock")):
        directory = lock.parent
        try:
            saved = (directory / "checkpoints" / "checkpoint").read_text()
            process = int(json.loads(lock.read_text())["pid"])
            begun = 'model_checkpoint_path: "ckpt-0"' not in saved
            if begun and not (directory / "DONE").exists():
                found.append(Killable(directory, process))
        # It has just ended, or not yet said who it is.
        except (OSError, ValueError):
            continue
    return found


def wait_for(condition, process=None, seconds=SECONDS):
    """Returns what a condition is, as soon as it is something."""
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        found = condition()
        if found:
            return found
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError("It takes too long.")


def is_alive(process):
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] not in "ZX"


def done(out):
    return len(list(out.glob("runs/*/DONE")))


def sweep(study, out, *options, seeds=twelve.SEEDS, settings=twelve.SETTINGS):
    """Starts a sweep with Ray in a process, and process group, of its own."""
    study.write_text(twelve.study(seeds))
    words = twelve.options(settings)
    program = [sys.executable, "-m", "compare_ssgan", "sweep", study, "--out", out]
    return subprocess.Popen(
        [*map(str, program), "--executor", "ray", "--threads", "1", *options, *words],
        cwd=study.parent,
        env=os.environ | {"PYTHONPATH": str(twelve.ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def interrupt(process):
    """Presses Ctrl-C: everything in the foreground gets the signal."""
    os.killpg(process.pid, signal.SIGINT)
