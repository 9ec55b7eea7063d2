"""What all tests share: a quiet TensorFlow and a cache of their own."""

import os

import numpy as np
import pytest

from compare_ssgan import cli
from compare_ssgan.studies import threads

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Where tests run side by side (pytest -n), each process keeps to one processor; so do
# those that it starts. Libraries ask for it when they are imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    threads.limit_libraries(1)


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    """Keeps cached moments of the user's runs out of tests, and tests out of them."""
    directory = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(directory))


@pytest.fixture(autouse=True)
def same_draws(request, monkeypatch):
    """A module's RNG begins anew: what a test draws depends on no other test."""
    generator = getattr(request.module, "RNG", None)
    if isinstance(generator, np.random.Generator):
        monkeypatch.setattr(request.module, "RNG", np.random.default_rng(0))
    elif generator is not None:
        generator.reset_from_seed(0)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A --data_dir in which TFDS has prepared every set, with few images."""
    import tfds_files

    directory = tmp_path_factory.mktemp("prepared")
    tfds_files.write_all(directory)
    return directory


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Calls a command in this process; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        try:
            code = cli._dispatch(cli._parser().parse_args([*map(str, arguments)]))
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
