import pytest


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
