import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from compare_ssgan.errors import InputError, PreemptedError
from compare_ssgan.studies import files, lock, run, spec
from compare_ssgan.studies.executors import inline
from compare_ssgan.studies.executors.base import Options
from compare_ssgan.studies.plan import Overrides
from compare_ssgan.studies.sweep import sweep

BOTH = "gin_configs/studies/both.gin"

# Stands for the command, without TensorFlow: it does what `behave` says and leaves
# the traces that the sweep looks for.
STAND_IN = """
import json, pathlib, signal, sys, time
words = sys.argv[1:]
value = dict(zip(words, words[1:]))
out = pathlib.Path(value["--out"])
def stop(number, frame):
    (out / "stopped").touch()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
with (out / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
run = json.loads(pathlib.Path(value["--planned"]).read_text())
method = run["method"]
directory = out / "runs" / run["run_id"]
directory.mkdir(parents=True, exist_ok=True)
behave
run |= {"image_shape": [8, 8, 1], "num_classes": 3, "batch_size": 8}
run |= {"status": "complete", "wall_seconds": 0.1}
(directory / "run.json").write_text(json.dumps(run))
(directory / "DONE").touch()
"""


@pytest.fixture
def program(toy_configs, tmp_path):
    """Makes a stand-in for the command that does something before it is done."""

    def program(behave="pass"):
        path = tmp_path / "program.py"
        path.write_text(STAND_IN.replace("behave", textwrap.dedent(behave)))
        return (sys.executable, "-S", str(path))

    return program


def calls(out):
    return [json.loads(line) for line in (out / "calls").read_text().splitlines()]


def test_everything_is_done_once_and_then_nothing(program, tmp_path, capsys):
    out = tmp_path / "out"
    summary = sweep(BOTH, out, options=Options(program=program()))
    assert summary.exit_code == 0
    assert list(summary.states.values()) == ["complete"] * 4
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
    assert list(summary.states.values()) == ["complete", "missing"] * 2
    assert "failed with exit code 1" in capsys.readouterr().err
    first, *others = str(summary).splitlines()
    assert first == "both: 2 complete, 2 missing"
    assert [line.split("-seed")[0] for line in others] == ["  toy-other"] * 2
    assert all(line.endswith(": failed with exit code 1") for line in others)
    # The same command again does what failed.
    assert sweep(BOTH, out, options=Options(program=program())).exit_code == 0
    assert len(calls(out)) == 6


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


def test_a_dry_run_writes_nothing(program, tmp_path, capsys):
    out = tmp_path / "out"
    summary = sweep(BOTH, out, dry_run=True, options=Options(program=program()))
    assert not out.exists()
    printed = capsys.readouterr().out.splitlines()
    assert printed[:-2] == [f"{run_id}  missing" for run_id in summary.states]
    assert printed[-2] == "4 runs: 4 missing"
    assert printed[-1] == "No past run tells how long they will take."


def test_a_mistake_in_any_run_is_found_before_the_first(program, tmp_path):
    out = tmp_path / "out"
    overrides = Overrides(settings=("run.stepss = 1",))
    with pytest.raises(InputError, match="stepss"):
        sweep(BOTH, out, overrides=overrides, options=Options(program=program()))
    assert not out.exists()


def test_an_option_of_another_executor_is_refused(program, tmp_path):
    options = Options(program=program(), partition="gpu")
    with pytest.raises(InputError, match="--partition is not for runs of this machine"):
        sweep(BOTH, tmp_path, options=options)


def test_states_tell_what_became_of_runs(load, tmp_path, capsys):
    out = tmp_path / "out"
    done = run.execute(load("STEPS = 1", seed=0)).run_dir
    content = json.loads((done / "run.json").read_text())
    begun = load("STEPS = 1", seed=1)
    begun.run_directory.mkdir(parents=True)
    files.write_json(begun.run_directory / "run.json", content | {"status": "running"})
    overrides = Overrides(settings=("STEPS = 1",))

    def states():
        return list(sweep(BOTH, out, dry_run=True, overrides=overrides).states.values())

    assert states() == ["complete", "missing", "begun", "missing"]
    with lock.hold(begun.run_directory):
        assert states()[2] == "running"
    files.write_json(begun.run_directory / "run.json", content | {"status": "failed"})
    assert states()[2] == "failed"


def test_a_real_run_of_a_sweep_belongs_to_its_study(toy_configs, tmp_path):
    program = (sys.executable, "-m", "tests.studies.toy.program")
    repository = spec.__file__.rsplit("/", 3)[0]
    out = tmp_path / "out"
    request = spec.load(
        spec.RunRequest(
            ("gin_configs/plain.gin",), "toy", settings=("STEPS = 1",), out=out, seed=0
        )
    )
    out.mkdir()
    (out / "study.json").write_text('{"study": "both", "planned": []}')
    command = inline.command(request, program)
    environment = os.environ | {"PYTHONPATH": repository}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    content = json.loads((request.run_directory / "run.json").read_text())
    assert (content["study"], content["status"]) == ("both", "complete")
