import os

import pytest

from compare_ssgan.studies import spec
from compare_ssgan.studies.executors.slurm import waiting
from tests.studies.slurm_stand_ins import SBATCH, SCONTROL, SQUEUE, write
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


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A directory with stand-ins for Slurm's commands, which work in it."""
    place = tmp_path / "slurm"
    (place / "scripts").mkdir(parents=True)
    (place / "squeue.0").write_text("")
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    write(place, sbatch=SBATCH, squeue=SQUEUE, scontrol=SCONTROL, srun="")
    for name in ("_SHORTEST_SECONDS", "_LONGEST_SECONDS", "_TICK_SECONDS"):
        monkeypatch.setattr(waiting, name, 0.01)
    return place


@pytest.fixture
def out(tmp_path):
    directory = tmp_path / "out"
    directory.mkdir()
    return directory
