"""tools/doctor.py: what it notices, and what it advises."""

import errno
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

import pytest

from compare_ssgan.analysis.records import locks
from tests.analysis import fabricate
from tests.studies import lock_process
from tools import doctor
from tools.doctor_checks import (
    engines,
    finding,
    ingredients,
    locking,
    machine,
    places,
)
from tools.doctor_checks.finding import Answer

TOOL = pathlib.Path(doctor.__file__)
Usage = namedtuple("Usage", "total used free")


def by_name(findings):
    return {each.check: each for each in findings}


def verdicts(findings):
    return {each.check: each.verdict for each in findings}


def free(monkeypatch, number):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, number))


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """An empty PATH, and what puts programs there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name, text, code=0):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\nexit {code}\n")
        program.chmod(0o755)

    return install


@pytest.fixture
def no_processes(monkeypatch):
    """Leaves out what starts processes for real."""
    monkeypatch.setattr(locking, "checks", lambda _: [])


# Directories.


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


# Locks.


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


def test_a_lock_that_cannot_be_held_is_a_message(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert locking.hold(tmp_path / "file", 0) == 1
    assert "Cannot write in" in capsys.readouterr().err


# The machine.


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


# Weights and data.


def test_without_weights_it_is_said_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path))
    found = by_name(ingredients.weights())
    assert found["weights of Inception"].verdict == "warn"
    assert "weights get" in found["weights of Inception"].advice
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "unverified-01234567.pth").write_bytes(b"x")
    (tmp_path / "classifiers").mkdir()
    (tmp_path / "classifiers" / "cifar10_cnn-1.npz").touch()
    found = by_name(ingredients.weights())
    assert "is not the published file" in found["weights of Inception"].found
    assert found["classifiers"].found == "digits_cnn, cifar10_cnn-1"


def test_a_data_directory_that_is_not_there_fails(tmp_path):
    (found,) = ingredients.data(["cifar10"], str(tmp_path / "none"))
    assert (found.verdict, found.advice) == ("fail", "Change --data_dir.")


def test_the_datasets_are_those_of_the_plan(tmp_path):
    assert list(doctor.planned_datasets(tmp_path)) == []
    fabricate.plan(tmp_path, [("gan", 0), ("ssgan", 0)])
    assert doctor.planned_datasets(tmp_path) == ["digits"]


# Engines.


def test_without_engines_nothing_is_wrong_unless_they_are_wanted(programs, monkeypatch):
    def absent(name):
        raise engines.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(engines.importlib.metadata, "version", absent)
    (slurm,) = engines.slurm(False)
    (ray,) = engines.ray(False, None)
    assert (slurm.verdict, ray.verdict) == ("ok", "ok")
    assert slurm.found == "not here; only --executor slurm needs it"
    (slurm,) = engines.slurm(True)
    (ray,) = engines.ray(True, None)
    assert slurm.verdict == "fail"
    assert "sinfo" in slurm.found
    assert ray.advice == "pip install 'compare_ssgan[ray]'"


def test_half_a_slurm_is_a_warning(programs):
    programs("sinfo", "")
    (found,) = engines.slurm(False)
    assert found.verdict == "warn"
    assert found.found == "There is no squeue, sbatch, srun, scontrol in PATH."


@pytest.fixture
def slurm(programs):
    for name in ("sbatch", "srun"):
        programs(name, "")
    programs("squeue", "echo RUNNING; echo PENDING")
    programs(
        "sinfo",
        '[ "$1" = --version ] && { echo slurm 23.11.4; exit 0; }\n'
        "echo 'main*|up|1:00:00|3|gpu:2'; echo 'old|down|infinite|1|(null)'",
    )
    programs(
        "scontrol",
        "echo 'AccountingStorageType   = accounting_storage/none'\n"
        "echo 'MaxArraySize            = 1001'\n"
        "echo 'PreemptType             = preempt/none'",
    )
    return programs


def test_slurm_is_described(slurm):
    found = {name: each.found for name, each in by_name(engines.slurm(True)).items()}
    assert found["Slurm"] == "slurm 23.11.4"
    assert found["Slurm's queue"] == "2 jobs of yours"
    assert found["Slurm's partitions"] == (
        "main* (3 nodes, limit 1:00:00, gpu:2); "
        "old (1 nodes, limit infinite, no GRES, DOWN)"
    )
    assert found["Slurm's arrays"].startswith("MaxArraySize 1001")
    assert found["Slurm's accounting"].startswith("none: ")
    assert found["Slurm's pre-emption"].startswith("none; ")


@pytest.mark.parametrize("wanted", [False, True])
def test_a_controller_that_is_down_is_a_failure_if_it_is_wanted(slurm, wanted):
    slurm("sinfo", "echo 'slurm_load_partitions: Unable to contact' >&2", code=1)
    found = by_name(engines.slurm(wanted))["Slurm"]
    assert found.verdict == ("fail" if wanted else "warn")
    assert "Unable to contact" in found.found


def test_a_program_that_hangs_is_not_waited_for(programs):
    programs("sinfo", "exec /bin/sleep 60")
    began = time.monotonic()
    assert finding.call(["sinfo"], 0.2).problem == "no answer within 0 s"
    assert time.monotonic() - began < 10


@pytest.mark.cluster
def test_a_ray_of_this_machine_answers():
    found = by_name(engines.ray(True, None))["Ray of this machine"]
    assert found.verdict == "ok"
    assert "on 1 node(s)" in found.found


# All of it.


@pytest.mark.slow
def test_the_tool_prints_a_table_and_fails_where_something_would(tmp_path):
    command = [sys.executable, str(TOOL), str(tmp_path), "--dataset", "digits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,197 examples to train on" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" 0 fail")
    command += ["--json", "--dataset", "cifar10", "--data_dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    content = json.loads(done.stdout)
    failed = [each for each in content["findings"] if each["verdict"] == "fail"]
    assert [each["check"] for each in failed] == ["data of cifar10"]
    assert content["counts"]["fail"] == 1
