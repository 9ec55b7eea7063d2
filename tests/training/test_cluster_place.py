"""Who the processes of a run are."""

import json
import os

import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.training import cluster

NODES = {
    "show hostnames n[1-3]": "n1\nn2\nn3\n",
    "show node n1 --oneliner": "NodeName=n1 NodeAddr=10.0.0.1 NodeHostName=n1",
    "show node n2 --oneliner": "NodeName=n2 NodeAddr=10.0.0.2 NodeHostName=n2",
    "show node n3 --oneliner": "NodeName=n3",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in list(os.environ):
        if name == "TF_CONFIG" or name.startswith("SLURM_"):
            monkeypatch.delenv(name)


def config(workers, index, kind="worker"):
    task = {"type": kind, "index": index}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def test_a_process_has_the_place_of_tf_config(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(["a:1", "b:1", "c:1"], 2))
    assert cluster.place() == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        config(["a:1", "b:1"], 2),
        config(["a:1", "b:1"], -1),
        config(["a:1", "b:1"], 0, "evaluator"),
        '{"cluster": {"worker": ["a:1"], "chief": ["b:1"]}, '
        '"task": {"type": "worker", "index": 0}}',
    ],
)
def test_nonsense_in_tf_config_is_refused(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="TF_CONFIG must list workers"):
        cluster.place()


def test_a_run_without_other_processes_is_refused(monkeypatch):
    with pytest.raises(InputError, match=r"srun and several tasks, or set TF_CONFIG"):
        cluster.place()
    monkeypatch.setenv("TF_CONFIG", config(["a:1"], 0))
    with pytest.raises(InputError, match=r"lists one. Remove --strategy"):
        cluster.place()


def test_slurm_says_who_takes_part(monkeypatch):
    step = {
        "NTASKS": "5",
        "STEP_NODELIST": "n[1-3]",
        "STEP_TASKS_PER_NODE": "2(x2),1",
        "JOB_ID": "301",
        "STEP_ID": "2",
        "PROCID": "3",
    }
    for name, value in step.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    # Keeps what is set out of other tests.
    monkeypatch.setenv("TF_CONFIG", "")
    monkeypatch.delenv("TF_CONFIG")
    monkeypatch.setattr(cluster, "_scontrol", lambda *words: NODES[" ".join(words)])
    assert cluster.place() == (3, 5)
    workers = json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"]
    port = 12_000 + 3 * 64
    hosts = ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2", "n3"]
    assert workers == [f"{host}:{port + i}" for i, host in enumerate(hosts)]


def test_a_missing_scontrol_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"scontrol .* which failed: .*TF_CONFIG"):
        cluster._scontrol("show", "hostnames", "n1")
