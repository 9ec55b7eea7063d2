"""What is asked of Slurm, what it says of itself, and what is refused before."""

import pytest

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.slurm import controller, job, submission, waiting
from tests.studies.slurm_stand_ins import (
    Told,
    answer,
    done,
    execute,
    handed_over,
    requests,
    script,
    write,
)

pytest.importorskip("submitit")


def test_arrays_have_fewer_tasks_than_max_array_size(slurm, out, capsys):
    answer(slurm, done(out, *(f"run{n}" for n in range(10))))
    ending, told = execute(out, 10)
    assert ending is Ending.DONE
    arrays = [script(slurm, n).split("--array=")[1].split("\n")[0] for n in (1, 2, 3)]
    assert arrays == ["0-3%4", "0-3%4", "0-1%2"]
    assert handed_over(out)["run9"] == "3_1"
    assert told.codes == dict.fromkeys(told.handed_over, 0)
    assert "Slurm has them as 1_0 to 1_3" in capsys.readouterr().err


def test_a_job_says_what_it_needs(slurm, out):
    answer(slurm, done(out, "run0", "run1", "run2"))
    options = {"partition": "p", "gres": "gpu:2", "constraint": "a&b", "minutes": 3}
    three = requests(out, 3, threads=4, study="digits")
    waiting.execute(three, Options(runs_per_job=2, **options), Told())
    lines = script(slurm, 1).splitlines()
    expected = ["--partition=p", "--gres=gpu:2", "--constraint='a&b'", "--time=3"]
    # Two runs of four threads each; a quarter of the limit.
    expected += ["--cpus-per-task=8", "--signal=USR2@45", "--requeue"]
    expected += ["--array=0-1%2", "--job-name=compare_ssgan-digits"]
    assert {f"#SBATCH {each}" for each in expected} <= set(lines)
    (srun,) = (line for line in lines if line.startswith("srun "))
    assert "--cpus-per-task=8" in srun
    assert handed_over(out) == {"run0": "1_0", "run1": "1_0", "run2": "1_1"}


def test_without_options_the_cluster_decides(slurm, out):
    answer(slurm, done(out, "run0"))
    execute(out, 1)
    text = script(slurm, 1)
    for name in ("time", "partition", "gres", "cpus-per-task", "wckey", "array"):
        assert f"--{name}" not in text


def test_what_slurm_refuses_is_the_users_to_change(slurm, out):
    (slurm / "refuse").write_text(
        "sbatch: error: invalid partition specified: x\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified\n"
    )
    with pytest.raises(
        InputError, match=r"Invalid partition name specified.*--partition"
    ) as raised:
        execute(out, 3, partition="x")
    assert "Traceback" not in str(raised.value)
    assert not (out / queue.FILE).exists()
    # Nothing of the attempt is left but the lock.
    assert [path.name for path in job.folder(out).iterdir()] == [waiting._LOCK]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"address": "auto"}, "--address is for --executor ray, not slurm. Remove it"),
        ({"cpus": 1.0}, "--cpus is for --executor ray, .*--threads"),
        ({"gpus": 0.5}, "--gpus is for --executor ray, .*--gres"),
        ({"jobs": 4}, "--jobs is for --executor inline or ray, .*--max_jobs"),
    ],
)
def test_options_of_others_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        submission.check(Options(**options), "none")


@pytest.mark.parametrize(
    "strategy, options, message",
    [
        ("multiworker", {}, "multiworker needs --nodes N"),
        ("multiworker", {"nodes": 1}, "multiworker needs --nodes N"),
        ("multiworker", {"nodes": 2, "runs_per_job": 2}, "--runs_per_job 2 is not"),
        ("mirrored", {"nodes": 2}, "--nodes 2 is for --strategy multiworker"),
    ],
)
def test_nodes_are_for_runs_with_several_workers(strategy, options, message):
    with pytest.raises(InputError, match=message):
        submission.check(Options(**options), strategy)


def test_a_run_on_several_nodes_has_a_task_on_each(slurm, out):
    answer(slurm, done(out, "run0", "run1"))
    two = requests(out, 2, strategy="multiworker", threads=4)
    waiting.execute(two, Options(nodes=3), Told())
    lines = script(slurm, 1).splitlines()
    expected = [
        "--nodes=3",
        "--ntasks-per-node=1",
        "--cpus-per-task=4",
        "--array=0-1%2",
    ]
    assert {f"#SBATCH {option}" for option in expected} <= set(lines)
    assert "--cpus-per-task=4 --wait=120" in lines[-1]


def test_a_machine_without_slurm_is_told(out, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="There is no sbatch on this machine"):
        execute(out, 1)


def test_a_controller_that_is_away_is_told(slurm, out):
    write(slurm, scontrol="echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(
        InputError, match="Slurm cannot be reached from here: Unable to contact"
    ):
        execute(out, 1)


def test_without_submitit_the_extra_is_named(slurm, out, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "submitit", None)
    with pytest.raises(InputError, match=r"needs submitit.*\[slurm\]"):
        execute(out, 1)


@pytest.mark.parametrize("text, limit", [("1001", 1000), ("1", 1), ("0", 1)])
def test_the_limit_of_arrays_is_read(slurm, text, limit):
    write(slurm, scontrol=f"echo 'MaxArraySize            = {text}'")
    assert controller.array_limit(controller.settings()) == limit


def test_half_a_row_on_record_costs_no_other(out):
    submission.note(out, [queue.Job("a", "1_0", "t")])
    with (out / queue.FILE).open("a") as file:
        file.write('{"run_id": "b", "jo')
    submission.note(out, [queue.Job("c", "2", "t")])
    submission.note(out, [queue.Job("d", "3", "t")])
    assert handed_over(out) == {"a": "1_0", "c": "2", "d": "3"}


def test_jobs_of_another_cluster_are_not_taken_for_own_ones(slurm, out):
    write(slurm, scontrol="echo 'ClusterName = here'; echo 'MaxArraySize = 5'")
    # The directory was copied; of an earlier version is run1's row.
    rows = [queue.Job("run0", "7", "t", "there"), queue.Job("run1", "8", "t")]
    submission.note(out, rows)
    queued = "echo '7|RUNNING|None'; echo '8|RUNNING|None'; echo '1|RUNNING|None'"
    answer(slurm, queued, queued, queued, done(out, "run0", "run1"))
    assert execute(out, 2)[1].codes == {"run0": 0, "run1": 0}
    assert handed_over(out) == {"run0": "1", "run1": "8"}
    assert queue.jobs(out)["run0"].cluster == "here"
