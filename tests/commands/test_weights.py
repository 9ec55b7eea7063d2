import hashlib
import subprocess
import sys

import local_server
import pytest
import tfgan_module
import torch_format

from compare_ssgan.evaluation import weights_store

PORT, _ = weights_store.PUBLISHED


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    return tmp_path / "cache" / "weights"


def test_show_says_what_is_absent_and_how_to_get_it(command, store):
    code, out, _ = command("weights", "show")
    assert code == 0
    assert f"in {store}" in out
    for kind in ("torch", "tfhub", "frozen_graph", "saved_model"):
        assert f"{kind:12}  absent" in out
    assert "weights get" in out


def test_show_needs_no_tensorflow(store):
    program = (
        "import sys; from compare_ssgan import cli\n"
        "cli._dispatch(cli._parser().parse_args(['weights', 'show']))\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_add_refuses_other_weights_and_stores_them_on_demand(command, tmp_path):
    path = torch_format.save(
        tmp_path / PORT, torch_format.inception_state(), zipped=False
    )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    code, _, err = command("weights", "add", path)
    assert code == 2
    assert digest in err
    assert "--unverified" in err
    code, out, _ = command("weights", "add", path, "--unverified")
    assert code == 0
    assert f"metrics are named ..._{digest[:8]}" in out
    code, out, _ = command("weights", "show")
    assert f"torch         unverified-{digest[:8]}.pth  sha256 {digest}" in out
    assert "torch         absent" not in out
    assert f"features.inception() takes unverified-{digest[:8]}.pth" in out


def test_add_refuses_what_cannot_be_read(command, tmp_path, store):
    path = torch_format.save(tmp_path / "a.pth", {}, zipped=True)
    code, _, err = command("weights", "add", path, "--unverified")
    assert code == 2
    assert "not the weights of the Inception network of 2015" in err
    path.write_bytes(b"nothing")
    code, _, err = command("weights", "add", path, "--unverified")
    assert code == 2
    assert "no file that torch.save wrote" in err
    assert not store.exists()


def test_add_stores_a_module(command, tmp_path):
    path = tfgan_module.save(tmp_path / "module")
    code, out, _ = command("weights", "add", path)
    assert code == 0
    assert out.startswith("saved_model   saved_model-")


def test_get_downloads(command, monkeypatch, store):
    content = b"the published weights"
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(weights_store, "SHA256", digest)
    with local_server.serving({"/a": content}) as address:
        monkeypatch.setattr(weights_store, "PUBLISHED", {PORT: f"{address}/a"})
        code, out, _ = command("weights", "get")
    assert code == 0
    assert out == f"torch         {PORT}  sha256 {digest}  published\n"
    assert (store / PORT).read_bytes() == content


def test_get_without_network_exits_with_1(command, monkeypatch):
    monkeypatch.setattr(weights_store, "PUBLISHED", {PORT: "http://127.0.0.1:9/a"})
    code, _, err = command("weights", "get")
    assert code == 1
    assert err.count("compare_ssgan:") == 1
    assert "weights add FILE" in err
