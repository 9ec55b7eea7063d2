"""A real run on two nodes of a real Slurm that takes them away from it."""

import subprocess
import sys

import pytest

from compare_ssgan.studies import files
from tests.cluster import twelve
from tests.cluster.slurm_cluster import wait_for

pytestmark = pytest.mark.cluster

STUDY = """
study:
  methods = ['ssgan']
  budget = 'smoke'
  seeds = 1
"""
STEPS = 200
SETTINGS = (*twelve.SMALL, f"STEPS = {STEPS}", f"EVAL_EVERY = {STEPS}")
# On a busy machine everything takes its time.
LONG_SECONDS = 500.0


def test_a_run_on_two_nodes_outlives_a_worker_and_pre_emption(slurm, tmp_path):
    (tmp_path / "study.gin").write_text(STUDY)
    command = [sys.executable, "-m", "compare_ssgan", "sweep", "study.gin"]
    command += ["--out", "out", "--threads", "1", "--executor", "slurm"]
    command += ["--strategy", "multiworker", "--nodes", "2"]
    command += [word for setting in SETTINGS for word in ("--set", setting)]
    sweep = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=slurm.environment | {"PYTHONPATH": str(twelve.ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out = tmp_path / "out"

    def steps():
        assert sweep.poll() is None, sweep.communicate()
        return max((len(rows(out, "train", run)) for run in runs(out)), default=0)

    try:
        wait_for(lambda: steps() > 20, LONG_SECONDS)
        (before,) = jobs(out)
        slurm.kill_job(before, task=1)
        wait_for(lambda: len(jobs(out)) == 2, LONG_SECONDS)
        wait_for(lambda: steps() > 60, LONG_SECONDS)
        # No two nodes are left to the run.
        high = ["--partition=high", "--exclusive", "--nodes=2", "--output=/dev/null"]
        slurm.call("sbatch", *high, "--wrap=sleep 1")
        printed, said = sweep.communicate(timeout=LONG_SECONDS)
    finally:
        sweep.kill()
    assert (sweep.returncode, printed) == (0, "study: 1 done\n"), said
    (run,) = runs(out)
    tried = rows(out, "attempts", run)
    assert [row["status"] for row in tried] == ["killed", "stopped", "complete"]
    assert {(row["strategy"], row["replicas"]) for row in tried} == {("multiworker", 2)}
    assert [row["job"] for row in tried] == [before, jobs(out)[1], jobs(out)[1]]
    assert [row["step"] for row in rows(out, "train", run)] == [*range(1, STEPS + 1)]


def runs(out):
    return [path.name for path in out.glob("runs/*")]


def rows(out, file, run):
    return files.read_rows(out / "runs" / run / f"{file}.jsonl")


def jobs(out):
    """Returns the jobs that the run was handed over to."""
    return [row["job"] for row in files.read_rows(out / "jobs.jsonl")]
