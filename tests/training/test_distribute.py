"""Replicas do together what one does."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tiny

from compare_ssgan.errors import InputError, PreemptedError
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.layers import replicas
from compare_ssgan.training import distribute
from tests.training import replica_steps

ROOT = pathlib.Path(__file__).parents[2]


def on_two(path, amount, control="none"):
    environment = os.environ | {
        distribute.VIRTUAL_DEVICES: "2",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
    }
    program = ROOT / "tests" / "training" / "replica_steps.py"
    subprocess.run(
        [sys.executable, program, path, amount, control],
        env=environment,
        check=True,
        timeout=300,
        capture_output=True,
    )
    return np.load(path)


@pytest.mark.parametrize(
    "amount", ["few", pytest.param("many", marks=pytest.mark.slow)]
)
def test_two_replicas_are_one_for_whatever_couples_examples(amount, tmp_path):
    two = on_two(tmp_path / "two.npz", amount)
    one = replica_steps.steps(amount == "many")
    assert set(two.files) == set(one)
    for name, expected in one.items():
        # The others are variables, second moments of gradients among them.
        relative = 0.0 if "/" in name else 1e-3
        np.testing.assert_allclose(
            two[name], expected, atol=1e-5, rtol=relative, err_msg=name
        )


@pytest.mark.slow
def test_statistics_of_a_replicas_own_examples_are_found_out(tmp_path):
    two = on_two(tmp_path / "two.npz", "few", "local")
    one = replica_steps.steps(many=False)
    terms = [name for name in one if "/" in name]
    assert max(np.abs(two[name] - one[name]).max() for name in terms) > 1e-3


def test_images_to_rotate_that_replicas_cannot_share_are_refused(monkeypatch):
    monkeypatch.setattr(replicas, "count", lambda: 4)
    with pytest.raises(
        InputError, match=r"4 replicas .* share 2 .*tasks.Rotation.shar"
    ):
        tiny.game(tasks=[Rotation])


def test_one_device_is_not_mirrored():
    with pytest.raises(InputError, match=r"finds (none|1) of them. Remove --strategy"):
        distribute.make("mirrored")


@pytest.mark.parametrize("number", ["two", "0", ""])
def test_virtual_devices_are_a_number(monkeypatch, number):
    monkeypatch.setenv(distribute.VIRTUAL_DEVICES, number)
    with pytest.raises(InputError, match=f"from 1 on, not '{number}'"):
        distribute.make("mirrored")


def test_without_a_tpu_the_strategy_is_refused(monkeypatch):
    for name in ("TPU_NAME", "TF_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        InputError, match=r"--strategy tpu finds no TPU: Please provide"
    ):
        distribute.make("tpu")


def test_the_error_of_one_process_is_its_own():
    error = distribute._LOST[0](None, None, "gone")
    with pytest.raises(type(error)), distribute.ALONE.together():
        raise error
    team = distribute.Team(place=distribute.Place(1, 2))
    with (
        pytest.raises(PreemptedError, match=r"Worker 1 .* of the 2 workers.*\(gone\)"),
        team.together(),
    ):
        raise error
