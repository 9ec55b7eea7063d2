"""What the analysis imports, and how fast it answers."""

import resource
import subprocess
import sys

from tests.analysis import fabricate

TABLE = """
import importlib, pkgutil, sys
import compare_ssgan.analysis as package
from compare_ssgan.analysis import tables
from compare_ssgan.analysis.figures import curves
from compare_ssgan.analysis.records import frames
from compare_ssgan.analysis.status import rendering

for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
assert "pandas" not in sys.modules, "importing must stay fast"
assert "matplotlib" not in sys.modules, "importing must stay fast"
print(tables.render(sys.argv[1]))
rendering.render(sys.argv[1])
assert "matplotlib" not in sys.modules, "a table draws nothing"
frames.load(sys.argv[1])
curves.curves(sys.argv[1], "fid", sys.argv[2])
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


def test_a_table_of_200_runs_takes_three_seconds_with_the_process(tmp_path):
    steps = tuple(range(0, 6001, 100))
    lines = fabricate.measurements([400.0 - s / 20 for s in steps], steps)
    for method in fabricate.FINAL:
        for seed in range(20):
            fabricate.run(tmp_path, method, seed, lines)
    code = "import sys; from compare_ssgan.analysis import tables;"
    code += "print(tables.render(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    # Of the processor, which tests may share with others.
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime < 3.0
    assert "over training seeds 0 to 19" in text
