import errno
import os
import shutil
import tempfile
from collections import namedtuple

import pytest

from tests.analysis import fabricate
from tests.doctor_checks.findings import by_name, verdicts
from tools.doctor_checks import locking, places

Usage = namedtuple("Usage", "total used free")


def free(monkeypatch, number):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, number))


@pytest.fixture
def no_processes(monkeypatch):
    """Leaves out what starts processes for real."""
    monkeypatch.setattr(locking, "checks", lambda _: [])


def test_a_good_directory_is_fine_and_left_as_it_was(tmp_path, programs):
    found = verdicts(places.checks(tmp_path))
    assert found["write permission"] == found["quota"] == found["locks"] == "ok"
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_of_a_directory_that_does_not_exist_the_one_above_is_looked_at(
    tmp_path, no_processes
):
    found = by_name(places.checks(tmp_path / "a" / "b"))
    assert f"a run makes it in {tmp_path}." in found["directory"].found
    assert found["write permission"].verdict == "ok"
    assert not (tmp_path / "a").exists()


def test_a_directory_that_cannot_be_written_fails(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    found = by_name(places.checks(tmp_path))
    assert found["write permission"].verdict == "fail"
    assert "Permission denied" in found["write permission"].found
    assert "--out" in found["write permission"].advice
    # What needs to write is not tried.
    assert set(found) == {"write permission", "disk space"}


def test_a_file_is_no_directory(tmp_path):
    file = tmp_path / "file"
    file.touch()
    found = by_name(places.checks(file))
    assert found["write permission"].found == f"{file} is a file, no directory."


def test_the_disk_must_take_the_runs_to_come(tmp_path, monkeypatch, no_processes):
    fabricate.plan(tmp_path, [("gan", seed) for seed in range(5)])
    done = fabricate.run(tmp_path, "gan", 0)
    (done / "checkpoints").mkdir()
    with (done / "checkpoints" / "weights").open("wb") as file:
        file.truncate(10 * 10**9)
    expected = {100: "ok", 50: "warn", 30: "fail"}
    for number, verdict in expected.items():
        free(monkeypatch, number * 10**9)
        found = by_name(places.checks(tmp_path))["disk space"]
        assert found.verdict == verdict
        assert "4 runs are to come; runs have 10 GB" in found.found


def test_what_a_begun_run_has_is_not_needed_again(tmp_path, monkeypatch, no_processes):
    for seed, status in enumerate(["complete", "running"]):
        directory = fabricate.run(tmp_path, "gan", seed, status=status)
        (directory / "weights").write_bytes(bytes(5_000_000))
    needed, _ = places._needed(places.run_records.read(tmp_path))
    assert needed < 1000


@pytest.mark.parametrize("number", [0, 10**6])
def test_a_tiny_disk_fails_whatever_is_to_come(
    tmp_path, monkeypatch, no_processes, number
):
    free(monkeypatch, number)
    assert verdicts(places.checks(tmp_path))["disk space"] == "fail"


def test_a_quota_is_noticed_by_setting_space_aside(tmp_path, monkeypatch, no_processes):
    def refuse(*_):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    found = by_name(places.checks(tmp_path))["quota"]
    assert found.verdict == "fail"
    assert "quota exceeded" in found.found.lower()


def test_a_file_system_where_no_space_can_be_set_aside_is_no_failure(
    tmp_path, monkeypatch, no_processes
):
    def refuse(*_):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert verdicts(places.checks(tmp_path))["quota"] == "ok"


def test_what_quota_says_is_told(tmp_path, programs, no_processes):
    programs("quota", "echo Disk quotas for user me: 7 of 9")
    assert "7 of 9" in by_name(places.checks(tmp_path))["quota"].found
    programs("quota", "echo over quota >&2", code=1)
    assert verdicts(places.checks(tmp_path))["quota"] == "warn"


def test_damaged_records_are_a_failure(tmp_path, no_processes):
    (tmp_path / "study.json").write_text("{")
    found = by_name(places.checks(tmp_path))["records"]
    assert found.verdict == "fail"
    assert "study.json is not valid JSON" in found.found
