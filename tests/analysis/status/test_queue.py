"""What Slurm is asked, with a stand-in for its commands."""

import os

import pytest

from compare_ssgan.analysis.status import queue
from tests.analysis import fabricate

JOB = queue.Job("run", "3", "2026-11-21T20:56:20+00:00")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Puts commands that do this in front of all others; all append to `calls`."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    def install(**commands):
        for name, text in commands.items():
            path = place / name
            path.write_text(f'#!/bin/sh\necho "$@" >> {place}/calls\n{text}\n')
            path.chmod(0o755)
        return place / "calls"

    return install


def test_rows_of_earlier_versions_are_read(tmp_path):
    row = {"run_id": "a", "executor": "slurm", "job": "1_0", "submitted": "t"}
    fabricate.write_lines(tmp_path / queue.FILE, row)
    assert queue.jobs(tmp_path) == {"a": queue.Job("a", "1_0", "t", "")}


def test_the_last_job_of_a_cluster_counts(tmp_path):
    rows = [JOB, JOB._replace(job="4", cluster="x"), JOB._replace(job="5", cluster="y")]
    fabricate.write_lines(tmp_path / queue.FILE, *(row._asdict() for row in rows))
    found = {name: queue.jobs(tmp_path, name)["run"].job for name in ("", "x", "z")}
    assert found == {"": "5", "x": "4", "z": "3"}


def test_only_the_jobs_wanted_are_asked_for(slurm):
    calls = slurm(squeue="echo '3|PENDING|Priority|'; echo '4|RUNNING|None|n1'")
    wanted = [JOB, JOB._replace(job="5_1"), JOB._replace(job="5_2")]
    assert queue.ask(wanted).states == {"3": queue.State("PENDING", "Priority")}
    (call,) = calls.read_text().splitlines()
    assert call.endswith("--jobs=3,5")
    assert queue.ask([]) == queue.Queue({})


def test_a_users_defaults_for_squeue_hide_nothing(slurm, monkeypatch):
    monkeypatch.setenv("SQUEUE_STATES", "RUNNING")
    slurm(squeue='echo "3|PENDING|${SQUEUE_STATES-none}|"')
    assert queue.ask([JOB]).states == {"3": queue.State("PENDING", "none")}


def test_what_slurm_still_remembers_is_over(slurm):
    slurm(squeue="echo '3|TIMEOUT|TimeLimit|n1'")
    said = queue.explain(JOB, queue.ask([JOB]))
    assert said == "Slurm job 3 is over: run the same sweep again"


def test_an_unknown_job_is_over(slurm):
    slurm(squeue="echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert queue.ask([JOB]) == queue.Queue({})


def test_a_job_of_another_cluster_is_to_be_asked_for_there(slurm):
    calls = slurm(
        scontrol="echo 'ClusterName             = here'",
        squeue="echo '3|RUNNING|None|n1'; echo '4|RUNNING|None|n1'",
    )
    there, here = JOB._replace(cluster="there"), JOB._replace(job="4", cluster="here")
    asked = queue.ask([there, here])
    said = "Slurm job 3 of the cluster there: ask there"
    assert queue.explain(there, asked) == said
    assert queue.explain(here, asked) == "Slurm job 4 is RUNNING on n1"
    assert calls.read_text().splitlines()[-1].endswith("--jobs=4")


def test_a_command_that_hangs_is_a_failure(slurm, monkeypatch):
    monkeypatch.setattr(queue, "_TIMEOUT_SECONDS", 0.1)
    slurm(squeue="exec sleep 5")
    with pytest.raises(queue.SlurmError, match="squeue did not answer"):
        queue.find(["3"])
