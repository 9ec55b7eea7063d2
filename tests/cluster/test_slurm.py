"""The executor on a real Slurm, with runs that do next to nothing."""

import json
import os
import pathlib
import signal
import sys
import threading
import time

import pytest

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.slurm import waiting
from compare_ssgan.studies.request import RunRequest
from tests.cluster.slurm_cluster import wait_for
from tests.studies.slurm_stand_ins import handed_over

pytestmark = pytest.mark.cluster

ROOT = pathlib.Path(__file__).parents[2]
# Stands for the command: takes some time, saves what it has done, goes on from there.
PROGRAM = """
import json, os, pathlib, signal, sys, time
value = dict(zip(sys.argv[1:], sys.argv[2:]))
seed = value["--seed"]
run = pathlib.Path(value["--out"]) / "runs" / f"run{seed}"
run.mkdir(parents=True, exist_ok=True)
saved = run / "step"
step = int(saved.read_text()) if saved.exists() else 0
def save(number, frame):
    # Slurm signals all processes, and the job passes it on to its runs.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    saved.write_text(str(step))
    sys.exit(75)
signal.signal(signal.SIGTERM, save)
with (run / "attempts").open("a") as file:
    file.write(f"{step}\\n")
while step < int(value["--budget"]):
    time.sleep(0.05)
    step += 1
(run / "DONE").touch()
"""


class Told:
    def __init__(self):
        self.codes = {}

    def started(self, request):
        pass

    def finished(self, request, code, log):
        self.codes[request.run_id] = code


@pytest.fixture
def execute(slurm, tmp_path, monkeypatch):
    """Does runs of some twentieths of a second on the real Slurm."""
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, slurm.environment[name])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(waiting, "_LONGEST_SECONDS", 1.0)
    (tmp_path / "program.py").write_text(PROGRAM)
    program = (sys.executable, "-S", str(tmp_path / "program.py"))
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)

    def execute(number, length, **options):
        told = Told()
        requests = [
            RunRequest(
                ("m.gin",), out=out, seed=seed, run_id=f"run{seed}", budget=str(length)
            )
            for seed in range(number)
        ]
        ending = waiting.execute(requests, Options(program=program, **options), told)
        return ending, told.codes

    execute.out = out
    return execute


def attempts(execute, run):
    """Returns where the attempts of a run began."""
    path = execute.out / "runs" / run / "attempts"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_runs_share_jobs_and_arrays_are_chunked(slurm, execute):
    ending, codes = execute(12, 10, runs_per_job=2)
    assert (ending, codes) == (Ending.DONE, {f"run{seed}": 0 for seed in range(12)})
    assert all(attempts(execute, run) == [0] for run in codes)
    names = sorted(set(handed_over(execute.out).values()))
    assert [name.split("_")[1] for name in names] == ["0", "1", "2", "3", "0", "1"]
    # Slurm still knows them, and that they are its own.
    rows = queue.jobs(execute.out).values()
    asked = queue.ask(rows)
    assert asked.cluster in {row.cluster for row in rows} - {""}
    assert {asked.states[name].state for name in names} <= {"COMPLETED", "COMPLETING"}


def test_no_more_jobs_than_wanted(slurm, execute):
    most = []
    over = threading.Event()

    def watch():
        while not over.is_set():
            most.append(len(slurm.queue()))
            time.sleep(0.1)

    watching = in_background(watch)
    assert execute(5, 10, max_jobs=2)[0] is Ending.DONE
    over.set()
    watching.join()
    # One that has just ended is listed for another moment ("completing").
    assert 0 < max(most) <= 3
    assert all(attempts(execute, f"run{seed}") == [0] for seed in range(5))


def test_a_cancelled_job_stays_cancelled(slurm, execute):
    def cancel():
        wait_for(lambda: attempts(execute, "run0"), 60)
        time.sleep(0.5)
        slurm.call("scancel", handed_over(execute.out)["run0"])

    in_background(cancel)
    # Long enough for a machine on which scancel takes its time.
    ending, codes = execute(2, 300)
    assert ending is Ending.DONE
    assert codes["run1"] == 0
    assert codes["run0"] in (None, 75)
    assert len((execute.out / queue.FILE).read_text().splitlines()) == 2
    # Cancelling is no order to forget: the same again goes on.
    assert execute(2, 300)[1]["run0"] == 0
    assert attempts(execute, "run0")[1] > 0


def test_a_killed_task_is_submitted_once_more(slurm, execute):
    def kill():
        wait_for(lambda: attempts(execute, "run0"), 60)
        slurm.kill_job(handed_over(execute.out)["run0"])

    in_background(kill)
    assert execute(1, 200) == (Ending.DONE, {"run0": 0})
    assert len((execute.out / queue.FILE).read_text().splitlines()) == 2


def test_a_restart_of_the_controller_is_survived(slurm, execute):
    def restart():
        wait_for(lambda: attempts(execute, "run0"), 60)
        slurm.restart_controller(2.0)

    in_background(restart)
    assert execute(2, 120) == (Ending.DONE, {"run0": 0, "run1": 0})
    assert attempts(execute, "run0") == attempts(execute, "run1") == [0]


def test_jobs_outlive_the_sweep_that_was_interrupted(slurm, execute, capsys):
    def interrupt():
        wait_for(lambda: attempts(execute, "run1"), 60)
        os.kill(os.getpid(), signal.SIGINT)

    in_background(interrupt)
    assert execute(2, 100) == (Ending.STOPPED, {})
    number = json.loads((execute.out / queue.FILE).read_text().splitlines()[0])["job"]
    assert f"'scancel {number.split('_')[0]}' stops them" in capsys.readouterr().err
    assert execute(2, 100) == (Ending.DONE, {"run0": 0, "run1": 0})
    assert attempts(execute, "run0") == attempts(execute, "run1") == [0]


def test_a_wrong_partition_is_the_users_to_change(slurm, execute):
    with pytest.raises(InputError, match=r"nvalid partition.*--partition"):
        execute(2, 1, partition="hihg")
