"""Signals as such; what a run and a sweep make of them is tested with those."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from compare_ssgan.errors import PreemptedError
from compare_ssgan.studies import stop

# Prints, as a run does, until it is asked to stop, and says so.
PRINTING = """
import sys, time
from compare_ssgan.studies import stop
with stop.listening() as flag:
    print("ready", flush=True)
    latest = time.monotonic() + 30
    while not flag() and time.monotonic() < latest:
        time.sleep(0.01)
    print("saved", file=sys.stderr, flush=True)
    print(flag.received, flush=True)
open(sys.argv[1], "w").write(str(flag.received))
sys.exit(75)
"""


@pytest.fixture
def hangup():
    """Sets what becomes of SIGHUP, whoever started these tests."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda handler: signal.signal(signal.SIGHUP, handler)
    signal.signal(signal.SIGHUP, before)


def test_the_loss_of_the_terminal_is_a_request_to_stop(hangup):
    hangup(signal.SIG_DFL)
    with stop.listening() as flag:
        assert not flag()
        os.kill(os.getpid(), signal.SIGHUP)
        assert flag()
        assert flag.received == "SIGHUP"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    with (
        pytest.raises(PreemptedError, match="The evaluation was stopped by SIGHUP"),
        stop.interruptible("The evaluation"),
    ):
        os.kill(os.getpid(), signal.SIGHUP)


def test_who_is_to_outlive_its_terminal_does(hangup):
    # As nohup starts it.
    hangup(signal.SIG_IGN)
    with stop.listening() as flag:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not flag()
        os.kill(os.getpid(), signal.SIGTERM)
        assert flag.received == "SIGTERM"


def test_who_lost_its_terminal_ends_in_good_order(tmp_path):
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        program = [sys.executable, "-c", PRINTING, str(tmp_path / "received")]
        os.execv(sys.executable, program)
    printed = b""
    while b"ready" not in printed:
        printed += os.read(terminal, 1024)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 75
    assert (tmp_path / "received").read_text() == "SIGHUP"


# A command that is asked to stop, and once more while the interpreter ends.
ASKED_TWICE = """
import atexit, os, signal, sys
from compare_ssgan import cli
from compare_ssgan.studies import stop
number = int(sys.argv.pop())
def dispatch(arguments):
    with stop.listening() as flag:
        os.kill(os.getpid(), number)
    atexit.register(os.kill, os.getpid(), number)
    return 75 if flag() else 1
cli._dispatch = dispatch
cli.main()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR2", "SIGHUP"])
def test_who_is_asked_again_while_it_ends_is_not_killed(name, hangup):
    hangup(signal.SIG_DFL)
    words = ["status", "nowhere", str(int(getattr(signal, name)))]
    ended = subprocess.run([sys.executable, "-c", ASKED_TWICE, *words])
    assert ended.returncode == 75
