import pytest

from compare_ssgan.studies import spec
from tests.studies.toy import components, program


@pytest.fixture
def toy_configs(monkeypatch):
    """The toy's gin files in the place of the suite's."""
    monkeypatch.chdir(components.CONFIGS.parent)
    program.use_toy_configs(monkeypatch.setattr)


@pytest.fixture
def load(toy_configs, tmp_path):
    """Loads a request for the toy with some --set lines."""

    def load(*settings, method="plain", **options):
        options = {"dataset": "toy", "out": tmp_path / "out"} | options
        files = (f"gin_configs/{method}.gin",)
        return spec.load(spec.RunRequest(files, settings=settings, **options))

    return load
