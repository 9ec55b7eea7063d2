import errno
import fcntl
import pathlib
import subprocess
import sys
import time

import pytest

from compare_ssgan.analysis.records import locks
from tests.doctor_checks.findings import by_name
from tests.studies import lock_process
from tools import doctor
from tools.doctor_checks import locking

TOOL = pathlib.Path(doctor.__file__)


def test_a_directory_without_locks_is_a_warning(tmp_path, monkeypatch):
    patched = locking._HOLD.replace(
        "try:", f"import errno, fcntl{lock_process.NO_LOCKS}try:", 1
    )
    monkeypatch.setattr(locking, "_HOLD", patched)

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    found = by_name(locking.checks(tmp_path))["locks"]
    assert found.verdict == "warn"
    assert "leases keep two processes apart" in found.found


def test_locks_that_keep_nobody_out_fail(tmp_path, monkeypatch):
    patched = locking._HOLD.replace(
        "with lock.hold(pathlib.Path(sys.argv[1])):", "if True:"
    )
    monkeypatch.setattr(locking, "_HOLD", patched)
    found = by_name(locking.checks(tmp_path))["locks"]
    assert found.verdict == "fail"
    assert "two processes hold one lock" in found.found


@pytest.mark.parametrize(
    ("locks_of_machine", "verdict"), [("", "ok"), (lock_process.LOCAL_LOCKS, "warn")]
)
def test_the_lock_that_another_machine_holds_is_looked_for(
    tmp_path, locks_of_machine, verdict
):
    place = tmp_path / locking.SHARED
    place.mkdir()
    other = lock_process.Process(place, locks_of_machine, lock_process.machine("a"))
    try:
        assert other.line() == "held"
        found = locking._across(tmp_path)
    finally:
        other.close()
    assert found.verdict == verdict
    assert ("is not seen here" in found.found) == (verdict == "warn")


@pytest.mark.parametrize(
    ("mount", "verdict", "said"),
    [
        (("ext4", ["rw"]), "ok", "of this machine only"),
        (("nfs4", ["rw", "local_lock=none"]), "warn", "nfs4: not tried"),
        (("nfs", ["rw", "local_lock=all"]), "warn", "local_lock=all: each machine"),
        (("lustre", ["rw", "localflock"]), "warn", "localflock: each machine"),
        (("", []), "warn", "An unknown file system: not tried"),
    ],
)
def test_what_is_mounted_tells_of_locks(tmp_path, monkeypatch, mount, verdict, said):
    monkeypatch.setattr(locking, "_mount", lambda _: mount)
    found = locking._across(tmp_path)
    assert found.verdict == verdict
    assert said in found.found
    assert ("--hold" in found.advice) == (verdict == "warn")


def test_the_mount_of_a_directory_is_found():
    kind, options = locking._mount(pathlib.Path("/proc/self"))
    assert kind == "proc"
    assert "rw" in options


def test_a_lock_is_held_for_another_machine(tmp_path):
    command = [sys.executable, str(TOOL), str(tmp_path), "--hold", "60"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert "Call on another machine" in process.stdout.readline()
        assert locks.is_held(tmp_path / locking.SHARED / "lock")
    finally:
        process.kill()
        process.communicate()
    # Its own process goes with it.
    end = time.monotonic() + 10
    while locks.is_held(tmp_path / locking.SHARED / "lock"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert locking.hold(tmp_path, 0) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_another_process_holds_is_left_alone(tmp_path, capsys):
    place = tmp_path / locking.SHARED
    place.mkdir()
    other = lock_process.Process(place)
    try:
        assert other.line() == "held"
        before = sorted(place.iterdir())
        assert locking.hold(tmp_path, 0) == 1
        assert "held already" in capsys.readouterr().err
        assert sorted(place.iterdir()) == before
        assert locks.is_held(place / "lock")
    finally:
        other.close()


def test_a_lock_that_cannot_be_held_is_a_message(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert locking.hold(tmp_path / "file", 0) == 1
    assert "Cannot write in" in capsys.readouterr().err
