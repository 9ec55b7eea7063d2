"""What each run waits for, and the time of all together."""

import datetime
import fcntl
import json
import math
import os
import platform
import time

import pytest

from compare_ssgan.analysis.records import locks
from compare_ssgan.analysis.status import rendering, standing
from tests.analysis import fabricate

AGAIN = "run the same sweep again"
HOUR = datetime.timedelta(hours=1)


def one(study):
    (row,) = standing.read(study).rows
    return row


def attempt(started, ended=None, *, state="running", begin=0, end=0):
    return {
        "started": started.isoformat(),
        "ended": ended and ended.isoformat(),
        "from_step": begin,
        "to_step": end,
        "status": state,
    }


def now():
    return datetime.datetime.now().astimezone()


def hand_over(study, *jobs, **more):
    rows = [
        {
            "run_id": fabricate.run_id("gan", seed),
            "job": job,
            "submitted": "2026-11-21T20:56:20+00:00",
            **more,
        }
        for seed, job in jobs
    ]
    fabricate.write_lines(study / "jobs.jsonl", *rows)


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Puts a squeue that prints these lines in front of all others."""
    bin = tmp_path / "bin"
    bin.mkdir()
    monkeypatch.setenv("PATH", f"{bin}:{os.environ['PATH']}")

    def install(*lines, code=0):
        program = bin / "squeue"
        text = "\n".join(f"echo '{line}'" for line in lines)
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {bin}/calls\n{text}\n'
            f'[ {code} = 0 ] || echo "slurm_load_jobs error: down" >&2\nexit {code}\n'
        )
        program.chmod(0o755)
        return bin / "calls"

    return install


# What is running.


def test_a_running_run_shows_where_since_when_and_how_fast(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running", steps=100)
    rows = [(10, 50.0), (20, 20.0), (40, 40.0)]
    fabricate.write_lines(
        directory / "timing.jsonl",
        *({"step": s, "event": "train", "seconds": each} for s, each in rows),
    )
    holder = {
        "pid": os.getpid(),
        "host": "node7",
        "started": "2026-11-21T20:56:17+00:00",
    }
    holder |= {"boot": locks.kernel(), "pids": locks.process_ids()}
    with (directory / "lock").open("w") as file:
        json.dump(holder, file)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        row, text = one(tmp_path), rendering.render(tmp_path)
    assert (row.state, row.host, row.pid) == ("running", "node7", os.getpid())
    assert (row.step, row.speed, row.remaining_seconds) == (0, 2.0, 120.0)
    assert row.waits_for == ""
    line = f"process {os.getpid()} on node7 since 2026-11-21 20:56, 2 s a step"
    assert text.splitlines()[1].endswith(f"2:00  {line}")


# What waits, with nothing handed over.


def test_a_killed_run_names_the_dead_process(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running")
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    holder = {"pid": process, "host": platform.node(), "started": "?"}
    (directory / "lock").write_text(json.dumps(holder))
    row = one(tmp_path)
    expected = f"process {process} on {platform.node()} was killed: {AGAIN}"
    assert (row.state, row.waits_for) == ("partial", expected)


def test_a_stopped_run_waits_for_the_sweep(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running")
    ended = attempt(now() - HOUR, now(), state="stopped", end=40)
    fabricate.write_lines(directory / "attempts.jsonl", ended)
    assert one(tmp_path).waits_for == f"stopped by a signal: {AGAIN}"


def test_a_missing_run_waits_for_a_sweep_or_its_turn(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1)])
    rows = standing.read(tmp_path).rows
    assert {row.waits_for for row in rows} == {"not handed over: run the sweep"}
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running")
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rows = standing.read(tmp_path).rows
    assert rows[1].waits_for.startswith("its turn, if a sweep is at work")


def test_what_is_over_waits_for_nothing(tmp_path):
    study = fabricate.small_study(tmp_path / "small")
    rows = standing.read(study).rows
    over = [row for row in rows if row.state in ("done", "diverged")]
    assert {row.waits_for for row in over} == {""}
    assert {row.remaining_seconds for row in over} == {0.0}
    assert len(over) == 16


# What is in the hands of an engine.


def test_a_run_in_slurms_queue_shows_state_reason_and_node(tmp_path, squeue):
    calls = squeue("7_0|PENDING|Resources|", "7_1|RUNNING|None|n2", "other|line")
    fabricate.plan(tmp_path, [("gan", seed) for seed in range(4)])
    hand_over(tmp_path, (2, "7_1"), (0, "7_0"), (1, "7_1"), (2, "7_9"))
    waits = [row.waits_for for row in standing.read(tmp_path).rows]
    assert waits == [
        "Slurm job 7_0 is PENDING (Resources)",
        "Slurm job 7_1 is RUNNING on n2",
        f"Slurm job 7_9 is over: {AGAIN}",
        "not handed over: run the sweep",
    ]
    assert len(calls.read_text().splitlines()) == 1


def test_nobody_asks_for_jobs_of_runs_that_are_over(tmp_path, squeue):
    calls = squeue(code=1)
    fabricate.run(tmp_path, "gan", 0)
    hand_over(tmp_path, (0, "7_0"))
    row = one(tmp_path)
    assert (row.job, row.waits_for) == ("7_0", "")
    assert not calls.exists()


def test_a_single_run_has_the_job_of_its_study(tmp_path, squeue):
    squeue("7_0|PENDING|Priority|")
    directory = fabricate.run(tmp_path, "gan", 0, status="failed", error="lost")
    hand_over(tmp_path, (0, "7_0"))
    assert one(directory).waits_for == "Slurm job 7_0 is PENDING (Priority)"


def test_a_queue_that_does_not_answer_is_no_reason_to_submit_again(tmp_path, squeue):
    squeue(code=1)
    fabricate.plan(tmp_path, [("gan", 0)])
    hand_over(tmp_path, (0, "7_0"))
    said = "Slurm job 7_0 cannot be asked for: slurm_load_jobs error: down."
    assert one(tmp_path).waits_for == said


def test_without_squeue_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    fabricate.plan(tmp_path, [("gan", 0)])
    hand_over(tmp_path, (0, "7_0"))
    assert one(tmp_path).waits_for.endswith("There is no squeue here.")


def test_of_several_studies_each_has_its_own_jobs(tmp_path, squeue):
    squeue("7_0|PENDING|Priority|")
    for name in ("a", "b"):
        fabricate.run(tmp_path / name, "gan", 0, False, status="running")
    hand_over(tmp_path / "a", (0, "7_0"))
    hand_over(tmp_path / "b", (0, "8_0"))
    waits = [row.waits_for for row in standing.read(tmp_path).rows]
    assert waits == [
        "Slurm job 7_0 is PENDING (Priority)",
        f"Slurm job 8_0 is over: {AGAIN}",
    ]


def test_a_run_that_two_studies_plan_has_the_job_of_each(tmp_path, squeue):
    squeue("7_0|PENDING|Priority|")
    for name, job in (("a", "7_0"), ("b", "8_0"), ("c", "9_0")):
        fabricate.plan(tmp_path / name, [("gan", 0)])
        hand_over(tmp_path / name, (0, job))
    assert [row.job for row in standing.read(tmp_path).rows] == ["7_0", "8_0", "9_0"]


# Time.


def test_time_is_that_of_all_attempts(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    begin = now() - 9 * HOUR
    fabricate.write_lines(
        directory / "attempts.jsonl",
        attempt(begin, begin + HOUR, state="stopped", end=40),
        attempt(begin + 2 * HOUR, begin + 4 * HOUR, state="complete", begin=40),
    )
    assert one(tmp_path).seconds == pytest.approx(3 * 3600)
    # run.json counts what is before training, too.
    fabricate.change(directory, wall_seconds=3.5 * 3600)
    assert one(tmp_path).seconds == pytest.approx(3.5 * 3600)


def test_of_a_killed_attempt_what_others_built_on_is_known(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    fabricate.change(directory, wall_seconds=0.0)
    begin = now() - 9 * HOUR
    fabricate.write_lines(
        directory / "attempts.jsonl",
        attempt(begin, state="killed"),
        attempt(begin + HOUR, begin + 2 * HOUR, state="complete", begin=40, end=100),
    )
    rows = [(0, 1.0), (20, 100.0), (40, 200.0), (60, 5000.0)]
    fabricate.write_lines(
        directory / "timing.jsonl",
        *({"step": s, "event": "train", "seconds": each} for s, each in rows),
    )
    assert one(tmp_path).seconds == pytest.approx(3600 + 300)


def test_of_the_last_one_the_files_tell_when_it_was_killed(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running")
    fabricate.change(directory, wall_seconds=1.0)
    fabricate.write_lines(directory / "attempts.jsonl", attempt(now() - 2 * HOUR))
    (directory / "train.jsonl").touch()
    an_hour_ago = time.time() - 3600
    os.utime(directory / "train.jsonl", (an_hour_ago, an_hour_ago))
    assert one(tmp_path).seconds == pytest.approx(3600, abs=5)


def test_time_spent_and_left_is_summed(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1), ("ssgan", 0)])
    fabricate.change(fabricate.run(tmp_path, "gan", 0, steps=100), wall_seconds=7200.0)
    found = standing.read(tmp_path)
    assert found.compute == standing.Compute(7200.0, 2 * 7200.0, 0)
    last = rendering.render(tmp_path).splitlines()[-1]
    assert last == "Time of all runs together: 2:00:00 spent, about 4:00:00 left."


def test_what_cannot_be_estimated_is_counted(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1)])
    found = standing.read(tmp_path)
    assert found.compute == standing.Compute(0.0, 0.0, 2)
    assert all(math.isnan(row.remaining_seconds) for row in found.rows)
    last = rendering.render(tmp_path).splitlines()[-1]
    assert last.endswith("0:00 spent, nothing known of 2 runs to come.")


def test_days_are_written_as_such(tmp_path):
    hours = {30: "30:00:00", 48: "2 days 0:00:00", 75: "3 days 3:00:00"}
    for seed, number in enumerate(hours):
        directory = fabricate.run(tmp_path, "gan", seed)
        fabricate.change(directory, wall_seconds=3600.0 * number)
    lines = rendering.render(tmp_path).splitlines()[1:4]
    for line, text in zip(lines, hours.values(), strict=True):
        assert line.endswith(f"  {text}")


# Remarks.


def test_runs_of_one_method_by_several_versions_are_worth_a_remark(tmp_path):
    commits = ["a" * 40, "a" * 40 + "-dirty", "a" * 40]
    for seed, commit in enumerate(commits):
        fabricate.change(fabricate.run(tmp_path, "gan", seed), git_commit=commit)
        fabricate.change(fabricate.run(tmp_path, "ssgan", seed), git_commit="b" * 40)
    expected = (
        "gan on digits was trained by several versions of this program: "
        "aaaaaaa (2 runs), aaaaaaa-dirty (1 run)."
    )
    assert standing.read(tmp_path).remarks == [expected]
    assert rendering.render(tmp_path).endswith(f"Remark: {expected}")


@pytest.mark.parametrize("content", ["[]", "{", '{"pid": [], "host": 7, "started": 0}'])
def test_a_lock_that_somebody_edited_is_no_error(tmp_path, content):
    directory = fabricate.run(tmp_path, "gan", 0, False, status="running")
    with (directory / "lock").open("w") as file:
        file.write(content)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "process unknown on " in rendering.render(tmp_path)
