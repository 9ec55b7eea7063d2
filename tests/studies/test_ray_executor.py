"""The executor of Ray, with a stand-in for Ray; the real one: tests/cluster."""

import json
import os
import pathlib
import signal
import sys
import threading
import types

import pytest

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import lock, spec
from compare_ssgan.studies.executors import base, inline, ray, ray_cluster, tethered
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.ray_cluster import Needs


class Exceptions:
    class RayError(Exception):
        pass

    class TaskCancelledError(RayError):
        pass

    class RayTaskError(RayError):
        pass

    class WorkerCrashedError(RayError):
        pass


class Fake:
    """Does tasks at once, as a script says: codes by the end of a run's id."""

    exceptions = Exceptions

    def __init__(self, script=None, nodes=({"CPU": 2.0},)):
        self.script = {name: list(codes) for name, codes in (script or {}).items()}
        self.resources, self.initialized, self.calls = nodes, None, []
        self.most = 0
        self.open = set()

    def init(self, **options):
        self.initialized = options

    def shutdown(self):
        self.initialized = None

    def nodes(self):
        dead = {"Resources": {"CPU": 99.0, "GPU": 99.0}, "Alive": False}
        return [dead, *({"Resources": each, "Alive": True} for each in self.resources)]

    def remote(self, **options):
        self.options = options
        return lambda function: types.SimpleNamespace(
            options=lambda name: types.SimpleNamespace(
                remote=lambda call: self.submit(name, call)
            )
        )

    def submit(self, name, call):
        self.calls.append((name, call))
        reference = (name, len(self.calls))
        self.open.add(reference)
        self.most = max(self.most, len(self.open))
        return reference

    def wait(self, references, timeout):
        return references[:1], references[1:]

    def get(self, reference):
        self.open.remove(reference)
        codes = self.script.get(reference[0], [0])
        code = codes.pop(0) if codes else 0
        if isinstance(code, Exception):
            raise code
        return code if isinstance(code, tuple) else (code, None)


class Report:
    def __init__(self):
        self.begun, self.codes = [], {}

    def started(self, request):
        self.begun.append(request.run_id)

    def finished(self, request, code, log):
        assert request.run_id not in self.codes
        self.codes[request.run_id] = code


@pytest.fixture
def work(monkeypatch, tmp_path):
    """Executes runs a, b and c on a stand-in for Ray."""

    def work(fake, **options):
        monkeypatch.setitem(sys.modules, "ray", fake)
        monkeypatch.setitem(sys.modules, "ray.exceptions", Exceptions)
        requests = [
            spec.RunRequest(("m.gin",), seed=n, out=tmp_path, run_id=f"run-{name}")
            for n, name in enumerate("abc")
        ]
        report = Report()
        ending = ray.execute(requests, Options(**options), report)
        return ending, report

    return work


def test_every_run_is_done_by_its_own_command_line(work, tmp_path):
    fake = Fake()
    ending, report = work(fake, program=("program",))
    assert ending is Ending.DONE
    assert report.begun == ["run-a", "run-b", "run-c"]
    assert report.codes == {"run-a": 0, "run-b": 0, "run-c": 0}
    name, call = fake.calls[1]
    request = spec.RunRequest(("m.gin",), seed=1, out=tmp_path, run_id="run-b")
    assert name == "run-b"
    assert call["command"] == inline.command(request, ("program",))
    assert call["log"] == str(tmp_path / "logs" / "run-b.log")
    assert call["directory"] == str(pathlib.Path.cwd())
    # Whatever is handed over can be read on a node without this package.
    assert json.loads(json.dumps(call)) == call


def test_tasks_have_new_processes_and_what_was_asked_for(work):
    fake = Fake(nodes=[{"CPU": 4.0, "GPU": 1.0}])
    work(fake, cpus=2.0, gpus=0.25, jobs=1)
    wanted = {"num_cpus": 2.0, "num_gpus": 0.25, "max_calls": 1, "max_retries": 0}
    assert fake.options == wanted


def test_a_dead_worker_is_replaced_five_times_at_most(work, capsys):
    crash = Exceptions.WorkerCrashedError()
    fake = Fake({"run-a": [crash] * 4 + [137, 0], "run-b": [crash] * 9})
    _, report = work(fake)
    assert report.codes == {"run-a": 0, "run-b": 137, "run-c": 0}
    assert report.begun == ["run-a", "run-b", "run-c"]
    assert [name for name, _ in fake.calls].count("run-b") == 6
    said = capsys.readouterr().err
    assert "run-a: its process or node died; retry 5 of 5" in said


def test_a_preempted_run_goes_on_however_often_that_happens(work, capsys):
    fake = Fake({"run-a": [75] * 20})
    assert work(fake)[1].codes["run-a"] == 0
    assert "stopped after a checkpoint; it will go on" in capsys.readouterr().err


@pytest.mark.parametrize("code", [1, 2, 3])
def test_what_will_not_get_better_is_reported_at_once(work, code):
    fake = Fake({"run-b": [code]})
    assert work(fake)[1].codes == {"run-a": 0, "run-b": code, "run-c": 0}
    assert len(fake.calls) == 3


def test_only_a_run_that_goes_on_waits_for_the_lock(work):
    fake = Fake({"run-a": [137]})
    work(fake)
    waits = {name: call["wait"] for name, call in fake.calls}
    assert waits == {"run-a": 120.0, "run-b": 0.0, "run-c": 0.0}


@pytest.mark.parametrize("options, most", [({"jobs": 1}, 1), ({}, 2)])
def test_no_more_are_handed_over_than_there_is_room_for(work, options, most):
    fake = Fake()
    work(fake, **options)
    assert fake.most == most


def test_a_node_that_cannot_do_runs_is_named(work):
    fake = Fake({"run-a": [(None, "node7: No module named 'compare_ssgan'")]})
    with pytest.raises(InputError, match=r"on node7: No module.*at the same path"):
        work(fake)
    assert fake.initialized is None


def test_later_that_is_no_reason_to_stop_the_others(work, capsys):
    gone = (None, "node7: Stale file handle")
    fake = Fake({"run-b": [gone, gone, 0], "run-c": [gone] * 9})
    ending, report = work(fake)
    assert ending is Ending.DONE
    assert report.codes == {"run-a": 0, "run-b": 0, "run-c": None}
    assert [name for name, _ in fake.calls].count("run-c") == 1 + ray.RETRIES
    said = capsys.readouterr().err
    assert "run-b: it cannot be started on node7: Stale file handle; retry 2" in said
    # Such a node must not have one run after the other.
    assert [call["pause"] > 0 for _, call in fake.calls[:4]] == [False] * 2 + [True] * 2


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"directory": "/no/such"}, "/no/such"),
        ({"command": ["/no/python", "-m", "x"]}, "there is no program /no/python"),
    ],
)
def test_a_task_tells_what_its_node_lacks(tmp_path, monkeypatch, changes, problem):
    monkeypatch.chdir(tmp_path)
    call = {
        "directory": str(tmp_path), "package": str(tmp_path), "environment": {},
        "command": [sys.executable, "-c", "pass"], "log": str(tmp_path / "log"),
        "lock": str(tmp_path / "lock"), "wait": 0.0, "pause": 0.0,
    }  # fmt: skip
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert ray._look_after()(call) == (0, None)
    code, text = ray._look_after()(call | changes)
    assert code is None
    assert problem in text


def test_a_task_that_is_told_to_stop_while_it_waits_starts_no_run(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tethered, "_LOCK_POLL_SECONDS", 0.01)
    monkeypatch.setattr(sys, "path", list(sys.path))
    call = {
        "directory": str(tmp_path), "package": str(tmp_path), "environment": {},
        "command": [sys.executable, "-c", "open('begun', 'w')"],
        "log": str(tmp_path / "log"), "lock": str(tmp_path / "lock"), "wait": 20.0,
    }  # fmt: skip
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with lock.hold(tmp_path):
        assert ray._look_after()(call) == (75, None)
    assert not (tmp_path / "begun").exists()


def test_a_mistake_of_the_task_is_no_death(work):
    with pytest.raises(Exceptions.RayTaskError):
        work(Fake({"run-a": [Exceptions.RayTaskError()]}))


@pytest.mark.parametrize(
    "option", [{"partition": "x"}, {"gres": "gpu:1"}, {"minutes": 5}, {"detach": True}]
)
def test_an_option_of_another_executor_is_refused(option):
    (name,) = option
    with pytest.raises(InputError, match=f"--{name} is for --executor slurm, not ray"):
        ray.check(Options(**option), "none")


def test_without_ray_the_installation_is_named(work, monkeypatch):
    def refuse(name, *rest):
        if name.startswith("ray"):
            raise ModuleNotFoundError("No module named 'ray'")
        return imported(name, *rest)

    imported = ray_cluster.importlib.import_module
    monkeypatch.setattr(ray_cluster.importlib, "import_module", refuse)
    with pytest.raises(InputError, match=r"pip install 'compare_ssgan\[ray\]'"):
        work(Fake())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"gpus": 1.5}, "--gpus 1.5: more than one GPU must be a whole number"),
        ({"gpus": 1e-5}, "--gpus 1e-05 is less than 0.0001"),
        ({"cpus": 0.0}, "no limit to the number of runs at a time. Add --jobs"),
    ],
)
def test_what_no_cluster_has_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        ray.check(Options(**options), "none")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cpus": 1e6}, "--cpus 1e[+]06: this machine has .* processors"),
        ({"gpus": 1.0}, "No node has room for .*--gpus 1.*2 CPUs and 0 GPUs"),
        ({"address": "head"}, r"HOST:PORT or ray://HOST:PORT, not 'head'"),
        ({"address": "ray://head"}, r"10001 for ray://"),
        ({"address": "127.0.0.1:1"}, r"nobody answers there \(Connection refused\)"),
    ],
)
def test_what_cannot_be_had_is_refused(work, options, message):
    with pytest.raises(InputError, match=message):
        work(Fake(), **options)


def test_a_cluster_that_cannot_be_joined_says_why(work, monkeypatch):
    fake = Fake()

    def init(**options):
        raise ConnectionError("Version mismatch\nmore")

    fake.init = init
    with pytest.raises(InputError, match=r"can be joined: Version mismatch$"):
        work(fake, address="auto")
    fake.init = lambda **options: ray_cluster.threading.Event().wait(5)
    monkeypatch.setattr(ray_cluster, "_CONNECT_SECONDS", 0.1)
    with pytest.raises(InputError, match="can be joined: no answer within"):
        work(fake, address="auto")


def test_an_instance_that_does_not_start_says_why(work):
    fake = Fake()

    def init(**options):
        raise RuntimeError("no space")

    fake.init = init
    with pytest.raises(CommandError, match="cannot be started on this machine: no spa"):
        work(fake)


def test_this_machine_has_as_many_processors_as_runs_need(work, monkeypatch):
    seen = []
    fake = Fake(nodes=[{"CPU": 99.0}])
    fake.init = lambda **options: seen.append(options)
    work(fake, jobs=5, cpus=0.5)
    monkeypatch.setattr(ray_cluster.threads, "available", lambda: 7)
    work(fake)
    assert [options["num_cpus"] for options in seen] == [3, 7]
    # RAY_ADDRESS shall not decide where.
    assert {options["address"] for options in seen} == {"local"}


def test_unused_gpus_are_pointed_out(work, capsys):
    work(Fake(nodes=[{"CPU": 1.0, "GPU": 2.0}]))
    assert "There are GPUs, but runs will use none: --gpus" in capsys.readouterr().err


@pytest.mark.parametrize(
    "needs, node, room",
    [
        (Needs(1, 0), {"CPU": 4}, 4),
        (Needs(1.5, 0), {"CPU": 4, "GPU": 8}, 2),
        (Needs(1, 0.25), {"CPU": 16, "GPU": 2}, 8),
        # Two on each GPU: the fifth of either is of no use to a third run.
        (Needs(0, 0.4), {"CPU": 1, "GPU": 2}, 4),
        (Needs(1, 2), {"CPU": 16, "GPU": 5}, 2),
        (Needs(1, 1), {"CPU": 16}, 0),
        (Needs(0.5, 0.5), {"CPU": 1, "GPU": 4}, 2),
    ],
)
def test_room_on_a_node_is_counted(needs, node, room):
    assert needs.room(node) == room


def test_the_environment_of_runs_is_that_of_the_sweep(monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", "/cache")
    monkeypatch.setenv("PYTHONPATH", "/here")
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    whole, part = (ray._environment(Needs(1, gpus)) for gpus in (1, 0.25))
    assert whole["COMPARE_SSGAN_CACHE"] == "/cache"
    assert whole["PYTHONPATH"] == "/here"
    assert "SECRET" not in whole
    # What Ray sets is removed.
    assert whole["OMP_NUM_THREADS"] is None
    # Several share a GPU.
    assert "TF_FORCE_GPU_ALLOW_GROWTH" not in whole
    assert part["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "CUDA_VISIBLE_DEVICES" not in whole
    assert ray._environment(Needs(1, 0))["CUDA_VISIBLE_DEVICES"] == ""


def test_there_is_such_an_executor():
    assert base.load("ray") == (ray.check, ray.execute)
