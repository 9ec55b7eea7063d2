import json
import pathlib

import pytest

from compare_ssgan.analysis.status import rendering, standing
from compare_ssgan.studies import lock
from compare_ssgan.studies.request import RunRequest
from compare_ssgan.studies.sweep_report import (
    Reporter,
    Summary,
    exit_code,
    state,
    states,
)

FIELDS = {"dataset": "toy", "method": "gan", "seed": 0, "image_shape": [8, 8, 1]}
FIELDS |= {"num_classes": 3, "batch_size": 8, "wall_seconds": 0.0}


@pytest.fixture
def request_of(tmp_path):
    """Makes a request whose run has a status, or no record."""

    def request_of(name, status=None, *, done=False, error=None):
        request = RunRequest(("gan.gin",), out=tmp_path, run_id=name)
        if status:
            directory = request.run_directory
            directory.mkdir(parents=True)
            run = FIELDS | {"run_id": name, "status": status, "error": error}
            (directory / "run.json").write_text(json.dumps(run))
            if done:
                (directory / "DONE").touch()
        return request

    return request_of


def report(*ended):
    """Returns a reporter told of (request, code) or (request, code, log)."""
    reporter = Reporter([each[0] for each in ended])
    for request, code, *log in ended:
        reporter.started(request)
        reporter.finished(request, code, log[0] if log else None)
    return reporter


def code_of(*ended):
    requests = [each[0] for each in ended]
    return exit_code(requests, states(requests), report(*ended))


def test_a_diverged_run_is_done(request_of):
    assert code_of((request_of("a", "diverged", done=True), 0)) == 0


def test_the_record_counts_where_it_says_more_than_the_exit_code(request_of):
    done = request_of("a", "complete", done=True)
    # Another process has finished it; the executor lost its answer.
    assert code_of((done, 3)) == 0
    assert code_of((done, None)) == 0
    assert code_of((done, 137)) == 0
    assert code_of((request_of("b", "failed"), None)) == 1
    assert code_of((request_of("c", "running"), None)) == 1
    assert code_of((request_of("d"), None)) == 1
    assert code_of((request_of("e"), 0)) == 1


def test_what_another_process_is_at_is_told_apart_from_what_failed(request_of):
    held = request_of("a", "running"), 3
    assert code_of(held) == 3
    assert code_of(held, (request_of("b", "complete", done=True), 0)) == 3
    assert code_of(held, (request_of("c", "failed"), 1)) == 1
    # It was held, and has failed since.
    assert code_of((request_of("d", "failed"), 3)) == 1


def test_a_run_whose_lock_is_held_is_running_before_it_has_a_record(request_of):
    request = request_of("a")
    assert state(request) == "missing"
    request.run_directory.mkdir(parents=True)
    assert state(request) == "partial"
    with lock.hold(request.run_directory):
        assert state(request) == "running"
        assert code_of((request, None)) == 3


def test_status_tells_the_same_of_a_directory_as_a_sweep(request_of, tmp_path):
    expected = {
        request_of("a", "complete", done=True): "done",
        request_of("b", "diverged", done=True): "diverged",
        request_of("c", "running"): "partial",
        request_of("d", "failed", error="ValueError: no"): "failed",
        request_of("e"): "partial",
        request_of("f"): "missing",
        request_of("g", "failed"): "running",
    }
    by_name = {request.run_id: request for request in expected}
    rows = [FIELDS | {"run_id": name} for name in by_name]
    (tmp_path / "study.json").write_text(json.dumps({"study": "x", "planned": rows}))
    # Killed while it was built.
    by_name["e"].run_directory.mkdir()
    with lock.hold(by_name["g"].run_directory):
        told = {row.run_id: row.state for row in standing.read(tmp_path).rows}
        assert told == {each.run_id: word for each, word in expected.items()}
        assert states(list(expected)) == told
        assert json.loads(rendering.render(tmp_path, as_json=True))["totals"] == {
            "done": 1,
            "diverged": 1,
            "running": 1,
            "partial": 2,
            "failed": 1,
            "missing": 1,
            "all": 7,
        }


def test_the_problem_is_the_last_line_of_the_recorded_error(request_of):
    error = "OpError: a\n\nof the graph"
    failed = request_of("a", "failed", error=error)
    log = pathlib.Path("logs/a.log")
    reporter = report((failed, 1, log))
    expected = "failed: of the graph (log: logs/a.log)"
    assert reporter.problem(failed, "failed") == expected
    assert report((failed, None)).problem(failed, "failed") == "failed: of the graph"


def test_where_nothing_is_recorded_the_last_line_of_the_log_is_the_problem(
    request_of, tmp_path
):
    log = tmp_path / "a.log"
    log.write_text("begins\ncompare_ssgan: no such data\n\n")
    request = request_of("a")
    text = report((request, 2, log)).problem(request, "missing")
    assert text == f"compare_ssgan: no such data (log: {log})"
    log.write_bytes(b"\xff" * 10_000 + b"\nlast")
    assert report((request, 2, log)).problem(request, "missing").startswith("last (")


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        ("running", 137, "killed by signal 9"),
        # What is on record is an older failure.
        ("failed", 143, "killed by signal 15"),
        ("running", 75, "stopped after a checkpoint"),
        ("running", 3, "in progress in another process"),
        ("running", None, "partial, and nobody knows how it ended"),
        (None, None, "missing, and nobody knows how it ended"),
        (None, 2, "failed with exit code 2"),
    ],
)
def test_without_an_error_the_problem_is_how_it_ended(request_of, status, code, text):
    request = request_of("a", status, error="ValueError: before")
    assert report((request, code)).problem(request, state(request)) == text


def test_progress_is_told_as_it_is_made(request_of, capsys):
    done = request_of("a", "complete", done=True)
    report((done, 3), (request_of("b"), 1, pathlib.Path("b.log")))
    assert capsys.readouterr().err.splitlines() == [
        "[1/2] a",
        "a: done",
        "[2/2] b",
        "b: failed with exit code 1 (see b.log)",
    ]


def test_a_summary_names_problems_and_what_was_submitted(tmp_path):
    found = {"a": "done", "b": "failed", "c": "done"}
    summary = Summary("mine", tmp_path, found, 1, {"b": "failed: x"})
    assert str(summary) == "mine: 2 done, 1 failed\n  b: failed: x"
    text = str(Summary("mine", tmp_path, {"a": "missing"}, 0, submitted=1))
    assert "submitted 1; they go on without this process" in text
    assert f"compare_ssgan status {tmp_path}" in text
