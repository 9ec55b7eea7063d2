import json
import os
import subprocess
import sys

import pytest

from compare_ssgan.errors import RunHeldError
from compare_ssgan.studies import lock

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
