import json
import os

import pytest

from tests.doctor_checks.findings import by_name
from tools.doctor_checks import machine
from tools.doctor_checks.finding import Answer


def answering(monkeypatch, module, answer):
    monkeypatch.setattr(module, "call", lambda *_: answer)


def told(**changes):
    values = {
        "devices": [],
        "versions": {"tensorflow": "2.21.0"},
        "commit": "a" * 40,
        "package": "0.1.0",
        "path": "/x",
    }
    return Answer(json.dumps(values | changes))


def test_a_tensorflow_that_cannot_be_imported_fails(monkeypatch):
    problem = "ImportError: libcudart.so.12: cannot open shared object file"
    answering(monkeypatch, machine, Answer("", problem))
    found = by_name(machine.checks())["TensorFlow"]
    assert (found.verdict, found.found) == ("fail", problem)


def test_gpus_are_named(monkeypatch):
    answering(monkeypatch, machine, told(devices=["NVIDIA H200"]))
    assert by_name(machine.checks())["accelerators"].found == "NVIDIA H200"


def test_a_gpu_that_tensorflow_does_not_see_is_a_warning(monkeypatch):
    answering(monkeypatch, machine, told())
    monkeypatch.setattr(machine, "_listed_by_nvidia", lambda: True)
    found = by_name(machine.checks())["accelerators"]
    assert found.verdict == "warn"
    assert "compare_ssgan[gpu]" in found.advice


@pytest.mark.parametrize(
    ("commit", "verdict"),
    [("a" * 40, "ok"), (None, "ok"), ("a" * 40 + "-dirty", "warn")],
)
def test_files_that_are_not_committed_are_a_warning(monkeypatch, commit, verdict):
    answering(monkeypatch, machine, told(commit=commit))
    assert by_name(machine.checks())["version"].verdict == verdict


@pytest.mark.parametrize(
    ("limit", "verdict"), [("150000 100000", "warn"), ("max 100000", "ok")]
)
def test_a_limit_of_processor_time_limits_threads(
    tmp_path, monkeypatch, limit, verdict
):
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    found = machine._threads()
    assert found.verdict == verdict
    assert ("--threads 1." in found.advice) == (verdict == "warn")


def test_a_limit_of_memory_counts(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("3000000000")
    (tmp_path / "memory.current").write_text("1500000000")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    found = machine._memory()
    assert (found.verdict, found.found) == ("warn", "1.5 GB available")
    (tmp_path / "memory.max").write_text("max")
    assert machine._memory().found != "1.5 GB available"
