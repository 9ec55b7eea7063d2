"""Wrong input: one message, exit code 2, nothing left behind."""

import io
import re
import sys

import pytest
from terminal import METHOD, SMALL

from compare_ssgan import cli


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--gin", "gin_configs/sgan.gin"], "no gin file 'gin_configs/sgan.gin'.*Did"),
        ([*METHOD, "--dataset", "digit"], "no dataset 'digit'.*'digits'"),
        ([*METHOD, "--budget", "shrt"], "no budget 'shrt'.*'short'"),
        ([*METHOD, "--budget", "paper"], r"knows no settings of sbn_ssgan on digits"),
        ([*METHOD, "--set", "losses.hing.x = 1"], r"no component 'losses.hing'.*hinge"),
        (
            [*METHOD, "--set", "tasks.Rotation.sahre = 0.5"],
            "no parameter 'sahre'.*'share'",
        ),
        ([*METHOD, "--set", "STEP = 5"], "no macro STEP.*'STEPS'"),
        ([*METHOD, "--set", "STEPS = "], "--set 'STEPS = ': not valid gin"),
        ([*METHOD, "--set", "BATCH_SIZE = 3"], "too small for the rotation share"),
        ([*METHOD, "--set", "BATCH_SIZE = 'x'"], "batch_size must be a whole number"),
        (
            [*METHOD, "--set", "gans.ModularGAN.loss = @losses.hinge"],
            r"write @losses.hinge\(\), not @losses.hinge",
        ),
        ([*METHOD, "--set", "FAMILY = 'selfsupervised'"], "'self-supervised'"),
        ([*METHOD, "--set", "SEED = 1", "--seed", "2"], "SEED is set twice"),
        ([*METHOD, "--set", "run.ema_start_step = 400"], "nothing would be averaged"),
        ([*METHOD, "--set", "evaluate.metrics = []"], "nothing would be measured"),
        (["--gin", "gin_configs/studies/digits.gin"], "is not a method file"),
        (
            ["--gin", "gin_configs/cond_gan.gin", "--dataset", "synthetic", "--set",
             "datasets.synthetic.num_classes = 0"],
            "method is conditional .* dataset has no labels",
        ),
        ([*METHOD, "--dataset", "cifar10", "--data_dir", "."], "data get cifar10"),
        ([*METHOD, "--set", "GENERATOR = @dcgan.Generator", "--set",
          "dcgan.Generator.channels = 0"], "dcgan.Generator.channels"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_message_and_exit_2(arguments, message, command, tmp_path):
    code, out, err = command("run", *arguments, "--out", tmp_path / "study")
    assert code == 2
    assert out == ""
    assert err.startswith("compare_ssgan: ")
    assert "Traceback" not in err
    assert re.search(message, err.replace("\n", " ")), err
    # Nothing is left that could be mistaken for a result.
    assert not (tmp_path / "study").exists()


def test_a_syntax_error_is_named_with_file_and_line(command, tmp_path):
    (tmp_path / "mine.gin").write_text(
        "# mine\ninclude 'gin_configs/base.gin'\nGAN =\n"
    )
    code, _, err = command("run", "--gin", "mine.gin", "--out", tmp_path / "study")
    assert code == 2
    assert "mine.gin, line 3: not valid gin" in err


@pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
def test_a_seed_is_a_whole_number(seed, command):
    code, _, err = command("run", *METHOD, f"--seed={seed}")
    assert code == 2
    assert f"not '{seed}'" in err


def test_a_binding_nobody_reads_is_refused_after_the_first_step(command, tmp_path):
    code, _, err = command(
        "run", *METHOD, *SMALL, "--out", tmp_path / "study",
        "--set", "penalties.r1.weight = 3.0",
    )  # fmt: skip
    assert code == 2
    assert "penalties.r1.weight (--set 'penalties.r1.weight = 3.0')" in err
    assert not (tmp_path / "study").exists()


def test_an_out_directory_that_cannot_be_is_refused(command, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = command("run", *METHOD, *SMALL, "--out", tmp_path / "file" / "study")
    assert code == 2
    assert "--out" in err
    assert str(tmp_path / "file") in err


def test_a_character_that_the_terminal_does_not_know_is_printed_all_the_same(
    monkeypatch,
):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "utf-8"))
    cli._print_whatever_is_printed()
    # As Python reads the name of a folder that is no UTF-8.
    print("caf\udce9", flush=True)
    assert printed.getvalue() == b"caf\\udce9\n"
