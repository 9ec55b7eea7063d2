import os
import signal

import pytest

from compare_ssgan.studies import files, progress, provenance, run


def attempts(request):
    return files.read_rows(request.run_directory / "attempts.jsonl")


@pytest.fixture
def begun_again(load, monkeypatch):
    """Does a run at one commit, and once more at another, after its last checkpoint."""

    def begun_again(*commits):
        request = load("STEPS = 2")
        for commit in commits:
            (request.run_directory / "DONE").unlink(missing_ok=True)
            monkeypatch.setattr(provenance, "git_commit", lambda commit=commit: commit)
            run.execute(request)
        return request

    return begun_again


def test_an_attempt_says_what_computed_it(load, monkeypatch):
    monkeypatch.setattr(provenance, "git_commit", lambda: "a" * 40)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    request = load("STEPS = 1")
    run.execute(request)
    (row,) = attempts(request)
    content = files.read_json(request.run_directory / "run.json")
    assert row["git_commit"] == content["git_commit"] == "a" * 40
    assert row["device"] == content["device"]
    assert (row["executor"], row["job"]) == ("slurm", "17")


def test_a_second_interruption_is_no_failure_of_the_run(load, monkeypatch):
    def interrupt(self, step, terms):
        if step == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(progress.Progress, "stepped", interrupt)
    request = load("STEPS = 4")
    with pytest.raises(KeyboardInterrupt):
        run.execute(request)
    (row,) = attempts(request)
    assert (row["status"], row["to_step"]) == ("killed", 2)
    content = files.read_json(request.run_directory / "run.json")
    assert (content["status"], content["error"]) == ("running", None)


def test_a_run_that_goes_on_under_another_commit_is_warned_of(begun_again, caplog):
    request = begun_again("first", "second")
    assert "at commit first and goes on at second: if" in caplog.text
    assert [row["git_commit"] for row in attempts(request)] == ["first", "second"]


@pytest.mark.parametrize("commits", [("one", "one"), (None, "two"), ("one", None)])
def test_equal_and_unknown_commits_are_not_warned_of(begun_again, caplog, commits):
    begun_again(*commits)
    assert "goes on at" not in caplog.text


def test_attempts_of_older_versions_are_no_reason_to_warn(begun_again, caplog):
    request = begun_again("first")
    path = request.run_directory / "attempts.jsonl"
    older = [
        {name: value for name, value in row.items() if name != "git_commit"}
        for row in attempts(request)
    ]
    path.write_text(files.to_lines(older))
    begun_again("second")
    assert "goes on at" not in caplog.text
