"""What a job does on its node, with stand-ins for runs and Slurm's commands."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from compare_ssgan.studies.executors.slurm import job
from compare_ssgan.studies.request import RunRequest

# Stands for the command: does what the file named after the seed says.
PROGRAM = """
import pathlib, signal, sys, time
value = dict(zip(sys.argv[1:], sys.argv[2:]))
out = pathlib.Path(value["--out"])
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(75))
(out / f"began{value['--seed']}").touch()
print("output")
exec((out / f"do{value['--seed']}").read_text())
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Does a job's work: what each run does, and what squeue says of the job."""
    (tmp_path / "program.py").write_text(PROGRAM)
    place = tmp_path / "slurm"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    monkeypatch.setattr(job, "_PAUSE_SECONDS", 0.01)
    out = tmp_path / "out"
    job.folder(out).mkdir(parents=True)

    def work(*behaviours, squeue="echo '7_2|RUNNING|None'", scontrol="exit 0"):
        scripts = {
            "squeue": squeue,
            "scontrol": f'echo "$@" >> {place}/calls\n{scontrol}',
        }
        for name, text in scripts.items():
            (place / name).write_text(f"#!/bin/sh\n{text}\n")
            (place / name).chmod(0o755)
        for seed, text in enumerate(behaviours):
            (out / f"do{seed}").write_text(text)
        requests = [
            RunRequest(("m.gin",), out=out, seed=seed, run_id=f"run{seed}")
            for seed in range(len(behaviours))
        ]
        program = (sys.executable, "-S", str(tmp_path / "program.py"))
        job.work(job.Work(requests, program))

    return work


def codes(tmp_path):
    return json.loads((tmp_path / "out" / "logs" / "slurm" / "7_2.json").read_text())


def calls(tmp_path):
    path = tmp_path / "slurm" / "calls"
    return path.read_text().splitlines() if path.exists() else []


def signal_once_begun(tmp_path, number, seed=0):
    def send():
        while not (tmp_path / "out" / f"began{seed}").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()


def test_runs_go_side_by_side_and_leave_codes_and_output(work, tmp_path):
    meet = """
end = time.time() + 20
while not (out / "began{}").exists() and time.time() < end: time.sleep(0.01)
sys.exit({} if time.time() < end else 9)
"""
    work(meet.format(1, 0), meet.format(0, 4))
    assert codes(tmp_path) == {"run0": 0, "run1": 4}
    assert (tmp_path / "out" / "logs" / "run1.log").read_text() == "output\n"
    assert calls(tmp_path) == []


def test_runs_side_by_side_share_the_gpus_of_the_job(work, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    note = "import os; (out / 'gpu{}').write_text(os.environ['CUDA_VISIBLE_DEVICES'])"
    work(note.format(0), note.format(1))
    found = [(tmp_path / "out" / f"gpu{seed}").read_text() for seed in (0, 1)]
    assert found == ["4", "6"]
    # One by itself has all.
    work(note.format(0))
    assert (tmp_path / "out" / "gpu0").read_text() == "4,6"


def test_a_single_run_writes_to_its_log_too(work, tmp_path):
    work("pass")
    assert (tmp_path / "out" / "logs" / "run0.log").read_text() == "output\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_is_passed_on_and_the_job_requeued(work, tmp_path, number):
    signal_once_begun(tmp_path, number)
    with pytest.raises(SystemExit) as end:
        work("time.sleep(30)")
    assert end.value.code == 75
    assert codes(tmp_path) == {"run0": 75}
    assert calls(tmp_path) == ["requeue 7_2"]


def test_a_run_that_did_not_listen_yet_goes_on_later(work, tmp_path):
    signal_once_begun(tmp_path, signal.SIGTERM)
    with pytest.raises(SystemExit):
        work("signal.signal(signal.SIGTERM, signal.SIG_DFL); time.sleep(30)")
    assert codes(tmp_path) == {"run0": 143}
    assert calls(tmp_path) == ["requeue 7_2"]


def test_so_does_one_that_slurm_itself_has_signalled(work, tmp_path):
    # To every process of the step at once: the run goes first, or its job.
    signal_once_begun(tmp_path, signal.SIGUSR2)
    with pytest.raises(SystemExit):
        work(
            "signal.signal(signal.SIGTERM, lambda number, frame:"
            " os.kill(os.getpid(), signal.SIGUSR2)); import os; time.sleep(30)"
        )
    assert codes(tmp_path) == {"run0": 140}
    assert calls(tmp_path) == ["requeue 7_2"]


def test_a_run_that_was_killed_does_not_bring_its_job_back(work, tmp_path):
    work("import os; os.kill(os.getpid(), 9)")
    assert codes(tmp_path) == {"run0": 137}
    assert calls(tmp_path) == []


def test_a_requeued_job_does_only_what_is_not_done(work, tmp_path):
    run = tmp_path / "out" / "runs" / "run0"
    run.mkdir(parents=True)
    (run / "DONE").touch()
    work("pass", "pass")
    assert not (tmp_path / "out" / "began0").exists()
    assert codes(tmp_path) == {"run1": 0}


@pytest.mark.parametrize("state", ["echo '7_2|COMPLETING|None'", ""])
def test_a_job_that_slurm_has_ended_is_not_requeued(work, tmp_path, state):
    signal_once_begun(tmp_path, signal.SIGTERM)
    with pytest.raises(SystemExit):
        work("time.sleep(30)", squeue=state)
    assert calls(tmp_path) == []


def test_a_controller_that_is_away_is_asked_again(work, tmp_path):
    signal_once_begun(tmp_path, signal.SIGTERM)
    scontrol = f"[ $(wc -l < {tmp_path}/slurm/calls) -ge 3 ] || exit 1"
    with pytest.raises(SystemExit):
        work("time.sleep(30)", scontrol=scontrol)
    assert calls(tmp_path) == ["requeue 7_2"] * 3


def test_it_gives_up_on_a_controller(work, tmp_path):
    signal_once_begun(tmp_path, signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        work("time.sleep(30)", scontrol="exit 1")
    assert end.value.code == 75
    assert len(calls(tmp_path)) == job._TRIES


def test_a_job_needs_no_tensorflow():
    code = "import sys; from compare_ssgan.studies.executors.slurm import job; "
    code += "sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_of_a_run_on_several_nodes_the_others_do_their_worker_only(
    work, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("SLURM_NTASKS", "2")
    monkeypatch.setenv("SLURM_PROCID", "1")
    work("sys.exit(75)")
    assert "output\n" in capfd.readouterr().out
    assert not (tmp_path / "out" / "logs" / "run0.log").exists()
    assert not job.codes_path(tmp_path / "out", "7_2").exists()
    assert calls(tmp_path) == []


def test_a_job_that_has_lost_a_worker_is_not_requeued(work, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS", "2")
    work("sys.exit(75)")
    # The sweep goes by this.
    assert codes(tmp_path) == {"run0": 75}
    assert calls(tmp_path) == []


def test_a_job_on_several_nodes_that_is_told_to_stop_is_requeued(
    work, tmp_path, monkeypatch
):
    monkeypatch.setenv("SLURM_NTASKS", "2")
    signal_once_begun(tmp_path, signal.SIGUSR2)
    with pytest.raises(SystemExit):
        work("time.sleep(30)")
    assert calls(tmp_path) == ["requeue 7_2"]
