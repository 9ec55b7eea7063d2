import json
import os
import pathlib
import shutil
import signal
import sys
import threading
import time

import pytest

from compare_ssgan.errors import PreemptedError
from compare_ssgan.studies import files, lock, spec
from compare_ssgan.studies.executors import base, inline
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.plan import Overrides
from compare_ssgan.studies.sweep import sweep
from tests.studies.toy import program as toy_program

BOTH = "gin_configs/studies/both.gin"


def calls(out):
    return [json.loads(line) for line in (out / "calls").read_text().splitlines()]


def test_everything_is_done_once_and_then_nothing(program, tmp_path, capsys):
    out = tmp_path / "out"
    summary = sweep(BOTH, out, options=Options(program=program()))
    assert summary.exit_code == 0
    assert list(summary.states.values()) == ["done"] * 4
    assert len(calls(out)) == 4
    assert "[4/4] toy-other-seed1-" in capsys.readouterr().err

    assert sweep(BOTH, out, options=Options(program=program())).exit_code == 0
    assert len(calls(out)) == 4
    assert "4 runs, 0 to do" in capsys.readouterr().err


def test_the_plan_is_on_record(program, tmp_path):
    summary = sweep(BOTH, tmp_path / "out", options=Options(program=program()))
    content = json.loads((tmp_path / "out" / "study.json").read_text())
    assert content["study"] == "both"
    assert [row["run_id"] for row in content["planned"]] == list(summary.states)
    first = content["planned"][0]
    assert first.keys() == {
        "run_id",
        "dataset",
        "method",
        "family",
        "budget",
        "seed",
        "steps",
        "settings",
    }


def test_runs_are_started_as_planned(program, tmp_path):
    overrides = Overrides(settings=("STEPS = 3",), threads=1, data_dir="/data")
    out = tmp_path / "out"
    summary = sweep(BOTH, out, overrides=overrides, options=Options(program=program()))
    first = next(iter(summary.states))
    assert calls(out)[0] == [
        *("run", "--planned", str(out / "planned" / f"{first}.json")),
        *("--out", str(out), "--threads", "1", "--data_dir", "/data"),
    ]


def test_a_run_that_is_not_planned_is_started_as_a_user_would(load, tmp_path):
    words = inline.command(load("STEPS = 3", seed=1), ("program",))
    expected = "program run --gin gin_configs/plain.gin --dataset toy --budget short"
    expected = [*expected.split(), "--seed", "1", "--set", "STEPS = 3"]
    assert words == [*expected, "--out", str(tmp_path / "out")]


def test_a_failure_does_not_stop_the_others(program, tmp_path, capsys):
    out = tmp_path / "out"
    behave = "if method == 'other': sys.exit(1)"
    summary = sweep(BOTH, out, options=Options(program=program(behave)))
    assert summary.exit_code == 1
    assert list(summary.states.values()) == ["done", "partial"] * 2
    assert "failed with exit code 1" in capsys.readouterr().err
    first, *others = str(summary).splitlines()
    assert first == "both: 2 done, 2 partial"
    assert [line.split("-seed")[0] for line in others] == ["  toy-other"] * 2
    assert all(line.endswith(": failed with exit code 1") for line in others)
    # The same command again does what failed.
    assert sweep(BOTH, out, options=Options(program=program())).exit_code == 0
    assert len(calls(out)) == 6


def test_begun_runs_are_resumed_and_diverged_ones_left_alone(
    load, program, tmp_path, capsys
):
    out = tmp_path / "out"
    content = {"dataset": "toy", "method": "plain", "seed": 0, "wall_seconds": 0.1}
    content |= {"image_shape": [8, 8, 1], "num_classes": 3, "batch_size": 8}
    for seed, status in enumerate(["diverged", "running"]):
        directory = load(seed=seed).run_directory
        directory.mkdir(parents=True)
        files.write_json(directory / "run.json", content | {"status": status})
    (load(seed=0).run_directory / "DONE").touch()
    summary = sweep(BOTH, out, options=Options(program=program()))
    assert summary.exit_code == 0
    assert list(summary.states.values()) == ["diverged"] + ["done"] * 3
    expected = "both: 4 runs, 3 to do (1 diverged, 2 missing, 1 partial)"
    assert expected in capsys.readouterr().err
    assert len(calls(out)) == 3


def test_more_seeds_and_methods_later_keep_what_is_done(program, tmp_path, capsys):
    study, out = tmp_path / "mine.gin", tmp_path / "out"
    text = "study:\n  datasets = ['toy']\n  methods = {}\n  seeds = {}\n"
    study.write_text(text.format(["plain"], 2))
    options = Options(program=program())
    before = sweep(str(study), out, options=options).states
    study.write_text(text.format(["plain", "other"], [2, 0]))
    after = sweep(str(study), out, options=options).states
    assert len(after) == 4
    assert len(set(before) & set(after)) == 1
    assert len(calls(out)) == 5
    # The one of seed 1 is not in the study any more, but its record is.
    content = files.read_json(out / "study.json")
    rows = {row["run_id"] for row in content["planned"]}
    assert rows == {*before, *after}
    assert "1 more runs were planned by earlier sweeps" in capsys.readouterr().err


def test_runs_that_another_process_is_at_come_last(load, program, tmp_path):
    held, out = load(seed=0), tmp_path / "out"
    held.run_directory.mkdir(parents=True)
    with lock.hold(held.run_directory):
        sweep(BOTH, out, options=Options(program=program()))
    (*others, last) = [call[2] for call in calls(out)]
    assert len(others) == 3
    assert pathlib.Path(last).stem == held.run_id


def test_a_run_that_another_process_has_let_go_of_is_tried_once_more(program, tmp_path):
    out = tmp_path / "out"
    # The first time, its holder has just been killed.
    behave = """
    if method == "other" and not (out / run["run_id"]).exists():
        (out / run["run_id"]).touch()
        sys.exit(3)
    """
    summary = sweep(BOTH, out, options=Options(program=program(behave)))
    assert summary.exit_code == 0
    assert len(calls(out)) == 6


def test_a_run_that_another_process_finishes_meanwhile_is_done(program, tmp_path):
    # Whoever had it wrote its record before the end of this sweep.
    path = program()[-1]
    text = pathlib.Path(path).read_text() + "sys.exit(3 if method == 'other' else 0)"
    pathlib.Path(path).write_text(text)
    out = tmp_path / "out"
    summary = sweep(BOTH, out, options=Options(program=(sys.executable, "-S", path)))
    assert summary.exit_code == 0
    assert str(summary) == "both: 4 done"


def test_what_is_submitted_is_told_with_how_to_look(program, tmp_path, monkeypatch):
    def submit(requests, options, report):
        for request in requests:
            report.started(request)
        return Ending.SUBMITTED

    engine = base.Executor(lambda options, strategy: None, submit)
    monkeypatch.setattr(base, "load", lambda name: engine)
    out = tmp_path / "out"
    summary = sweep(BOTH, out, executor="slurm")
    assert summary.exit_code == 0
    assert "submitted 4; they go on" in str(summary)
    assert f"compare_ssgan status {out}" in str(summary)
    assert all(str(name) not in str(summary) for name in summary.states)


def test_edits_while_a_sweep_goes_on_change_nothing(
    program, tmp_path, monkeypatch, toy_configs
):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "gin_configs" / "mine.gin"
    mine.parent.mkdir()
    text = "include 'gin_configs/base.gin'\nFAMILY = 'conditional'\nGAN = @toys.Game\n"
    mine.write_text(text)
    study = tmp_path / "study.gin"
    study.write_text("study.methods = ['mine']\nstudy.datasets = ['toy']\n")
    study.write_text(study.read_text() + "study.seeds = 2\n")
    behave = f"""
    path = pathlib.Path({str(mine)!r})
    path.write_text(path.read_text() + "toys.Game.width = 7\\n")
    """
    out = tmp_path / "out"
    expected = sweep(str(study), out, options=Options(program=program())).states
    shutil.rmtree(out)
    summary = sweep(str(study), out, options=Options(program=program(behave)))
    assert summary.states == expected == dict.fromkeys(expected, "done")


def test_a_killed_run_is_a_failure(program, tmp_path, capsys):
    behave = "import os; os.kill(os.getpid(), 9)"
    assert (
        sweep(
            BOTH, tmp_path / "out", options=Options(program=program(behave))
        ).exit_code
        == 1
    )
    assert "killed by signal 9" in capsys.readouterr().err


def test_runs_of_another_process_are_reported(program, tmp_path, capsys):
    behave = "if method == 'other': sys.exit(3)"
    summary = sweep(BOTH, tmp_path / "out", options=Options(program=program(behave)))
    assert summary.exit_code == 3
    assert "in progress in another process" in capsys.readouterr().err


def test_several_run_at_a_time_with_logs(program, tmp_path):
    # Each waits for the other to have begun.
    behave = """
    print("output")
    end = time.time() + 20
    while sum(1 for _ in (out / "calls").open()) < 2 and time.time() < end:
        time.sleep(0.02)
    if time.time() > end: sys.exit(1)
    """
    out = tmp_path / "out"
    summary = sweep(BOTH, out, options=Options(jobs=2, program=program(behave)))
    assert summary.exit_code == 0
    logs = sorted(path.name for path in (out / "logs").iterdir())
    assert logs == sorted(f"{run_id}.log" for run_id in summary.states)
    assert (out / "logs" / logs[0]).read_text() == "output\n"


def test_whoever_comes_next_has_the_gpu_that_is_free(program, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    # The first one is there until all others are over.
    behave = """
    import os
    with (out / "gpus").open("a") as file:
        file.write(os.environ["CUDA_VISIBLE_DEVICES"])
    end = time.time() + 20
    while method == "plain" and run["seed"] == 0 and time.time() < end:
        if len(list((out / "runs").glob("*/DONE"))) == 3: break
        time.sleep(0.02)
    """
    sweep(BOTH, tmp_path / "out", options=Options(jobs=2, program=program(behave)))
    assert sorted((tmp_path / "out" / "gpus").read_text()) == [*"4666"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_sweep_waits_for_the_runs_it_stops(program, tmp_path, number):
    out = tmp_path / "out"

    def interrupt():
        while not (out / "calls").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(PreemptedError, match=r"sweep was stopped.*to go on"):
        sweep(BOTH, out, options=Options(program=program("time.sleep(30)")))
    assert (out / "stopped").exists()
    assert len(calls(out)) == 1


def test_a_real_run_of_a_sweep_belongs_to_its_study(toy_configs, tmp_path):
    out = tmp_path / "out"
    request = spec.load(
        spec.RunRequest(
            ("gin_configs/plain.gin",), "toy", settings=("STEPS = 1",), out=out, seed=0
        )
    )
    out.mkdir()
    (out / "study.json").write_text('{"study": "both", "planned": []}')
    assert toy_program.main(inline.command(request, ())) == 0
    content = json.loads((request.run_directory / "run.json").read_text())
    assert (content["study"], content["status"]) == ("both", "complete")
