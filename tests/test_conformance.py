"""tools/conformance.py: it passes, and says so when a metric does not."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from absl import logging

from compare_ssgan.evaluation.metrics import kid
from tools import conformance
from tools.conformance_checks import check

TOOL = pathlib.Path(__file__).parent.parent / "tools" / "conformance.py"


@pytest.fixture
def call(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["conformance.py", *arguments])
        code = conformance.main()
        return code, capsys.readouterr().out

    # The tool wants to hear of errors only, which is not for tests after this one.
    verbosity = logging.get_verbosity()
    yield run
    logging.set_verbosity(verbosity)


# Tests of each metric check its numbers in the first tier.
@pytest.mark.slow
def test_every_metric_has_its_numbers(call):
    code, out = call("--json")
    rows = [json.loads(line) for line in out.splitlines()]
    wrong = [row for row in rows if row["verdict"] == "FAIL"]
    assert (code, wrong) == (0, [])
    assert {row["metric"] for row in rows} >= {
        "fid", "kid", "is", "precision", "recall", "density", "coverage", "prd",
        "ms_ssim", "swd", "fractal_dimension", "intra_fid", "label_accuracy",
        "log_condition_number", "gilbo", "probe", "discriminator_accuracy",
        "rotation_accuracy",
    }  # fmt: skip
    for row in rows:
        assert row["source"]
        if row["verdict"] == "pass":
            assert abs(row["got"] - row["expected"]) <= row["tolerance"]
        else:
            assert row["remark"]


def test_a_broken_metric_is_reported(call, monkeypatch):
    right = kid._unbiased_mmd
    monkeypatch.setattr(kid, "_unbiased_mmd", lambda *x: 1.001 * right(*x))
    code, out = call("--metric", "kid")
    assert code == 1
    assert "FAIL" in out
    assert "9.5 " in out
    assert out.splitlines()[-1].startswith("0 pass, ")


def test_to_check_nothing_is_no_success(call, capsys):
    with pytest.raises(SystemExit, match="2"):
        call("--metric", "fdi")
    assert "no checked metric has 'fdi'" in capsys.readouterr().err


def a_check(**options):
    defaults = {"expected": 1.0, "got": lambda: 1.0, "tolerance": 0.1}
    return check.Check("fid", "a case", "a source", **(defaults | options))


def fail():
    raise ValueError("of no use\nat all")


@pytest.mark.parametrize(
    ("options", "verdict", "remark"),
    [
        ({}, "pass", ""),
        ({"got": lambda: 1.2}, "FAIL", ""),
        ({"got": lambda: np.nan}, "FAIL", ""),
        ({"got": fail}, "FAIL", "ValueError: of no use"),
        ({"expected": fail}, "FAIL", "ValueError: of no use"),
        ({"requires": (check.package("no_such", "pip"),)}, "not run", "needs no_such"),
        ({"requires": (check.package("numpy", "pip"),)}, "pass", ""),
    ],
)
def test_a_verdict_is_of_the_tolerance(options, verdict, remark):
    outcome = check.run(a_check(**options))
    assert outcome.verdict == verdict
    assert outcome.remark.startswith(remark)
    assert f"{verdict}" in check.table([outcome]).splitlines()[1]


def test_the_tool_runs_from_anywhere(tmp_path):
    done = subprocess.run(
        [sys.executable, str(TOOL), "--metric", "is"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("metric ")
    assert done.stderr == ""
