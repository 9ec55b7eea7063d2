import subprocess
import sys

import numpy as np
import tensorflow as tf

KILLS = 10


def read_tensors(directory):
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(directory))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        # How often was saved depends on how often it was interrupted.
        if not name.startswith(("save_counter", "_CHECKPOINTABLE"))
    }


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

    expected = read_tensors(whole / "checkpoints")
    found = read_tensors(killed / "checkpoints")
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)
    names = " ".join(expected)
    for part in ("game/generator", "game/rng", "ema", "_optimizer/_variables"):
        assert part in names
    steps = next(v for k, v in expected.items() if k.startswith("game/generator_steps"))
    assert steps == 250
