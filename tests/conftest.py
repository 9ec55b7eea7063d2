"""What all tests share: a quiet TensorFlow and a cache of their own."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    """Keeps cached moments of the user's runs out of tests, and tests out of them."""
    directory = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(directory))
