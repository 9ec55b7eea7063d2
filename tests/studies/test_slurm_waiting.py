"""The executor's side of Slurm, against stand-ins for its commands."""

import json
import os
import signal
import stat
import textwrap
import threading
import time

import pytest

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import lock
from compare_ssgan.studies.executors import base, jobs
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.slurm import job, queue, waiting
from compare_ssgan.studies.request import RunRequest

pytest.importorskip("submitit")

# Numbers jobs and keeps what was submitted; refuses where `refuse` says why.
SBATCH = """
if [ -e refuse ] && [ ! -e once ]; then cat refuse >&2; exit 1; fi
number=$(($(ls scripts | wc -l) + 1))
cp "$1" scripts/$number
echo "Submitted batch job $number"
"""
# Its n-th call does what squeue.n says; later ones what the last says.
SQUEUE = """
echo "$@" >> squeue.calls
number=$(wc -l < squeue.calls)
while [ ! -e squeue.$number ]; do number=$((number - 1)); done
. ./squeue.$number
"""
SCONTROL = "echo 'MaxArraySize            = 5'"


class Told:
    """A report that keeps what it is told."""

    def __init__(self):
        self.handed_over, self.codes, self.logs = [], {}, {}

    def started(self, request):
        self.handed_over.append(request.run_id)

    def finished(self, request, code, log):
        self.codes[request.run_id] = code
        self.logs[request.run_id] = log


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


def write(place, **commands):
    for name, text in commands.items():
        path = place / name
        path.write_text(f"#!/bin/sh\ncd {place}\n{textwrap.dedent(text)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def answer(place, *answers):
    """Sets what squeue does: what comes after its first call, in turn."""
    for number, text in enumerate(answers, start=1):
        (place / f"squeue.{number}").write_text(text)


def requests(out, number, **options):
    return [
        RunRequest(("m.gin",), out=out, seed=seed, run_id=f"run{seed}", **options)
        for seed in range(number)
    ]


def done(out, *runs):
    """Returns what a shell does to have runs done."""
    return "".join(
        f"mkdir -p {out}/runs/{r}; touch {out}/runs/{r}/DONE\n" for r in runs
    )


def left_code(out, name, **codes):
    """Returns what a shell does to have a job leave exit codes."""
    path = job.codes_path(out, name)
    return f"echo '{json.dumps(codes)}' > {path}\n"


def execute(out, number, **options):
    told = Told()
    ending = waiting.execute(requests(out, number), Options(**options), told)
    return ending, told


def script(place, number):
    return (place / "scripts" / str(number)).read_text()


def test_the_executor_is_found_by_its_name():
    assert base.load("slurm") is waiting.execute


def test_arrays_have_fewer_tasks_than_max_array_size(slurm, out, capsys):
    answer(slurm, done(out, *(f"run{n}" for n in range(10))))
    ending, told = execute(out, 10)
    assert ending is Ending.DONE
    arrays = [script(slurm, n).split("--array=")[1].split("\n")[0] for n in (1, 2, 3)]
    assert arrays == ["0-3%4", "0-3%4", "0-1%2"]
    assert jobs.read(out, "slurm")["run9"] == "3_1"
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
    assert jobs.read(out, "slurm") == {"run0": "1_0", "run1": "1_0", "run2": "1_1"}


def test_without_options_the_cluster_decides(slurm, out):
    answer(slurm, done(out, "run0"))
    execute(out, 1)
    text = script(slurm, 1)
    for name in ("time", "partition", "gres", "cpus-per-task", "wckey", "array"):
        assert f"--{name}" not in text


def test_no_more_jobs_than_wanted_are_in_the_queue(slurm, out):
    answer(
        slurm,
        "echo '1_0|RUNNING|None'; echo '1_1|PENDING|Resources'",
        done(out, "run0") + "echo '1_1|RUNNING|None'",
        "echo '1_1|RUNNING|None'",
        done(out, "run1", "run2") + "exit 0",
    )
    ending, told = execute(out, 3, max_jobs=2)
    assert ending is Ending.DONE
    assert told.codes == {"run0": 0, "run1": 0, "run2": 0}
    # The third came by itself, when there was room.
    assert jobs.read(out, "slurm") == {"run0": "1_0", "run1": "1_1", "run2": "2"}
    assert "--array=0-1" in script(slurm, 1)
    assert "--array" not in script(slurm, 2)


def test_runs_in_the_queue_are_waited_for_and_not_submitted_again(slurm, out):
    jobs.note(out, [jobs.Job("run0", "slurm", "7_3", "2026-01-01")])
    jobs.note(out, [jobs.Job("run1", "slurm", "8", "2026-01-01")])
    answer(
        slurm,
        "echo '7_2|RUNNING|None'; echo '7_3|RUNNING|None'; echo '8|COMPLETED|None'",
        "echo '7_3|COMPLETING|None'; echo '8|COMPLETED|None'",
        done(out, "run0", "run1"),
    )
    assert execute(out, 2)[1].codes == {"run0": 0, "run1": 0}
    # run1's job is over, but it is not done.
    assert jobs.read(out, "slurm") == {"run0": "7_3", "run1": "1"}
    assert "--jobs=7,8" in (slurm / "squeue.calls").read_text().splitlines()[0]


@pytest.mark.parametrize(
    "failure",
    [
        "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1",
        "kill -9 $$",
    ],
)
def test_a_failure_of_squeue_is_borne(slurm, out, capsys, failure):
    answer(slurm, failure, failure, "echo '1|RUNNING|None'", done(out, "run0"))
    ending, told = execute(out, 1)
    assert (ending, told.codes) == (Ending.DONE, {"run0": 0})
    assert len(jobs.read(out, "slurm")) == len(list((slurm / "scripts").iterdir())) == 1
    assert capsys.readouterr().err.count("Trying again.") == 1


def test_an_unknown_job_is_over(slurm, out):
    failure = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1\n"
    answer(slurm, done(out, "run0") + failure)
    assert execute(out, 1)[1].codes == {"run0": 0}


def test_slurm_is_not_waited_for_without_end(slurm, out, monkeypatch):
    monkeypatch.setattr(waiting, "_PATIENCE_SECONDS", 0.1)
    answer(slurm, "echo 'Socket timed out' >&2; exit 1")
    with pytest.raises(CommandError, match="Socket timed out") as raised:
        execute(out, 1)
    assert raised.value.exit_code == 1


def test_a_run_whose_job_was_killed_is_submitted_once_more(slurm, out, capsys):
    answer(slurm, "echo '1|RUNNING|None'", "echo '1|FAILED|NonZeroExitCode'")
    ending, told = execute(out, 1)
    assert ending is Ending.DONE
    assert told.codes == {"run0": None}
    assert jobs.read(out, "slurm") == {"run0": "2"}
    assert len(list((slurm / "scripts").iterdir())) == 2
    assert "run0: job 1 was lost (FAILED); once more" in capsys.readouterr().err


def test_a_cancelled_job_stays_cancelled(slurm, out, capsys):
    answer(slurm, "echo '1|RUNNING|None'", "echo '1|CANCELLED|None'")
    assert execute(out, 1)[1].codes == {"run0": None}
    assert len(list((slurm / "scripts").iterdir())) == 1
    assert "run0: job 1 was cancelled" in capsys.readouterr().err


@pytest.mark.parametrize("code, number", [(1, 1), (2, 1), (3, 1), (75, 2), (137, 2)])
def test_only_what_was_interrupted_is_repeated(slurm, out, code, number):
    answer(slurm, left_code(out, "1", run0=code) + left_code(out, "2", run0=code))
    assert execute(out, 1)[1].codes == {"run0": code}
    assert len(list((slurm / "scripts").iterdir())) == number


def test_the_output_of_a_run_is_named(slurm, out):
    log = out / "logs" / "run0.log"
    answer(slurm, left_code(out, "1", run0=1) + f"touch {log}")
    assert execute(out, 1)[1].logs == {"run0": log}


def test_a_detached_sweep_submits_and_leaves(slurm, out, capsys):
    ending, told = execute(out, 6, detach=True)
    assert ending is Ending.SUBMITTED
    assert (len(told.handed_over), told.codes) == (6, {})
    error = capsys.readouterr().err
    assert "6 runs are in Slurm's queue and go on by themselves" in error
    assert f"compare_ssgan status {out}" in error
    assert "scancel 1 2" in error


def test_a_detached_sweep_tells_how_many_runs_wait(slurm, out, capsys):
    execute(out, 6, detach=True, max_jobs=2, runs_per_job=2)
    assert len(jobs.read(out, "slurm")) == 4
    assert "2 runs are not submitted yet" in capsys.readouterr().err
    # The same again, while they are in the queue.
    answer(slurm, "", "echo '1_0|RUNNING|None'; echo '1_1|PENDING|None'")
    assert execute(out, 6, detach=True, max_jobs=2, runs_per_job=2)[0] is (
        Ending.SUBMITTED
    )
    assert len(jobs.read(out, "slurm")) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting_and_not_the_jobs(slurm, out, capsys, number):
    answer(slurm, "echo '1_0|RUNNING|None'; echo '1_1|RUNNING|None'")

    def interrupt():
        while (
            not (slurm / "squeue.1").exists() or not (slurm / "squeue.calls").exists()
        ):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    ending, told = execute(out, 2)
    assert (ending, told.codes) == (Ending.STOPPED, {})
    assert "2 runs are in Slurm's queue" in capsys.readouterr().err


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
    assert not (out / jobs.FILE).exists()
    # Nothing of the attempt is left but the lock.
    assert [path.name for path in job.folder(out).iterdir()] == [waiting._LOCK]


def test_a_limit_of_the_cluster_is_waited_for(slurm, out, capsys):
    # Takes one array, and the next only when that is over.
    write(slurm, sbatch=f"[ -e scripts/1 ] && touch refuse\n{SBATCH}")
    first = "".join(f"echo '1_{n}|RUNNING|None'\n" for n in range(4))
    over = done(out, "run0", "run1", "run2", "run3") + "touch once\n"
    answer(slurm, first, over, "echo '2|RUNNING|None'", done(out, "run4"))
    ending, told = execute(out, 5)
    assert ending is Ending.DONE
    assert told.codes == dict.fromkeys([f"run{n}" for n in range(5)], 0)
    assert "does not take the jobs" in capsys.readouterr().err


def test_what_was_submitted_is_told_when_slurm_takes_no_more(slurm, out, capsys):
    write(slurm, sbatch=f"[ -e scripts/1 ] && touch refuse\n{SBATCH}")
    with pytest.raises(InputError, match="does not take the jobs"):
        execute(out, 5, detach=True)
    error = capsys.readouterr().err
    assert "4 runs are in Slurm's queue" in error
    assert "1 runs are not submitted yet" in error


def test_two_sweeps_submit_one_after_the_other(slurm, out):
    jobs_of_other = [jobs.Job("run0", "slurm", "9", "2026-01-01")]
    folder = job.folder(out)
    folder.mkdir(parents=True)
    ended = []
    with lock.hold(folder, waiting._LOCK):
        thread = threading.Thread(target=lambda: ended.append(execute(out, 1)))
        thread.start()
        time.sleep(0.2)
        assert not ended
        answer(slurm, "echo '9|RUNNING|None'", done(out, "run0"))
        jobs.note(out, jobs_of_other)
    thread.join(20)
    assert ended[0][1].codes == {"run0": 0}
    assert not list((slurm / "scripts").iterdir())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"address": "auto"}, "--address is for --executor ray"),
        ({"cpus": 1.0}, "--cpus is for --executor ray.*--threads"),
        ({"gpus": 0.5}, "--gpus is for --executor ray.*--gres"),
        ({"jobs": 4}, "--jobs 4 is not for --executor slurm.*--max_jobs"),
    ],
)
def test_options_of_others_are_refused(slurm, out, options, message):
    with pytest.raises(InputError, match=message):
        execute(out, 1, **options)


@pytest.mark.parametrize(
    "strategy, options, message",
    [
        ("multiworker", {}, "multiworker needs --nodes N"),
        ("multiworker", {"nodes": 1}, "multiworker needs --nodes N"),
        ("multiworker", {"nodes": 2, "runs_per_job": 2}, "--runs_per_job 2 is not"),
        ("mirrored", {"nodes": 2}, "--nodes 2 is for --strategy multiworker"),
    ],
)
def test_nodes_are_for_runs_with_several_workers(
    slurm, out, strategy, options, message
):
    with pytest.raises(InputError, match=message):
        waiting.execute(requests(out, 1, strategy=strategy), Options(**options), Told())


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


def test_nothing_to_do_needs_no_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert waiting.execute([], Options(), Told()) is Ending.DONE


@pytest.mark.parametrize("text, limit", [("1001", 1000), ("1", 1), ("0", 1)])
def test_the_limit_of_arrays_is_read(slurm, text, limit):
    write(slurm, scontrol=f"echo 'MaxArraySize            = {text}'")
    assert queue.array_limit() == limit


def test_a_users_defaults_for_squeue_hide_nothing(slurm, monkeypatch):
    monkeypatch.setenv("SQUEUE_STATES", "RUNNING")
    write(slurm, squeue='echo "3|PENDING|${SQUEUE_STATES-none}"')
    assert queue.find(["3"]) == {"3": queue.Job("PENDING", "none")}


def test_a_command_that_hangs_is_a_failure(slurm, monkeypatch):
    monkeypatch.setattr(queue, "_TIMEOUT_SECONDS", 0.1)
    write(slurm, squeue="exec sleep 5")
    with pytest.raises(queue.SlurmError, match="squeue did not answer"):
        queue.find(["3"])
