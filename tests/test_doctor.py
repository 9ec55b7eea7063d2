"""tools/doctor.py; its checks are tested in doctor_checks/."""

import json
import pathlib
import subprocess
import sys

import pytest

from tests.analysis import fabricate
from tools import doctor

TOOL = pathlib.Path(doctor.__file__)


def test_the_datasets_are_those_of_the_plan(tmp_path):
    assert list(doctor.planned_datasets(tmp_path)) == []
    fabricate.plan(tmp_path, [("gan", 0), ("ssgan", 0)])
    assert doctor.planned_datasets(tmp_path) == ["digits"]


@pytest.mark.slow
def test_the_tool_prints_a_table_and_fails_where_something_would(tmp_path):
    command = [sys.executable, str(TOOL), str(tmp_path), "--dataset", "digits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,197 examples to train on" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" 0 fail")
    command += ["--json", "--dataset", "cifar10", "--data_dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    content = json.loads(done.stdout)
    failed = [each for each in content["findings"] if each["verdict"] == "fail"]
    assert [each["check"] for each in failed] == ["data of cifar10"]
    assert content["counts"]["fail"] == 1
