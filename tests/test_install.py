"""The installed command finds its gin files from any directory."""

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SOURCES = ("compare_ssgan", "gin_configs", "setup.py", "pyproject.toml", "README.md")
DESCRIBE = ("describe", "--gin", "gin_configs/sbn_ssgan.gin", "--json")


def describe(program, directory, **environment):
    """Returns what `describe` prints when called from `directory`."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [*program, *DESCRIBE],
        cwd=directory,
        env=clean | environment,
        capture_output=True,
        text=True,
    )
    # Nothing of TensorFlow's own chatter either.
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the sources, unpacked."""
    directory = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source, target = ROOT / name, directory / "source" / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    options = ["--no-deps", "--no-build-isolation", "-q", "-w", str(directory)]
    command = [sys.executable, "-m", "pip", "wheel", *options]
    done = subprocess.run(
        [*command, str(directory / "source")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (archive,) = directory.glob("*.whl")
    zipfile.ZipFile(archive).extractall(directory / "site")
    return directory / "site"


def test_a_wheel_holds_every_gin_file_the_weights_and_published_numbers(wheel):
    for path in (ROOT / "gin_configs").rglob("*.gin"):
        inside = path.relative_to(ROOT)
        assert (wheel / "compare_ssgan" / inside).read_text() == path.read_text()
    weights = "evaluation/weights/digits_cnn.npz"
    assert (wheel / "compare_ssgan" / weights).stat().st_size < 1_000_000
    published = pathlib.Path("compare_ssgan/analysis/comparison/published.json")
    assert (wheel / published).read_text() == (ROOT / published).read_text()
    assert not (wheel / "tests").exists()


def test_a_wheel_holds_the_parts_of_a_report(wheel):
    inside = pathlib.Path("compare_ssgan", "analysis", "report", "assets")
    parts = [path.name for path in (ROOT / inside).iterdir()]
    assert "page.html" in parts
    for name in parts:
        assert (wheel / inside / name).read_text() == (ROOT / inside / name).read_text()


def test_the_wheel_runs_from_another_directory(wheel, tmp_path):
    program = [sys.executable, "-m", "compare_ssgan"]
    found = describe(program, tmp_path, PYTHONPATH=str(wheel))
    assert found["method"] == "sbn_ssgan"
    assert found["dataset"] == "digits"


def test_the_editable_installation_runs_from_another_directory(tmp_path):
    try:
        importlib.metadata.distribution("compare_ssgan")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("compare_ssgan is not installed in this environment")
    program = [str(pathlib.Path(sys.executable).parent / "compare_ssgan")]
    assert describe(program, tmp_path)["method"] == "sbn_ssgan"
