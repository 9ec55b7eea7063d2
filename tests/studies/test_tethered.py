"""Processes that do not outlive the one that looks after them; without TensorFlow."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from compare_ssgan.studies import lock
from compare_ssgan.studies.executors import tethered

PYTHON = (sys.executable, "-S", "-c")
# Says that it was asked to stop, as a run would after its checkpoint.
STOPPABLE = """
import pathlib, signal, sys, time
def stop(number, frame):
    pathlib.Path("stopped").touch()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
pathlib.Path("ready").touch()
time.sleep(30)
"""
PARENT = """
import pathlib, sys
from compare_ssgan.studies.executors import tethered
assert "tensorflow" not in sys.modules
tethered.run([sys.executable, "-S", "-c", sys.argv[1]], pathlib.Path("log"), {})
"""


def wait_for(path, seconds=20):
    latest = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < latest, f"{path} does not come about."
        time.sleep(0.01)


@pytest.mark.parametrize(
    "program, code",
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", 137),
    ],
)
def test_the_exit_code_is_that_of_the_command(tmp_path, program, code):
    assert tethered.run([*PYTHON, program], tmp_path / "log", {}) == code


def test_output_is_appended_to_the_log(tmp_path):
    log = tmp_path / "logs" / "log"
    program = "import sys; print('out', flush=True); print('error', file=sys.stderr)"
    for _ in range(2):
        tethered.run([*PYTHON, program], log, {})
    assert log.read_text() == "out\nerror\n" * 2


def test_the_environment_is_changed_as_said(tmp_path, monkeypatch):
    monkeypatch.setenv("REMOVED", "1")
    monkeypatch.setenv("KEPT", "2")
    program = (
        "import os; print([os.environ.get(n) for n in ('REMOVED', 'KEPT', 'NEW')])"
    )
    tethered.run([*PYTHON, program], tmp_path / "log", {"REMOVED": None, "NEW": "3"})
    assert (tmp_path / "log").read_text() == "[None, '2', '3']\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_end_awaited(tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)

    def interrupt():
        wait_for(tmp_path / "ready")
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    assert tethered.run([*PYTHON, STOPPABLE], tmp_path / "log", {}) == 75
    assert (tmp_path / "stopped").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of it")
def test_the_death_of_the_parent_asks_the_command_to_stop(tmp_path):
    environment = os.environ | {"PYTHONPATH": tethered.__file__.rsplit("/", 4)[0]}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, STOPPABLE], cwd=tmp_path, env=environment
    )
    wait_for(tmp_path / "ready")
    parent.kill()
    parent.wait()
    wait_for(tmp_path / "stopped")


def test_a_lock_is_awaited_for_a_while(tmp_path):
    begin = time.monotonic()
    assert not tethered.await_release(tmp_path / "lock", 60)
    with lock.hold(tmp_path):
        assert not tethered.await_release(tmp_path / "lock", 0)
        assert time.monotonic() - begin < 5
        assert not tethered.await_release(tmp_path / "lock", 0.5)
        assert time.monotonic() - begin > 0.5


def test_a_signal_ends_the_waiting_for_a_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(tethered, "_LOCK_POLL_SECONDS", 0.01)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with lock.hold(tmp_path):
        assert tethered.await_release(tmp_path / "lock", 20)
