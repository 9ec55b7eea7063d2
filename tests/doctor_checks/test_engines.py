import time

import pytest

from tests.doctor_checks.findings import by_name
from tools.doctor_checks import engines, finding


def test_without_engines_nothing_is_wrong_unless_they_are_wanted(programs, monkeypatch):
    def absent(name):
        raise engines.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(engines.importlib.metadata, "version", absent)
    (slurm,) = engines.slurm(False)
    (ray,) = engines.ray(False, None)
    assert (slurm.verdict, ray.verdict) == ("ok", "ok")
    assert slurm.found == "not here; only --executor slurm needs it"
    (slurm,) = engines.slurm(True)
    (ray,) = engines.ray(True, None)
    assert slurm.verdict == "fail"
    assert "sinfo" in slurm.found
    assert ray.advice == "pip install 'compare_ssgan[ray]'"


def test_half_a_slurm_is_a_warning(programs):
    programs("sinfo", "")
    (found,) = engines.slurm(False)
    assert found.verdict == "warn"
    assert found.found == "There is no squeue, sbatch, srun, scontrol in PATH."


@pytest.fixture
def slurm(programs):
    for name in ("sbatch", "srun"):
        programs(name, "")
    programs("squeue", "echo RUNNING; echo PENDING")
    programs(
        "sinfo",
        '[ "$1" = --version ] && { echo slurm 23.11.4; exit 0; }\n'
        "echo 'main*|up|1:00:00|3|gpu:2'; echo 'old|down|infinite|1|(null)'",
    )
    programs(
        "scontrol",
        "echo 'AccountingStorageType   = accounting_storage/none'\n"
        "echo 'MaxArraySize            = 1001'\n"
        "echo 'PreemptType             = preempt/none'",
    )
    return programs


def test_slurm_is_described(slurm):
    found = {name: each.found for name, each in by_name(engines.slurm(True)).items()}
    assert found["Slurm"] == "slurm 23.11.4"
    assert found["Slurm's queue"] == "2 jobs of yours"
    assert found["Slurm's partitions"] == (
        "main* (3 nodes, limit 1:00:00, gpu:2); "
        "old (1 nodes, limit infinite, no GRES, DOWN)"
    )
    assert found["Slurm's arrays"].startswith("MaxArraySize 1001")
    assert found["Slurm's accounting"].startswith("none: ")
    assert found["Slurm's pre-emption"].startswith("none; ")


@pytest.mark.parametrize("wanted", [False, True])
def test_a_controller_that_is_down_is_a_failure_if_it_is_wanted(slurm, wanted):
    slurm("sinfo", "echo 'slurm_load_partitions: Unable to contact' >&2", code=1)
    found = by_name(engines.slurm(wanted))["Slurm"]
    assert found.verdict == ("fail" if wanted else "warn")
    assert "Unable to contact" in found.found


def test_a_program_that_hangs_is_not_waited_for(programs):
    programs("sinfo", "exec /bin/sleep 60")
    began = time.monotonic()
    assert finding.call(["sinfo"], 0.2).problem == "no answer within 0 s"
    assert time.monotonic() - began < 10


@pytest.mark.cluster
def test_a_ray_of_this_machine_answers():
    found = by_name(engines.ray(True, None))["Ray of this machine"]
    assert found.verdict == "ok"
    assert "on 1 node(s)" in found.found
