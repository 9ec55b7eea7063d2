"""What the analysis imports, and how fast it answers."""

import subprocess
import sys
import time

import pytest

from compare_ssgan.analysis import frames
from tests.analysis import fabricate

TABLE = """
import importlib, pkgutil, sys
import compare_ssgan.analysis as package
from compare_ssgan.analysis import figures, records, status, tables

for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
assert "pandas" not in sys.modules, "importing must stay fast"
assert "matplotlib" not in sys.modules, "importing must stay fast"
print(tables.render(sys.argv[1]))
status.render(sys.argv[1])
assert "matplotlib" not in sys.modules, "a table draws nothing"
frames.load(sys.argv[1])
figures.curves(sys.argv[1], "fid", sys.argv[2])
for name in ("tensorflow", "keras", "gin"):
    assert name not in sys.modules, name
"""


def table_of(study, out):
    command = [sys.executable, "-c", TABLE, str(study), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_imports_tensorflow(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    assert "fid600_test_digits_cnn" in table_of(tmp_path, tmp_path / "fid.png")


@pytest.fixture(scope="module")
def large_study(tmp_path_factory):
    """1,000 runs of 99 measurements: 10 methods, 100 seeds."""
    study = tmp_path_factory.mktemp("large")
    steps = tuple(range(0, 3300, 100))
    lines = fabricate.measurements([400.0 - s / 10 for s in steps], steps)
    for method in fabricate.FINAL:
        for seed in range(100):
            fabricate.run(study, method, seed, lines)
    return study


def test_a_thousand_runs_load_within_three_seconds(large_study):
    import pandas  # noqa: F401

    start = time.process_time()
    frame = frames.load(large_study)
    assert time.process_time() - start < 3.0
    assert len(frame) == 99_000


def test_a_table_of_200_runs_takes_three_seconds_with_the_process(tmp_path):
    steps = tuple(range(0, 6001, 100))
    lines = fabricate.measurements([400.0 - s / 20 for s in steps], steps)
    for method in fabricate.FINAL:
        for seed in range(20):
            fabricate.run(tmp_path, method, seed, lines)
    code = "import sys; from compare_ssgan.analysis import tables;"
    code += "print(tables.render(sys.argv[1]))"
    start = time.monotonic()
    command = [sys.executable, "-c", code, str(tmp_path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert time.monotonic() - start < 3.0
    assert "over training seeds 0 to 19" in text
