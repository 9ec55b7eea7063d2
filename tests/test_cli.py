"""The command line, as a user meets it."""

import errno
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
from terminal import METHOD, NARROW, QUICK, ROOT, SMALL, run_dir, start


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small run, done in a process of its own from another directory."""
    out = tmp_path_factory.mktemp("finished")
    process = start("run", *METHOD, *SMALL, "--out", out / "study", cwd=out)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    return out / "study", stdout, stderr


def test_help_answers_at_once():
    times = []
    # A machine that is busy may let it wait.
    while len(times) < 10 and min(times, default=1.0) >= 0.5:
        begin = time.monotonic()
        out = subprocess.run(
            [sys.executable, "-m", "compare_ssgan", "--help"],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ).stdout
        times.append(time.monotonic() - begin)
    assert min(times) < 0.5
    for name in (
        "run",
        "sweep",
        "evaluate",
        "status",
        "table",
        "plot",
        "report",
        "sample",
        "export",
        "score",
        "describe",
        "data",
        "weights",
    ):
        assert f"  {name} " in out


def test_a_run_announces_itself_and_ends_with_a_row_and_pictures(finished):
    study, stdout, stderr = finished
    directory = run_dir(study)
    assert "sbn_ssgan (self-supervised) on digits" in stderr
    assert "resnet_cifar.Generator" in stderr
    assert "parameters" in stderr
    assert "it/s" in stderr
    # Nothing of TensorFlow's own chatter.
    for noise in ("oneDNN", "cudart", "WARNING", "InitializeLog", "Sharding"):
        assert noise not in stderr
    row = dict(zip(*(line.split() for line in stdout.splitlines()[:2]), strict=True))
    assert row["method"] == "sbn_ssgan"
    assert row["step"] == "20"
    assert float(row["fid100_test_digits_cnn"]) > 0
    for label in ("curve", "samples"):
        (line,) = (x for x in stdout.splitlines() if x.startswith(f"{label}: "))
        picture = pathlib.Path(line.split(": ")[1])
        assert picture.read_bytes().startswith(b"\x89PNG")
    record = json.loads((directory / "run.json").read_text())
    assert record["status"] == "complete"
    assert (directory / "DONE").exists()
    assert record["config_digest"] == directory.name.rsplit("-", 1)[1]


def test_a_finished_run_prints_its_row_again(finished, command):
    study, stdout, _ = finished
    before = sorted(p.stat().st_mtime_ns for p in study.rglob("*") if p.is_file())
    code, again, _ = command("run", *METHOD, *SMALL, "--out", study)
    assert code == 0
    assert again == stdout
    after = sorted(p.stat().st_mtime_ns for p in study.rglob("*") if p.is_file())
    assert after == before


def test_readers_show_the_run(finished, command):
    study, _, _ = finished
    code, status, _ = command("status", study)
    assert code == 0
    assert " done " in status
    code, text, _ = command("status", study, "--json")
    assert json.loads(text)
    code, table, _ = command("table", study)
    assert code == 0
    assert "sbn_ssgan" in table
    assert "fid100_test_digits_cnn" in table
    code, table, _ = command("table", study, "--metric", "is", "--format", "csv")
    assert "is100_digits_cnn" in table
    code, path, _ = command("plot", study)
    assert code == 0
    assert pathlib.Path(path.strip()).read_bytes().startswith(b"\x89PNG")


def test_sample_draws_from_the_trained_generator(finished, command, tmp_path):
    directory = run_dir(finished[0])
    grids = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        out = tmp_path / f"{name}.png"
        options = ["--num", 9, "--out", out, "--seed", seed]
        code, path, _ = command("sample", directory, *options)
        assert (code, path.strip()) == (0, str(out))
        grids.append(out.read_bytes())
    assert grids[0] == grids[1] != grids[2]


def test_sample_truncates_latents(finished, command, tmp_path):
    directory = run_dir(finished[0])
    grids = []
    for truncation in ("none", "run", "0.3"):
        out = tmp_path / f"{truncation}.png"
        options = ["--num", 9, "--out", out, "--truncation", truncation]
        code, _, _ = command("sample", directory, *options)
        assert code == 0
        grids.append(out.read_bytes())
    assert grids[0] == grids[1] != grids[2]


def test_sample_writes_single_images(finished, command, tmp_path):
    directory = run_dir(finished[0])
    for target in ("images", "images.npz"):
        code, path, _ = command("sample", directory, "--num", 3, "--to", target)
        assert (code, path.strip()) == (0, target)
    assert len([*(tmp_path / "images").glob("*.png")]) == 3
    assert (tmp_path / "images.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "grid.png", "--to", "images"], "--to: not allowed with .*--out"),
        (["--to", "images", "--seed", str(2**31)], "--seed must be"),
        (["--seed=-1"], "not '-1'"),
        (["--truncation=0"], "positive number, 'none' or 'run', not '0'"),
    ],
)
def test_sample_refuses_what_cannot_be(arguments, message, command, tmp_path):
    code, _, err = command("sample", "run", *arguments)
    assert code == 2
    assert re.search(message, err), err
    assert [*tmp_path.iterdir()] == []


def test_an_edited_config_is_not_resumed(finished, command):
    study, _, _ = finished
    file = run_dir(study) / "config.gin"
    text = file.read_text()
    done = run_dir(study) / "DONE"
    try:
        done.unlink()
        file.write_text(text.replace("batch_size = 8", "batch_size = 16"))
        code, _, err = command("run", *METHOD, *SMALL, "--out", study)
    finally:
        file.write_text(text)
        done.touch()
    assert code == 2
    assert "another config" in err
    assert "batch_size" in err


def test_describe_counts_parameters(command):
    code, out, _ = command(
        "describe", "--gin", "gin_configs/ssgan.gin", "--dataset", "synthetic", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert (found["dataset"], found["method"]) == ("synthetic", "ssgan")
    assert found["generator"]["parameters"] == 5_849_603
    assert found["discriminator"]["parameters"] == 1_483_137
    assert found["tasks"]["rotation"]["parameters"] == 516
    for player in ("generator", "discriminator"):
        layers = found[player]["layers"]
        assert (
            sum(layer["parameters"] for layer in layers) == found[player]["parameters"]
        )
    # 2 discriminator steps of 176 images and a generator step, forward and backward.
    assert 1e11 < found["operations_per_step"] < 1e13


def test_describe_needs_no_data(command):
    code, out, _ = command(
        "describe", "--gin", "gin_configs/ssgan.gin", "--dataset", "cifar10",
        "--budget", "paper", "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["steps"] == 100_000


def test_describe_prints_networks_for_people_and_nothing_else(command):
    # What TensorFlow's start would print, test_install.py looks for.
    code, out, err = command("describe", *METHOD, *NARROW)
    assert (code, err) == (0, "")
    assert "generator: resnet_cifar.Generator" in out
    assert "gans.ModularGAN.tasks = [@tasks.Rotation]" in out
    assert "GFLOP" in out


def test_list_names_components(command):
    code, out, _ = command("list", "losses")
    assert code == 0
    assert "losses.hinge" in out
    code, _, err = command("list", "loses")
    assert code == 2
    assert "'losses'" in err


def test_sigterm_saves_and_exits_75_and_the_run_goes_on(tmp_path, finished, command):
    arguments = ["run", *METHOD, *SMALL, "--out", tmp_path / "study"]
    process = start(*arguments, cwd=tmp_path)
    for line in process.stderr:
        if line.startswith("step 4/"):
            process.send_signal(signal.SIGTERM)
            break
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 75, stderr
    assert "is saved" in stderr
    code, _, stderr = command(*arguments)
    assert code == 0, stderr
    assert "going on after step" in stderr
    # Bit for bit what the undisturbed run measured.
    for name in ("metrics.jsonl", "train.jsonl"):
        expected = (run_dir(finished[0]) / name).read_bytes()
        assert (run_dir(tmp_path / "study") / name).read_bytes() == expected


def test_a_second_process_is_told_who_holds_the_run(tmp_path, command):
    arguments = ["run", *METHOD, *QUICK, "--seed", 5, "--out", tmp_path / "study"]
    first = start(*arguments, cwd=tmp_path)
    for line in first.stderr:
        if line.startswith("step "):
            break
    # It is at work, and does not end meanwhile.
    first.send_signal(signal.SIGSTOP)
    code, _, stderr = command(*arguments)
    # A dead process holds nothing.
    first.kill()
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert code == 3, stderr
    assert str(first.pid) in stderr
    code, _, stderr = command(*arguments)
    assert code == 0, stderr


@pytest.fixture
def importable(monkeypatch):
    """Lets processes that a command starts find the package."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("importable")
def test_a_study_runs_what_is_missing_and_nothing_twice(tmp_path, command):
    study = tmp_path / "two.gin"
    study.write_text(
        "study.methods = ['sn_gan', 'cond_gan']\n"
        "study.budget = 'smoke'\nstudy.seeds = [0]\n"
    )
    arguments = ["sweep", study, *QUICK[2:], "--out", tmp_path / "study", "--jobs", 2]
    for attempt in range(2):
        code, stdout, stderr = command(*arguments)
        assert code == 0, stderr
        assert "2 done" in stdout
        assert ("2 to do" if attempt == 0 else "0 to do") in stderr
    attempts = [
        (directory / "attempts.jsonl").read_text().count("\n")
        for directory in (tmp_path / "study" / "runs").iterdir()
    ]
    assert len(attempts) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "BATCH_SIZE = 3"], "ssgan on digits with .* too small for the rot"),
        (
            ["--set", "EVAL_SAMPLES = 601"],
            "on digits with .*Set EVAL_SAMPLES = 600",
        ),
        (
            ["--dataset", "cifar10", "--data_dir", "."],
            "gan on cifar10: .*data get cifar10",
        ),
    ],
)
def test_a_dry_run_finds_mistakes_in_any_run(arguments, message, command):
    study = "gin_configs/studies/digits.gin"
    code, out, err = command("sweep", study, "--dry_run", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err.replace("\n", " ")), err


@pytest.mark.usefixtures("importable")
def test_seeds_are_runs_of_their_own(tmp_path, command):
    out = tmp_path / "study"
    code, _, stderr = command(
        "run", "--gin", "gin_configs/gan.gin", *QUICK, "--set", "STEPS = 2",
        "--seeds", "0,3", "--out", out,
    )  # fmt: skip
    assert code == 0, stderr
    names = sorted(directory.name for directory in (out / "runs").iterdir())
    assert [name.rsplit("-", 1)[0] for name in names] == [
        "digits-gan-seed0",
        "digits-gan-seed3",
    ]


def test_a_full_disk_is_one_message_and_exit_1(command, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("compare_ssgan.studies.files.append_rows", refuse)
    code, _, stderr = command("run", *METHOD, *SMALL, "--out", tmp_path / "study")
    assert code == 1
    assert "No space left on device while writing to" in stderr
