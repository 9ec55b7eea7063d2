import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from compare_ssgan.analysis.records import locks
from compare_ssgan.errors import CommandError, InputError, RunHeldError
from compare_ssgan.studies import lock
from tests.studies import lock_process
from tests.studies.lock_process import LOCAL_LOCKS, NO_LOCKS, clock, machine

HOLD = """
import pathlib, sys, time
from compare_ssgan.studies import lock
with lock.hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_process_learns_who_holds_the_run(tmp_path, other_process):
    expected = f"held by process {other_process.pid} on .* since 2"
    with pytest.raises(RunHeldError, match=expected), lock.hold(tmp_path):
        pass
    assert lock.holder(tmp_path)["pid"] == other_process.pid


def test_the_lock_of_a_dead_process_does_not_block(tmp_path, other_process):
    other_process.kill()
    other_process.wait()
    assert lock.holder(tmp_path) is None
    with lock.hold(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_a_lock_is_free_after_use(tmp_path):
    for _ in range(2):
        with lock.hold(tmp_path):
            assert lock.holder(tmp_path)["pid"] == os.getpid()
        assert lock.holder(tmp_path) is None


def test_a_directory_without_lock_is_held_by_nobody(tmp_path):
    assert lock.holder(tmp_path) is None


def test_a_holder_that_is_not_described_yet_is_unknown(tmp_path, other_process):
    (tmp_path / "lock").write_text("")
    with pytest.raises(RunHeldError, match="process unknown"), lock.hold(tmp_path):
        pass


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a process that holds the directory, as patched."""
    monkeypatch.setattr(locks, "BEAT_SECONDS", lock_process.BEAT_SECONDS)
    monkeypatch.setattr(locks, "STALE_SECONDS", lock_process.STALE_SECONDS)
    started = []

    def start(*patches, **options):
        started.append(lock_process.Process(tmp_path, *patches, **options))
        return started[-1]

    yield start
    for process in started:
        process.close()


def without_locks(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


# A file system without locks.


def test_without_locks_a_lease_keeps_others_out(tmp_path, start):
    first = start(NO_LOCKS)
    assert first.line() == "held"
    second = start(NO_LOCKS)
    assert f"held by process {first.pid} on" in second.line()
    assert second.wait() == 3
    assert lock.holder(tmp_path)["pid"] == first.pid
    first.go()
    assert first.wait() == 0
    assert lock.holder(tmp_path) is None
    said = first.errors()
    assert said.count("has no locks (No locks available). A lease file keeps") == 1


def test_a_lease_that_was_given_back_is_free_at_once(tmp_path, start, monkeypatch):
    without_locks(monkeypatch)
    monkeypatch.setattr(locks, "STALE_SECONDS", 1e6)
    for _ in range(3):
        with lock.hold(tmp_path):
            assert lock.holder(tmp_path)["pid"] == os.getpid()
            with pytest.raises(RunHeldError), lock.hold(tmp_path):
                pass
        assert lock.holder(tmp_path) is None
    assert len(locks.leases(tmp_path / "lock")) == 1


def test_the_lease_of_a_process_killed_on_this_machine_is_free_at_once(
    tmp_path, start, monkeypatch
):
    first = start(NO_LOCKS)
    assert first.line() == "held"
    monkeypatch.setattr(locks, "STALE_SECONDS", 1e6)
    first.signal(signal.SIGKILL)
    # Nobody has waited for it yet.
    end = time.monotonic() + 10
    while lock.holder(tmp_path) is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    without_locks(monkeypatch)
    with lock.hold(tmp_path):
        assert lock.holder(tmp_path)["pid"] == os.getpid()


def test_that_of_one_killed_elsewhere_is_free_when_it_gives_no_sign_of_life(
    tmp_path, start
):
    first = start(NO_LOCKS, machine("a"))
    assert first.line() == "held"
    first.kill()
    began = time.monotonic()
    assert lock.holder(tmp_path)["pid"] == first.pid
    second = start(NO_LOCKS, machine("b"))
    assert second.line() == "held"
    assert time.monotonic() - began > lock_process.STALE_SECONDS / 2
    assert lock.holder(tmp_path)["pid"] == second.pid
    second.go()
    second.wait()
    assert f"process {first.pid} on" in second.errors()


@pytest.mark.parametrize("wrong", [-3600, pytest.param(3600, marks=pytest.mark.slow)])
def test_wrong_clocks_take_no_lease_from_a_living_process(start, wrong):
    first = start(NO_LOCKS, machine("a"), clock(wrong))
    assert first.line() == "held"
    time.sleep(2 * lock_process.BEAT_SECONDS)
    second = start(NO_LOCKS, machine("b"))
    assert second.line().startswith("refused")
    first.kill()
    third = start(NO_LOCKS, machine("c"), clock(-wrong))
    assert third.line() == "held"


def test_of_contenders_for_the_lease_of_a_dead_one_one_gets_it(tmp_path, start):
    first = start(NO_LOCKS, machine("a"))
    assert first.line() == "held"
    first.kill()
    contenders = [start(NO_LOCKS, machine(str(i)), wait=True) for i in range(4)]
    assert {each.line() for each in contenders} == {"ready"}
    for each in contenders:
        each.go()
    answers = sorted(each.line().split()[0] for each in contenders)
    assert answers == ["held", *["refused"] * 3]


def test_a_lease_whose_number_was_used_long_ago_is_no_lease(tmp_path, monkeypatch):
    """One that judged the lease before the last one, and slept, gets nothing."""
    without_locks(monkeypatch)
    for _ in range(2):
        with lock.hold(tmp_path):
            pass
    monkeypatch.setattr("compare_ssgan.studies.lease._free_number", lambda *_: 1)
    with pytest.raises(RunHeldError), lock.hold(tmp_path):
        pass
    assert [number for number, _ in locks.leases(tmp_path / "lock")] == [2]


# Machines that do not see each other's locks.


def test_a_living_process_of_another_machine_is_respected(tmp_path, start):
    first = start(LOCAL_LOCKS, machine("a"))
    assert first.line() == "held"
    second = start(LOCAL_LOCKS, machine("b"))
    assert f"held by process {first.pid} on" in second.line()
    first.go()
    assert first.wait() == 0


def test_a_dead_one_is_not_for_long(tmp_path, start):
    first = start(LOCAL_LOCKS, machine("a"))
    assert first.line() == "held"
    first.kill()
    second = start(LOCAL_LOCKS, machine("b"))
    assert second.line() == "held"
    assert json.loads((tmp_path / "lock").read_text())["boot"] == "b"


@pytest.mark.parametrize("locking", [LOCAL_LOCKS, NO_LOCKS])
def test_one_that_was_stopped_ends_when_another_has_taken_over(start, locking):
    first = start(locking, machine("a"))
    assert first.line() == "held"
    first.signal(signal.SIGSTOP)
    second = start(locking, machine("b"))
    assert second.line() == "held"
    first.signal(signal.SIGCONT)
    assert first.wait() == 3
    assert "another one took the directory" in first.errors()
    # The second has noticed nothing.
    second.go()
    assert second.wait() == 0


def test_of_two_that_began_at_once_one_ends(tmp_path, start):
    first = start(LOCAL_LOCKS, machine("a"))
    assert first.line() == "held"
    # As if it had not described itself when the second one looked.
    (tmp_path / "lock").write_text("")
    second = start(LOCAL_LOCKS, machine("b"))
    assert second.line() == "held"
    assert first.wait() == 3
    assert lock.holder(tmp_path)["pid"] == second.pid


@pytest.mark.slow
def test_a_machine_with_locks_respects_a_lease_and_the_other_way_round(tmp_path, start):
    for mine, other in [(NO_LOCKS, ""), ("", NO_LOCKS)]:
        first = start(mine, machine("a"))
        assert first.line() == "held"
        second = start(other, machine("b"))
        assert f"held by process {first.pid} on" in second.line()
        first.go()
        assert first.wait() == 0


# Readers.


@pytest.mark.slow
def test_a_reader_goes_by_signs_of_life_where_it_sees_no_locks(tmp_path, start):
    first = start(LOCAL_LOCKS, machine("a"))
    assert first.line() == "held"
    time.sleep(2 * lock_process.STALE_SECONDS)
    assert lock.holder(tmp_path)["pid"] == first.pid
    first.kill()
    time.sleep(1.5 * lock_process.STALE_SECONDS)
    assert lock.holder(tmp_path) is None


def test_the_time_of_files_is_compared_with_that_of_their_file_system(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(locks, "_clocks", {})
    monkeypatch.setattr(time, "time", lambda: 0.0)
    path = tmp_path / "file"
    path.touch()
    assert abs(locks.age_seconds(path)) < 1.0
    now = path.stat().st_mtime
    os.utime(path, (now - 100.0, now - 100.0))
    assert locks.age_seconds(path) == pytest.approx(100.0, abs=1.0)
    assert [*tmp_path.iterdir()] == [path]


# What else goes wrong.


def test_an_error_of_locking_that_is_not_the_lack_of_locks_is_told(
    tmp_path, monkeypatch
):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", fail)
    with (
        pytest.raises(
            CommandError, match=r"lock cannot be locked \(Input/output error"
        ),
        lock.hold(tmp_path),
    ):
        pass


def test_the_lock_of_another_user_is_a_message(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    path = tmp_path / "study.lock"
    path.touch()
    monkeypatch.setattr(os, "open", refuse)
    # It need not be about a run.
    expected = (
        rf"^{path} cannot be written \(Permission denied\): it is {path.owner()}'s\. "
        rf"Work .*: chmod -R g\+w {tmp_path}$"
    )
    with pytest.raises(InputError, match=expected), lock.hold(tmp_path, path.name):
        pass


def test_a_directory_may_be_removed_while_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "BEAT_SECONDS", 0.01)
    for locking in (True, False):
        if not locking:
            without_locks(monkeypatch)
        directory = tmp_path / str(locking)
        directory.mkdir()
        with lock.hold(directory):
            for path in directory.iterdir():
                path.unlink()
            directory.rmdir()
            time.sleep(0.05)
        assert not directory.exists()
