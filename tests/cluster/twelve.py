"""Twelve small real runs, done by engines and, for comparison, without one."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
METHODS, SEEDS, STEPS = ("sn_gan", "ssgan"), 6, 150
ALL = len(METHODS) * SEEDS
# A training so small that its start takes longer than its steps.
SMALL = (
    "GENERATOR = @dcgan.Generator",
    "BACKBONE = @dcgan.Backbone",
    "dcgan.Generator.channels = 4",
    "dcgan.Backbone.channels = 4",
    "BATCH_SIZE = 8",
    "EVAL_SAMPLES = 50",
    "run.log_every = 1",
)
SETTINGS = (
    *SMALL,
    f"STEPS = {STEPS}",
    f"EVAL_EVERY = {STEPS}",
    "CHECKPOINT_EVERY = 10",
)


def study(seeds=SEEDS):
    """Returns the text of the study's file."""
    lists = f"  methods = {list(METHODS)}\n  seeds = {seeds}\n  budget = 'smoke'\n"
    return f"study:\n  datasets = ['digits']\n{lists}"


def options(settings=SETTINGS):
    """Returns the --set options of settings."""
    return [word for setting in settings for word in ("--set", setting)]


def do_undisturbed(out):
    """Does the runs in a directory, without an engine."""
    last = ["--budget", "smoke", "--threads", "1", "--out", str(out), *options()]
    commands = [
        ["run", "--gin", f"gin_configs/{method}.gin", "--seed", str(seed), *last]
        for seed in range(SEEDS)
        for method in METHODS
    ]
    variables = {"PYTHONPATH": str(ROOT), "COMPARE_SSGAN_CACHE": str(out / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster.undisturbed"],
        input=json.dumps(commands), cwd=ROOT, env=os.environ | variables,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def compare(out, undisturbed):
    """Asserts that what runs wrote, and their weights, are equal bit for bit."""
    names = sorted(path.name for path in (out / "runs").iterdir())
    assert len(names) == ALL
    for name in names:
        found, expected = out / "runs" / name, undisturbed / "runs" / name
        for file in ("metrics.jsonl", "train.jsonl"):
            assert (found / file).read_bytes() == (expected / file).read_bytes(), name
        tensors, expected_tensors = read_tensors(found), read_tensors(expected)
        assert tensors.keys() == expected_tensors.keys()
        for key, tensor in expected_tensors.items():
            np.testing.assert_array_equal(tensors[key], tensor, err_msg=f"{name} {key}")


def read_tensors(run):
    """Returns what the last checkpoint of a run holds."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(run / "checkpoints"))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        # How often was saved depends on how often it was interrupted.
        if not name.startswith(("save_counter", "_CHECKPOINTABLE"))
    }
