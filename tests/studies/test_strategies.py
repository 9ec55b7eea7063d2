"""Whole runs on several accelerators and in several processes."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers import replicas
from compare_ssgan.studies import experiment, spec
from compare_ssgan.studies.attempt import Attempt
from compare_ssgan.studies.record import Record
from compare_ssgan.training.checkpoints import Checkpoints
from compare_ssgan.training.distribute import VIRTUAL_DEVICES

ROOT = pathlib.Path(__file__).parents[2]
STEPS = 20
SETTINGS = (
    "BATCH_SIZE = 16",
    f"STEPS = {STEPS}",
    f"EVAL_EVERY = {STEPS}",
    "EVAL_SAMPLES = 50",
    "CHECKPOINT_EVERY = 5",
    "run.log_every = 1",
    "GENERATOR = @dcgan.Generator",
    "BACKBONE = @dcgan.Backbone",
    "dcgan.Generator.channels = 4",
    "dcgan.Backbone.channels = 4",
    # With the usual epsilon, rounding errors of vanishing gradients make whole steps.
    "optimizers.adam.epsilon = 1e-3",
)
LONG = 300
# What a record needs to be one.
FIELDS = {
    "dataset": "digits",
    "method": "sn_gan",
    "seed": 0,
    "image_shape": [32, 32, 1],
    "num_classes": 10,
    "batch_size": 16,
}
PROGRAM = ("-m", "compare_ssgan")
CONTROL = ("tests/studies/strategy_run.py",)


def start(out, method, *options, program=PROGRAM, settings=(), **variables):
    """Starts a run; variables are those of its environment."""
    words = [sys.executable, *program, "run", "--gin", f"gin_configs/{method}.gin"]
    for line in (*SETTINGS, *settings):
        words += ["--set", line]
    words += ["--threads", "1", "--out", str(out), *options]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_workers(out, method, **options):
    """Starts the two processes of a run."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (first, second)]
    workers = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    return [
        start(
            out,
            method,
            "--strategy",
            "multiworker",
            TF_CONFIG=json.dumps(
                {"cluster": workers, "task": {"type": "worker", "index": index}}
            ),
            **options,
        )
        for index in range(2)
    ]


def finish(*processes):
    """Returns the exit code and what was printed of every process."""
    try:
        printed = [process.communicate(timeout=400)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(p.returncode, text) for p, text in zip(processes, printed, strict=True)]


def run(out, method, devices=1, **options):
    """Does a run on some devices of one process."""
    flags, variables = (), {}
    if devices > 1:
        flags, variables = ("--strategy", "mirrored"), {VIRTUAL_DEVICES: str(devices)}
    ((code, text),) = finish(start(out, method, *flags, **options, **variables))
    assert code == 0, text
    return read(out)


def directory(out):
    (found,) = (out / "runs").iterdir()
    return found


def rows(out, name):
    text = (directory(out) / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def read(out):
    """Returns the losses of all steps, and the tensors of the last checkpoint."""
    losses = [[v for k, v in row.items() if "/" in k] for row in rows(out, "train")]
    reader = tf.train.load_checkpoint(str(directory(out) / "checkpoints"))
    tensors = {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if not name.startswith(("save_counter", "_CHECKPOINTABLE"))
    }
    return np.array(losses), tensors


def assert_equal(found, expected):
    """Losses within 1e-5; variables, and the state of all noise."""
    assert len(expected[0]) == STEPS
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5, rtol=0)
    assert set(found[1]) == set(expected[1])
    for name, value in expected[1].items():
        if np.issubdtype(value.dtype, np.integer):
            np.testing.assert_array_equal(found[1][name], value, err_msg=name)
        else:
            np.testing.assert_allclose(
                found[1][name], value, atol=1e-4, rtol=1e-3, err_msg=name
            )


@pytest.fixture(scope="module")
def ssgan(tmp_path_factory):
    return run(tmp_path_factory.mktemp("one"), "ssgan")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sn_gan", "cond_gan", "sbn_ssgan"])
def test_two_devices_give_the_losses_of_one(tmp_path, method):
    assert_equal(run(tmp_path / "2", method, 2), run(tmp_path / "1", method))


@pytest.mark.slow
def test_four_devices_give_the_losses_of_one(tmp_path, ssgan):
    assert_equal(run(tmp_path, "ssgan", 4), ssgan)
    (attempt,) = rows(tmp_path, "attempts")
    assert (attempt["strategy"], attempt["replicas"]) == ("mirrored", 4)


@pytest.mark.slow
def test_statistics_per_replica_do_not(tmp_path, ssgan):
    losses, _ = run(tmp_path, "ssgan", 2, program=CONTROL)
    assert np.abs(losses - ssgan[0]).max() > 1e-3


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one_and_one_record(tmp_path, ssgan):
    (chief, other) = finish(*start_workers(tmp_path, "ssgan"))
    assert (chief[0], other[0]) == (0, 0), chief[1] + other[1]
    assert_equal(read(tmp_path), ssgan)
    assert "samples:" in chief[1]
    assert "samples:" not in other[1]
    (attempt,) = rows(tmp_path, "attempts")
    assert (attempt["strategy"], attempt["replicas"]) == ("multiworker", 2)


def wait_for_step(out, step, processes):
    """Waits for a checkpoint of that step or a later one."""
    limit = time.monotonic() + 200
    while True:
        names = [path.name for path in out.glob("runs/*/checkpoints/ckpt-*.index")]
        if any(int(re.findall(r"\d+", name)[0]) >= step for name in names):
            return
        assert time.monotonic() < limit
        assert all(process.poll() is None for process in processes)
        time.sleep(0.05)


@pytest.mark.slow
def test_workers_that_are_killed_or_stopped_go_on_together(tmp_path):
    longer = {"settings": (f"STEPS = {LONG}", f"EVAL_EVERY = {LONG}")}
    out = tmp_path / "disturbed"
    for victim, step in ((1, 10), (0, 60)):
        workers = start_workers(out, "ssgan", **longer)
        wait_for_step(out, step, workers)
        workers[victim].kill()
        began = time.monotonic()
        ends = finish(*workers)
        assert time.monotonic() - began < 60
        code, text = ends[1 - victim]
        assert code == 75, text
        assert f"Worker {1 - victim} cannot go on" in text

    workers = start_workers(out, "ssgan", **longer)
    wait_for_step(out, 120, workers)
    workers[1].send_signal(signal.SIGTERM)
    (chief, other) = finish(*workers)
    assert (chief[0], other[0]) == (75, 75), chief[1] + other[1]
    steps = [
        re.search(r"after step (\d+), which is saved", text)
        for _, text in (chief, other)
    ]
    assert steps[0][1] == steps[1][1]

    for disturbed in (out, tmp_path / "undisturbed"):
        ends = finish(*start_workers(disturbed, "ssgan", **longer))
        assert [code for code, _ in ends] == [0, 0], ends
    assert [row["status"] for row in rows(out, "attempts")] == [
        "killed",
        "killed",
        "stopped",
        "complete",
    ]
    (losses, tensors), (expected_losses, expected) = map(
        read, (out, tmp_path / "undisturbed")
    )
    np.testing.assert_array_equal(losses, expected_losses)
    for name, value in expected.items():
        np.testing.assert_array_equal(tensors[name], value, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sn_gan", "cond_gan", "ssgan", "sbn_ssgan"])
def test_steps_compile_as_a_tpu_needs_it(load_narrow, method):
    built = load_narrow(method, "run.jit_compile = True")
    source = built.dataset.train.training_batches(built.batch_size, 0)
    terms = built.train_step([next(source) for _ in range(built.discriminator_steps)])
    assert all(np.isfinite(value) for value in terms.values())


@pytest.fixture
def load_narrow(monkeypatch):
    monkeypatch.chdir(ROOT)

    def load(method, *settings):
        files = (f"gin_configs/{method}.gin",)
        spec.load(spec.RunRequest(files, settings=(*SETTINGS, *settings)))
        return experiment.build()

    return load


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("BATCH_SIZE = 18", r"4 replicas .* a batch of 18 equally. Change BATCH_SIZE"),
        ("run.accumulation = 2", r"run.accumulation = 2 is for one replica"),
        ("run.jit_compile = True", r"run.jit_compile = True is for one replica"),
    ],
)
def test_what_replicas_cannot_share_is_refused(
    load_narrow, monkeypatch, setting, message
):
    monkeypatch.setattr(replicas, "count", lambda: 4)
    with pytest.raises(InputError, match=message):
        load_narrow("sn_gan", setting)


def test_a_run_that_goes_on_with_another_strategy_warns_of_it(
    load_narrow, tmp_path, caplog
):
    built = load_narrow("sn_gan")
    record = Record(tmp_path)
    record.begin({"status": "running", **FIELDS}, [])
    record.begin_attempt(1, 0, "mirrored", 2)
    Checkpoints(record.checkpoints, built.parts).save(0)
    attempt = Attempt(built, record, lambda *_: [])
    assert attempt.train(1, lambda: True).status == "stopped"
    assert "replicas (--strategy): 2 (mirrored), and goes on with 1 (none)" in (
        caplog.text
    )
    assert [row["replicas"] for row in record.attempts()] == [2, 1]
