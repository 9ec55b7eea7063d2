import os
import pathlib
import random
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.studies.toy import killing

ROOT = pathlib.Path(__file__).parents[2]
KILLS = 10
REAL_KILLS = 2
STEPS = 40
# Quicker to trace than the networks of digits.gin.
NETWORKS = (
    "GENERATOR = @dcgan.Generator",
    "BACKBONE = @dcgan.Backbone",
    "dcgan.Generator.channels = 4",
    "dcgan.Backbone.channels = 4",
)
# A real game with everything that keeps a state.
SETTINGS = [
    "BATCH_SIZE = 8",
    f"STEPS = {STEPS}",
    "EVAL_EVERY = 20",
    "EVAL_SAMPLES = 100",
    "CHECKPOINT_EVERY = 5",
    "run.log_every = 1",
    "run.ema_decay = 0.9",
    "run.ema_start_step = 3",
    f"optimizers.adam.decay_end = {STEPS}",
    "gans.ModularGAN.generator_spectral_norm = True",
    "tasks.Rotation.anneal_end = 30",
]


# What else a step can be, two or three in one run; (method, settings).
MODES = {
    "bfloat16 in parts": (
        "sn_gan_diffaugment",
        "run.precision = 'mixed_bfloat16'",
        "run.accumulation = 2",
        "gans.ModularGAN.tasks = [@tasks.LeCam]",
        "gans.ModularGAN.data_augmentation = @augmentations.random_flip()",
    ),
    "compiled by XLA": ("sn_gan", "run.jit_compile = True"),
    "standing statistics, codes": (
        "infogan",
        "run.ema_decay = 0.9",
        "evaluate.standing_statistics = 32",
        "evaluate.truncation = 0.5",
    ),
}
SHORT = (
    "BATCH_SIZE = 8",
    "STEPS = 12",
    "EVAL_EVERY = 4",
    "EVAL_SAMPLES = 50",
    "CHECKPOINT_EVERY = 3",
    "run.log_every = 1",
)


def read_tensors(directory):
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(directory))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        # How often was saved depends on how often it was interrupted.
        if not name.startswith(("save_counter", "_CHECKPOINTABLE"))
    }


def compare_tensors(whole, killed):
    """Asserts that last checkpoints are equal, and returns what is in them."""
    expected, found = (read_tensors(run / "checkpoints") for run in (whole, killed))
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)
    return expected


def test_a_run_killed_at_random_moments_ends_bit_for_bit_as_one_never_killed(tmp_path):
    command = [sys.executable, "-m", "tests.studies.toy.killing", str(tmp_path)]
    result = subprocess.run(
        [*command, str(KILLS), "STEPS = 250"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    (whole,) = (tmp_path / "whole" / "runs").iterdir()
    (killed,) = (tmp_path / "killed" / "runs").iterdir()
    assert (killed / "DONE").exists()
    for name in ("metrics.jsonl", "train.jsonl", "config.gin"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    for step in ("000000", "000240", "000250"):
        name = f"samples/step_{step}.png"
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name

    expected = compare_tensors(whole, killed)
    names = " ".join(expected)
    for part in ("game/generator", "game/rng", "ema", "_optimizer/_variables"):
        assert part in names
    steps = next(v for k, v in expected.items() if k.startswith("game/generator_steps"))
    assert steps == 250


def start(out, method="sbn_ssgan", settings=tuple(SETTINGS)):
    command = [sys.executable, "-m", "compare_ssgan", "run", "--threads", "1"]
    command += ["--gin", f"gin_configs/{method}.gin", "--budget", "smoke"]
    command += ["--out", str(out)]
    for setting in (*NETWORKS, *settings):
        command += ["--set", setting]
    with (out.parent / f"{out.name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=out.parent,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
    process.returncode = 0  # It is waited for by its id.
    return process.pid


def do_twice(out, kills, *arguments):
    """Returns the directories of an undisturbed run and of one that was killed."""
    assert killing.wait(start(out / "whole", *arguments), seconds=300) == 0, (
        out / "whole.log"
    ).read_text()
    (whole,) = (out / "whole" / "runs").iterdir()
    killed, rng = out / "killed" / "runs" / whole.name, random.Random(3)
    for _ in range(kills):
        child = start(out / "killed", *arguments)
        code = killing.wait(child, killing.Moment(killed, rng).has_come, seconds=300)
        assert code is None, (out / "killed.log").read_text()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    code = killing.wait(start(out / "killed", *arguments), seconds=300)
    assert code == 0, (out / "killed.log").read_text()
    return whole, killed


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directories of an undisturbed run and of one that was killed."""
    return do_twice(tmp_path_factory.mktemp("resume"), REAL_KILLS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_killed_run_ends_as_an_undisturbed_one_in_every_mode(mode, tmp_path):
    method, *settings = MODES[mode]
    whole, killed = do_twice(tmp_path, 1, method, (*SHORT, *settings))
    assert (killed / "attempts.jsonl").read_text().count("\n") == 2
    for name in ("metrics.jsonl", "train.jsonl", "operative_config.gin"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    compare_tensors(whole, killed)


@pytest.mark.slow
def test_a_killed_run_has_the_record_of_an_undisturbed_one(runs):
    whole, killed = runs
    assert (killed / "attempts.jsonl").read_text().count("\n") == REAL_KILLS + 1
    names = ["metrics.jsonl", "train.jsonl", "config.gin", "operative_config.gin"]
    names += [f"samples/step_{step:06d}.png" for step in (0, 20, STEPS)]
    for name in names:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert (whole / "train.jsonl").read_text().count("\n") == STEPS


@pytest.mark.slow
def test_a_killed_run_ends_with_the_tensors_of_an_undisturbed_one(runs):
    expected = compare_tensors(*runs)
    for part in (
        "game/rng/",
        "game/generator_steps/",
        "game/tasks/",
        "game/generator/.*/u/",
        "game/discriminator/.*/u/",
        "game/generator/.*/standardize/variance/",
        "ema/generator/.*/raw/",
        "generator_optimizer/_variables/",
        "discriminator_optimizer/_variables/",
    ):
        assert any(re.match(part, name) for name in expected), part
