"""Sweeps on a real Ray: several nodes on this machine, and whatever may happen."""

import importlib.util
import json
import os
import signal
import sys
from collections import Counter

import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.studies import spec
from compare_ssgan.studies.executors import ray, ray_cluster
from compare_ssgan.studies.executors.base import Ending, Options
from tests.cluster import ray_nodes, twelve

# Asked without importing it: Ray reads its environment when it is imported.
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed (the extra 'ray')",
    ),
]

OBJECTS = 80 * 2**20


class Report:
    def __init__(self):
        self.codes = {}

    def started(self, request):
        pass

    def finished(self, request, code, log):
        self.codes[request.run_id] = code, log


@pytest.fixture(scope="module")
def private_ray(tmp_path_factory):
    """A home for Ray's token, with which everybody must show who he is."""
    home = tmp_path_factory.mktemp("home")
    token = home / "token"
    token.write_text("0123456789abcdef" * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        # Else runs would wait for everything else that this machine does.
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
        yield


@pytest.fixture(scope="module")
def cluster(private_ray):
    """A head without processors; nodes are added by `add`."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": OBJECTS}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture
def sweep(private_ray):
    """Starts sweeps, none of which outlives the test."""
    started = []

    def sweep(*arguments, **options):
        started.append(ray_nodes.sweep(*arguments, **options))
        return started[-1]

    yield sweep
    for process in started:
        process.kill()
        process.communicate()


def add(cluster):
    return cluster.add_node(num_cpus=2, num_gpus=2, object_store_memory=OBJECTS)


def raylet(node):
    return node.all_processes["raylet"][0].process.pid


def check_attempts(out, hit):
    """Asserts that nothing was done twice."""
    directories = sorted((out / "runs").iterdir())
    assert len(directories) == twelve.ALL
    for directory in directories:
        text = (directory / "attempts.jsonl").read_text()
        attempts = [json.loads(line) for line in text.splitlines()]
        assert [row["status"] for row in attempts].count("complete") == 1
        # Nobody worked after the end, or started over.
        assert attempts[-1]["status"] == "complete"
        begun = [row["from_step"] for row in attempts]
        assert begun == sorted(begun)
        assert begun[-1] > 0 or directory not in hit


def test_a_sweep_survives_the_death_of_everything(
    cluster, sweep, tmp_path, undisturbed
):
    study, out = tmp_path / "twelve.gin", tmp_path / "out"
    options = ("--address", cluster.address, "--jobs", "3", "--cpus", "0.5")
    options += ("--gpus", "0.5")
    nodes = [add(cluster), add(cluster)]
    first = sweep(study, out, *options)
    hit = set()

    def victim():
        found = [r for r in ray_nodes.in_training(out) if r.directory not in hit]
        return found[0] if found else None

    def next_victim():
        run = ray_nodes.wait_for(victim, first)
        hit.add(run.directory)
        # The share of a GPU reaches the process.
        assert run.gpu in ("0", "1")
        return run

    # A process is killed, another pre-empted, and a worker killed.
    os.kill(next_victim().process, signal.SIGKILL)
    os.kill(next_victim().process, signal.SIGTERM)
    run = next_victim()
    os.kill(run.worker, signal.SIGKILL)
    ray_nodes.wait_for(lambda: not ray_nodes.is_alive(run.process))
    # A node dies, and with it its runs; another takes its place.
    run = next_victim()
    (node,) = (node for node in nodes if raylet(node) == run.raylet)
    cluster.remove_node(node, allow_graceful=False)
    add(cluster)
    ray_nodes.wait_for(lambda: not ray_nodes.is_alive(run.process))
    # The sweep itself is killed, and leaves nobody.
    ray_nodes.wait_for(lambda: ray_nodes.done(out) >= twelve.ALL // 2, first)
    left = ray_nodes.in_training(out)
    first.kill()
    said = first.communicate()[1]
    for text in ("its process or node died; retry 1 of 5", "it will go on"):
        assert text in said
    for run in left:
        ray_nodes.wait_for(lambda run=run: not ray_nodes.is_alive(run.process))

    # Two at once do the rest, and neither what the other does.
    both = [sweep(study, out, *options) for _ in range(2)]
    for process in both:
        stdout, stderr = process.communicate(timeout=ray_nodes.SECONDS)
        assert process.returncode in (0, 3), stderr
    last = sweep(study, out, *options)
    stdout, stderr = last.communicate(timeout=ray_nodes.SECONDS)
    assert last.returncode == 0, stderr
    assert f"{twelve.ALL} done" in stdout
    check_attempts(out, hit)
    twelve.compare(out, undisturbed)


STAND_IN = """
import os, pathlib, sys, time
words = sys.argv[1:]
value = dict(zip(words, words[1:]))
print("on GPU", os.environ["CUDA_VISIBLE_DEVICES"], os.environ.get("OMP_NUM_THREADS"))
place = pathlib.Path(value["--out"]) / f"gpu-{value['--seed']}"
place.write_text(f"{os.getppid()} {os.environ['CUDA_VISIBLE_DEVICES']}")
# Until all are there: they run at the same time.
end = time.time() + 60
while len(list(place.parent.glob("gpu-*"))) < 4:
    if time.time() > end:
        sys.exit(1)
    time.sleep(0.05)
"""


def requests(out, number):
    files = ("gin_configs/m.gin",)
    return [
        spec.RunRequest(files, seed=n, out=out, run_id=f"run-{n}")
        for n in range(number)
    ]


def test_runs_share_gpus_and_see_only_theirs(cluster, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    add(cluster)
    program = tmp_path / "program.py"
    program.write_text(STAND_IN)
    options = Options(
        address=cluster.address, cpus=0.25, gpus=0.5, jobs=4,
        program=(sys.executable, "-S", str(program)),
    )  # fmt: skip
    report = Report()
    assert ray.execute(requests(tmp_path, 4), options, report) is Ending.DONE
    assert {code for code, _ in report.codes.values()} == {0}
    texts = [path.read_text() for path in tmp_path.glob("gpu-*")]
    assert len({text.split()[0] for text in texts}) == 4
    shares = Counter(text.split()[1] for text in texts)
    assert shares.keys() <= {"0", "1"}
    for _, log in report.codes.values():
        assert log.read_text() in ("on GPU 0 None\n", "on GPU 1 None\n")


def test_a_node_that_cannot_start_runs_ends_the_sweep(cluster, tmp_path):
    add(cluster)
    options = Options(address=cluster.address, program=("/no/such/python",))
    with pytest.raises(InputError, match=r"there is no program /no/such/python.*same"):
        ray.execute(requests(tmp_path, 2), options, Report())


def test_more_than_any_node_has_is_refused(cluster, tmp_path):
    add(cluster)
    options = Options(address=cluster.address, gpus=3.0)
    with pytest.raises(InputError, match=r"No node has room .* 2 CPUs and 2 GPUs"):
        ray.execute(requests(tmp_path, 1), options, Report())


def test_ctrl_c_on_this_machine_saves_and_leaves_nothing(sweep, tmp_path):
    study, out = tmp_path / "short.gin", tmp_path / "out"
    settings = [*twelve.SETTINGS, "STEPS = 100000"]
    process = sweep(study, out, "--jobs", "2", seeds=1, settings=settings)
    runs = ray_nodes.wait_for(lambda: ray_nodes.in_training(out)[:1], process)
    ray_nodes.interrupt(process)
    _, stderr = process.communicate(timeout=ray_nodes.SECONDS)
    assert process.returncode == 75, stderr
    assert "stopped after a checkpoint" in stderr
    assert "Run the same command again to go on" in stderr
    assert not any(ray_nodes.is_alive(run.process) for run in runs)
    text = (runs[0].directory / "attempts.jsonl").read_text()
    assert json.loads(text)["status"] == "stopped"
    # Nothing but our own words.
    assert "ray" not in stderr.replace(str(tmp_path), "")


def test_an_address_where_nobody_answers_is_refused_at_once(private_ray):
    needs = ray_cluster.Needs(1, 0)
    with (
        pytest.raises(InputError, match="nobody answers there"),
        ray_cluster.connected("127.0.0.1:9", needs, None),
    ):
        pass
