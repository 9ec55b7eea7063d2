"""A cluster of Ray on this machine, and runs to kill on it.

As a program it does the runs of a study undisturbed, two at a time, each in a process
forked from one that has imported TensorFlow but computed nothing with it:

    python -m tests.cluster.ray_nodes STUDY_DIRECTORY OUT
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
AT_A_TIME = 2
METHODS, SEEDS, STEPS = ("gan", "sn_gan"), 6, 150
SETTINGS = (
    "GENERATOR = @dcgan.Generator",
    "BACKBONE = @dcgan.Backbone",
    "dcgan.Generator.channels = 4",
    "dcgan.Backbone.channels = 4",
    "BATCH_SIZE = 8",
    f"STEPS = {STEPS}",
    f"EVAL_EVERY = {STEPS}",
    "EVAL_SAMPLES = 100",
    "CHECKPOINT_EVERY = 10",
)
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
    """Returns the runs that are being trained and have a checkpoint."""
    found = []
    for lock in sorted(out.glob("runs/*/lock")):
        directory = lock.parent
        saved = (directory / "checkpoints" / "checkpoint").exists()
        try:
            process = int(json.loads(lock.read_text())["pid"])
            if saved and not (directory / "DONE").exists():
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


def sweep(study, out, *options, seeds=SEEDS, settings=SETTINGS, **keywords):
    """Starts a sweep with Ray in a process, and process group, of its own."""
    lists = f"  methods = {list(METHODS)}\n  seeds = {seeds}\n  budget = 'smoke'\n"
    study.write_text(f"study:\n{lists}")
    words = [word for setting in settings for word in ("--set", setting)]
    program = [sys.executable, "-m", "compare_ssgan", "sweep", study, "--out", out]
    return subprocess.Popen(
        [*map(str, program), "--executor", "ray", "--threads", "1", *options, *words],
        cwd=study.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **keywords,
    )


def main(study, out):
    import compare_ssgan.studies.run  # noqa: F401
    from compare_ssgan import cli

    planned = json.loads((study / "study.json").read_text())["planned"]
    codes, running = [], set()
    for row in planned:
        words = ["run", "--gin", f"gin_configs/{row['method']}.gin", "--threads", "1"]
        words += ["--budget", row["budget"], "--seed", str(row["seed"])]
        words += ["--out", str(out)]
        words += [word for each in row["settings"] for word in ("--set", each)]
        if len(running) == AT_A_TIME:
            codes.append(_collect(running))
        child = os.fork()
        if not child:
            code = 1
            try:
                code = cli._dispatch(cli._parser().parse_args(words))
            finally:
                os._exit(code)
        running.add(child)
    codes += [_collect(running) for _ in list(running)]
    return max(codes)


def _collect(running):
    child, status = os.wait()
    running.remove(child)
    return os.waitstatus_to_exitcode(status)


def interrupt(process):
    """Presses Ctrl-C: everything in the foreground gets the signal."""
    os.killpg(process.pid, signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
