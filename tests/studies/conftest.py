import os
import sys
import textwrap

import pytest

from compare_ssgan.studies import spec
from compare_ssgan.studies.executors.slurm import waiting
from tests.studies.slurm_stand_ins import SBATCH, SCONTROL, SQUEUE, write
from tests.studies.stand_in_program import STAND_IN
from tests.studies.toy import components
from tests.studies.toy import program as toy_program


@pytest.fixture
def toy_configs(monkeypatch):
    """The toy's gin files in the place of the suite's."""
    monkeypatch.chdir(components.CONFIGS.parent)
    toy_program.use_toy_configs(monkeypatch.setattr)


@pytest.fixture
def load(toy_configs, tmp_path):
    """Loads a request for the toy with some --set lines."""

    def load(*settings, method="plain", **options):
        options = {"dataset": "toy", "out": tmp_path / "out"} | options
        files = (f"gin_configs/{method}.gin",)
        return spec.load(spec.RunRequest(files, settings=settings, **options))

    return load


@pytest.fixture
def program(toy_configs, tmp_path):
    """Makes a stand-in for the command that does something before it is done."""

    def program(behave="pass"):
        path = tmp_path / "program.py"
        path.write_text(STAND_IN.replace("behave", textwrap.dedent(behave)))
        return (sys.executable, "-S", str(path))

    return program


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
