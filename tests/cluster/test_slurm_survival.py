"""Twelve real runs on a real Slurm that takes everything away from them once."""

import concurrent.futures
import functools
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from compare_ssgan.studies import files
from tests.cluster import twelve
from tests.cluster.slurm_cluster import kill, wait_for

pytestmark = pytest.mark.cluster

# On a busy machine everything takes its time.
LONG_SECONDS = 500.0


class Study:
    """Starts sweeps of one study, and looks into its directory."""

    def __init__(self, slurm, directory):
        self.out = directory / "out"
        self._directory = directory
        self._environment = slurm.environment | {"PYTHONPATH": str(twelve.ROOT)}
        (directory / "twelve.gin").write_text(twelve.study())

    def sweep(self, *options):
        """Starts a sweep."""
        command = [sys.executable, "-m", "compare_ssgan", "sweep", "twelve.gin"]
        command += ["--out", str(self.out), "--threads", "1"]
        command += twelve.options()
        return subprocess.Popen(
            [*command, "--executor", "slurm", *options],
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def handed_over(self):
        """Returns the jobs of every run."""
        found = {}
        for row in files.read_rows(self.out / "jobs.jsonl"):
            found.setdefault(row["run_id"], []).append(row["job"])
        return found

    def run_of(self, job):
        return next(run for run, names in self.handed_over().items() if job in names)

    def attempts(self, run):
        return files.read_rows(self.out / "runs" / run / "attempts.jsonl")

    def steps(self, run):
        """Returns how many steps were taken, or -1 before training begins."""
        rows = files.read_rows(self.out / "runs" / run / "train.jsonl")
        return len(rows) if self.attempts(run) else -1

    def pid(self, run):
        return self.attempts(run)[-1]["pid"]


def was_told(pid, number):
    """Whether a signal waits for a stopped process, or has ended it already."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    (line,) = (each for each in status.splitlines() if each.startswith("ShdPnd"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def jobs_at(slurm, node):
    """Returns the two jobs that a node runs, or nothing yet."""
    found = [name for name, job in slurm.queue().items() if job == ("RUNNING", node)]
    return sorted(found) if len(found) == 2 else None


def hold(study, runs, steps):
    """Stops processes of runs as soon as they have trained for some steps.

    However fast or slow the machine is, they are disturbed while they train.
    """
    for run in sorted(runs):
        if study.steps(run) >= steps and study.attempts(run)[-1]["status"] == "running":
            os.kill(study.pid(run), signal.SIGSTOP)
            runs.remove(run)
    return not runs


def release_when_told(study, runs):
    """Lets held runs go on once they were asked to stop, as Slurm may do itself."""
    for pid in map(study.pid, runs):
        wait_for(functools.partial(was_told, pid, signal.SIGTERM), LONG_SECONDS)
        kill([pid], signal.SIGCONT)


def hold_to_its_limit(study, run):
    """Makes a run so slow that its job's time is over before it is done."""
    wait_for(functools.partial(hold, study, {run}, 0), LONG_SECONDS)
    release_when_told(study, [run])


def disturb(slurm, study):
    """Disturbs four runs as they train; returns them by what was done to them."""
    killed, stranded = (study.run_of(job) for job in jobs_at(slurm, "n2"))
    preempted = [study.run_of(job) for job in jobs_at(slurm, "n3")]
    wait_for(
        functools.partial(hold, study, {killed, stranded, *preempted}, 15), LONG_SECONDS
    )
    slurm.kill_job(study.handed_over()[killed][0])
    slurm.kill_node("n2")
    high = ["--partition=high", "--exclusive", "--nodelist=n3", "--output=/dev/null"]
    slurm.call("sbatch", *high, "--wrap=sleep 1")
    release_when_told(study, preempted)
    return {"killed": killed, "stranded": stranded, "preempted": preempted}


def test_twelve_runs_are_done_once_whatever_happens(slurm, tmp_path, undisturbed):
    study = Study(slurm, tmp_path)
    first = study.sweep("--detach", "--max_jobs", "2", "--minutes", "2")
    output = first.communicate()
    assert first.returncode == 0, output
    assert "10 runs are not submitted yet" in output[1]
    slow = next(iter(study.handed_over()))
    # Two sweeps at once, of what is left.
    sweeps = [study.sweep(), study.sweep()]
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            holding = pool.submit(hold_to_its_limit, study, slow)
            wait_for(
                lambda: jobs_at(slurm, "n2") and jobs_at(slurm, "n3"), LONG_SECONDS
            )
            disturbed = disturb(slurm, study)
            holding.result()
        outputs = [sweep.communicate(timeout=LONG_SECONDS) for sweep in sweeps]
    finally:
        for sweep in sweeps:
            sweep.kill()
    assert [sweep.returncode for sweep in sweeps] == [0, 0], outputs

    runs = sorted((study.out / "runs").iterdir())
    assert len(runs) == twelve.ALL
    ended = {
        run.name: [row["status"] for row in study.attempts(run.name)] for run in runs
    }
    assert all((run / "DONE").exists() for run in runs)
    assert all(statuses.count("complete") == 1 for statuses in ended.values()), ended
    assert all(statuses[-1] == "complete" for statuses in ended.values()), ended
    # Who was asked to stop saved first; and nobody began anew.
    assert ended[disturbed["killed"]][0] == ended[disturbed["stranded"]][0] == "killed"
    for run in (*disturbed["preempted"], slow):
        assert ended[run][0] == "stopped", run
        assert study.attempts(run)[0]["to_step"] == study.attempts(run)[1]["from_step"]
    for run in (disturbed["killed"], disturbed["stranded"], *disturbed["preempted"]):
        assert study.attempts(run)[1]["from_step"] >= 10, run
    # Slurm itself brings all of them back but the one whose task was killed.
    again = {run for run, names in study.handed_over().items() if len(names) > 1}
    assert again == {disturbed["killed"]}

    twelve.compare(study.out, undisturbed)
