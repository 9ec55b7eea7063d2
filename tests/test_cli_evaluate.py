"""The command evaluate, on a small run of real networks."""

import json
import os
import re
import shutil
import signal

import pytest
from terminal import QUICK, run_dir

from compare_ssgan import cli
from compare_ssgan.datasets.digits import digits
from compare_ssgan.evaluation.evaluate import evaluate
from compare_ssgan.evaluation.features.small_classifier import digits_cnn
from compare_ssgan.evaluation.metrics.fid import fid
from compare_ssgan.studies import evaluation, restore

FID = "fid100_test_digits_cnn"
METHOD = ["--gin", "gin_configs/sn_gan.gin"]
EMA = ["--set", "run.ema_decay = 0.5"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study with one finished run of 20 steps, checkpoints at 0, 10 and 20."""
    out = tmp_path_factory.mktemp("trained")
    arguments = ["run", *METHOD, *QUICK, *EMA, "--out", str(out / "study")]
    assert cli._dispatch(cli._parser().parse_args(arguments)) == 0
    return out / "study"


@pytest.fixture
def study(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "study")
    return tmp_path / "study"


def rows(study):
    lines = (run_dir(study) / "evaluations.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_evaluations_are_added_and_shown_in_tables(study, command):
    training = (run_dir(study) / "metrics.jsonl").read_bytes()
    options = ["--metrics", "fid", "--seeds", "0,1,2"]
    code, out, err = command("evaluate", run_dir(study), *options)
    assert code == 0
    header, *lines = [line.split() for line in out.splitlines()]
    assert header == ["method", "dataset", "seed", "step", "eval_seed", FID]
    assert [line[:5] for line in lines] == [
        ["sn_gan", "digits", "0", "20", str(seed)] for seed in range(3)
    ]
    assert "1 of 3 measurements were there already" in err
    assert [(r["metric"], r["eval_seed"]) for r in rows(study)] == [(FID, 1), (FID, 2)]
    assert (run_dir(study) / "metrics.jsonl").read_bytes() == training

    code, table, _ = command("table", study)
    assert code == 0
    assert "Each value is the mean over evaluation seeds 0 to 2." in table
    assert "eval std" in table
    mean = sum(float(line[5]) for line in lines) / 3
    shown = float(re.search(r"sn_gan +\| +1 \| +([\d.]+)", table)[1])
    assert shown == pytest.approx(mean, abs=0.02)
    # Again, nothing is left to do.
    code, again, err = command("evaluate", study, *options)
    assert (code, again) == (0, out)
    assert "3 of 3 measurements were there already" in err
    assert len(rows(study)) == 2


def test_images_are_drawn_as_asked_for_from_the_moving_average(study, command):
    run = run_dir(study)
    settings = {"truncation": 0.5, "standing_statistics": 64, "num_real": 300}
    lines = [
        word
        for name, value in settings.items()
        for word in ("--set", f"evaluate.{name} = {value}")
    ]
    code, _, _ = command("evaluate", run, "--metrics", "fid", "--steps", "10", *lines)
    assert code == 0
    (row,) = rows(study)
    name = "fid100_test300_digits_cnn_truncation0.5_standing64"
    assert (row["metric"], row["step"]) == (name, 10)
    # What sampling from that checkpoint gives.
    for path in (run / "checkpoints").glob("ckpt-20.*"):
        path.unlink()
    restored = restore.load_game(run)
    assert restored.sampler.generator is not restored.game.generator
    expected = evaluate(
        restored.sampler,
        digits(),
        features=digits_cnn(),
        metrics=[fid()],
        num_samples=100,
        **settings,
    )
    assert row["value"] == expected[0].value
    # Two protocols do not share a column.
    code, _, err = command("table", study)
    assert code == 2
    assert f"Choose one: {name}, {FID}" in err
    code, _, err = command("plot", study)
    assert (code, "Choose one" in err) == (2, True)
    code, out, _ = command("table", study, "--metric", name, "--select", "step:10")
    assert code == 0
    assert "latents truncated at 0.5, standing statistics of 64 samples" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metrics", "fdi"], "no metric 'fdi'. Did you mean 'fid'"),
        (["--metrics", "fid,"], "has an empty name"),
        (["--steps", "15"], "no checkpoint of step 15, only of 0, 10, 20"),
        (["--steps", "newest"], "must be 'last', 'all' or generator steps"),
        (["--seeds", "1,1"], "names a seed twice"),
        (["--set", "BATCH_SIZE = 9"], "BATCH_SIZE cannot be changed"),
        (["--set", "evaluate.num_samples = 601"], "split of digits has 600"),
        (["--set", "metrics.kid.subset_size = 7", "--metrics", "fid"], "no effect"),
        (["--strategy", "copied"], "invalid choice"),
    ],
)
def test_wrong_input_is_one_message_and_exit_2(arguments, message, study, command):
    code, out, err = command("evaluate", run_dir(study), *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err.replace("\n", " ")), err
    assert not (run_dir(study) / "evaluations.jsonl").exists()


def test_what_holds_no_run_is_refused(command, tmp_path):
    code, _, err = command("evaluate", tmp_path)
    assert code == 2
    assert "holds no run records" in err


def test_following_ends_with_the_run_and_cleanly_before(
    study, command, tmp_path, monkeypatch
):
    directory = run_dir(study)
    (directory / "DONE").rename(tmp_path / "DONE")
    follow = ["evaluate", directory, "--follow", "--metrics", "fid", "--seeds", 1]

    def told_to_stop(seconds):
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(evaluation.time, "sleep", told_to_stop)
        code, out, err = command(*follow)
    assert code == 75
    assert "Nothing trains the run now. Waiting until it goes on." in err
    assert "The evaluation was stopped by SIGTERM" in err
    assert [line.split()[3] for line in out.splitlines()[1:]] == ["0", "10", "20"]
    assert [row["step"] for row in rows(study)] == [0, 10, 20]
    assert not (directory / ".evaluating").exists()
    # The run is over: so is following it.
    (tmp_path / "DONE").rename(directory / "DONE")
    code, again, _ = command(*follow)
    assert (code, again) == (0, out)
    assert len(rows(study)) == 3
