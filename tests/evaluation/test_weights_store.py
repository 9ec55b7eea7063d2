import hashlib
import io
import socket
import tarfile

import local_server
import numpy as np
import pytest
import tfgan_module

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.evaluation import weights_store
from compare_ssgan.evaluation.features.inception import inception

PORT, FIDELITY = weights_store.PUBLISHED
CONTENT = b"the published weights"


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """An empty store, and a published file whose content the tests know."""
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(weights_store, "SHA256", digest)
    return tmp_path / "cache" / "weights"


def _file(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _add(path, *, unverified=False):
    return weights_store.add(path, lambda source: None, unverified=unverified)


def _names(store):
    return sorted(path.name for path in store.iterdir())


def _closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_sum_is_the_one_in_the_published_names(monkeypatch):
    monkeypatch.undo()
    for name, url in weights_store.PUBLISHED.items():
        assert url.endswith(name)
        assert f"-{weights_store.SHA256[:8]}." in name


@pytest.mark.parametrize("name", weights_store.PUBLISHED)
def test_the_published_file_is_stored_under_either_name(tmp_path, store, name):
    source = _add(_file(tmp_path / name))
    assert source.published
    assert source.label == ""
    assert source.path == store / name
    assert source.path.read_bytes() == CONTENT
    assert weights_store.choose(None) == source


def test_the_published_file_by_another_name_gets_its_name_back(tmp_path, store):
    assert _add(_file(tmp_path / "download.pth")).path == store / PORT


def test_another_file_is_refused_unless_asked_for(tmp_path, store):
    path = _file(tmp_path / PORT, b"something else")
    digest = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(InputError, match=rf"{digest}.*--unverified.*_{digest[:8]}"):
        _add(path)
    assert not store.exists()
    source = _add(path, unverified=True)
    assert not source.published
    assert source.label == digest[:8]
    assert source.path == store / f"unverified-{digest[:8]}.pth"


def test_what_the_check_refuses_is_not_stored(tmp_path, store):
    def refuse(source):
        raise InputError(f"{source.path} is none")

    with pytest.raises(InputError, match="is none"):
        weights_store.add(_file(tmp_path / PORT), refuse, unverified=False)
    assert not store.exists()


def test_a_store_that_cannot_be_written_costs_one_message(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(_file(tmp_path / "no_directory")))
    with pytest.raises(CommandError, match=r"Cannot store .*\.pth: .*no_directory"):
        _add(_file(tmp_path / PORT))


def test_what_is_of_no_known_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"There is no .*a\.pth"):
        _add(tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"neither a state dict.*nor"):
        _add(_file(tmp_path / "a.txt"))
    with pytest.raises(InputError, match=r"no saved_model\.pb"):
        _add(tmp_path)


def test_graphs_and_modules_are_named_by_their_content(tmp_path, store):
    graph = _add(_file(tmp_path / "classify_image_graph_def.pb", b"graph"))
    assert graph.path.name == f"frozen_graph-{graph.sha256[:8]}.pb"
    _file(tmp_path / "module" / "saved_model.pb", b"module")
    module = _add(tmp_path / "module")
    assert module.path.name == f"saved_model-{module.sha256[:8]}"
    assert (module.path / "saved_model.pb").read_bytes() == b"module"
    assert not graph.published
    assert not module.published
    _file(tmp_path / "module" / "variables" / "a", b"more")
    assert _add(tmp_path / "module").sha256 != module.sha256
    assert len(_names(store)) == 3


def test_the_order_of_preference_is_fixed(tmp_path, store):
    _add(_file(tmp_path / "a.pth", b"unknown"), unverified=True)
    _file(tmp_path / "module" / "saved_model.pb")
    _add(tmp_path / "module")
    _add(_file(tmp_path / "a.pb", b"graph"))
    handle = hashlib.sha1(weights_store.HANDLE.encode()).hexdigest()
    _file(store / "tfhub" / handle / "saved_model.pb")
    _add(_file(tmp_path / FIDELITY))
    _add(_file(tmp_path / PORT))
    found = [(source.kind, source.published) for source in weights_store.present()]
    assert found == [
        ("torch", True), ("torch", True), ("tfhub", True), ("frozen_graph", False),
        ("saved_model", False), ("torch", False),
    ]  # fmt: skip
    assert weights_store.choose(None).path.name == PORT


def test_a_stored_file_that_was_changed_is_no_longer_the_published_one(tmp_path):
    source = _add(_file(tmp_path / PORT))
    source.path.write_bytes(b"changed")
    assert not weights_store.choose(None).published


def test_the_file_is_downloaded(store, monkeypatch):
    with local_server.serving({"/a": CONTENT}) as address:
        monkeypatch.setattr(weights_store, "PUBLISHED", {PORT: f"{address}/a"})
        source = weights_store.get("torch")
    assert source.published
    assert source.path.read_bytes() == CONTENT
    assert _names(store) == [PORT]
    # The server is gone: what is there is not fetched again.
    assert weights_store.get("torch") == source


def test_the_second_address_is_tried_where_the_first_has_no_file(store, monkeypatch):
    with local_server.serving({"/b": CONTENT}) as address:
        published = {PORT: f"{address}/a", FIDELITY: f"{address}/b"}
        monkeypatch.setattr(weights_store, "PUBLISHED", published)
        weights_store.get("torch")
    assert _names(store) == [FIDELITY]


def test_an_answer_that_is_another_file_is_not_stored(store, monkeypatch):
    with local_server.serving({"/a": b"please log in"}) as address:
        monkeypatch.setattr(weights_store, "PUBLISHED", {PORT: f"{address}/a"})
        with pytest.raises(CommandError, match=r"not the published file: its sha256"):
            weights_store.get("torch")
    assert _names(store) == []


def test_without_network_one_message_says_what_to_do(store, monkeypatch):
    url = f"http://127.0.0.1:{_closed_port()}/a"
    monkeypatch.setattr(weights_store, "PUBLISHED", {PORT: url})
    with pytest.raises(CommandError, match=r"refused.*weights add FILE") as error:
        weights_store.get("torch")
    assert error.value.exit_code == 1
    assert _names(store) == []


def _archive(directory):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path in sorted(directory.rglob("*")):
            archive.add(path, path.relative_to(directory), recursive=False)
    return stream.getvalue()


def test_the_module_is_fetched_by_tensorflow_hub_once(tmp_path, store, monkeypatch):
    module = tfgan_module.save(tmp_path / "module")
    with local_server.serving({"/inception/1": _archive(module)}) as address:
        monkeypatch.setattr(weights_store, "HANDLE", f"{address}/inception/1")
        source = weights_store.get("tfhub")
    assert source.kind == "tfhub"
    assert source.published
    assert source.path.parent == store / "tfhub"
    assert weights_store.get("tfhub") == source
    assert weights_store.choose(None) == source
    features = inception(weights="tfhub")
    assert features.name == "inception_legacy"
    found = features(np.ones((1, 8, 8, 3), np.float32))
    white = np.full((1, 299, 299, 3), 127 / 128, np.float32)
    np.testing.assert_allclose(
        found.features, tfgan_module.expected(white)[0], atol=1e-4
    )


def test_a_module_that_cannot_be_fetched_costs_one_message(monkeypatch):
    handle = f"http://127.0.0.1:{_closed_port()}/inception/1"
    monkeypatch.setattr(weights_store, "HANDLE", handle)
    with pytest.raises(CommandError, match=r"Cannot fetch http.*inception/1"):
        weights_store.get("tfhub")


def test_the_users_own_directory_of_tensorflow_hub_is_honoured(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    handle = hashlib.sha1(weights_store.HANDLE.encode()).hexdigest()
    _file(tmp_path / "hub" / handle / "saved_model.pb")
    assert weights_store.choose("tfhub").path == tmp_path / "hub" / handle
