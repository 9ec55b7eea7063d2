"""The executor's side of Slurm, against stand-ins for its commands."""

import os
import signal
import threading
import time

import pytest

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import lock
from compare_ssgan.studies.executors import base
from compare_ssgan.studies.executors.base import Ending, Options
from compare_ssgan.studies.executors.slurm import job, submission, waiting
from tests.studies.slurm_stand_ins import (
    SBATCH,
    Told,
    answer,
    done,
    execute,
    handed_over,
    left_code,
    saved,
    script,
    write,
)

pytest.importorskip("submitit")


def test_the_executor_is_found_by_its_name():
    assert base.load("slurm") == (submission.check, waiting.execute)


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
    assert handed_over(out) == {"run0": "1_0", "run1": "1_1", "run2": "2"}
    assert "--array=0-1" in script(slurm, 1)
    assert "--array" not in script(slurm, 2)


def test_runs_in_the_queue_are_waited_for_and_not_submitted_again(slurm, out):
    submission.note(out, [queue.Job("run0", "7_3", "2026-01-01")])
    submission.note(out, [queue.Job("run1", "8", "2026-01-01")])
    answer(
        slurm,
        "echo '7_2|RUNNING|None'; echo '7_3|RUNNING|None'; echo '8|COMPLETED|None'",
        "echo '7_3|COMPLETING|None'; echo '8|COMPLETED|None'",
        done(out, "run0", "run1"),
    )
    assert execute(out, 2)[1].codes == {"run0": 0, "run1": 0}
    # run1's job is over, but it is not done.
    assert handed_over(out) == {"run0": "7_3", "run1": "1"}
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
    assert len(handed_over(out)) == len(list((slurm / "scripts").iterdir())) == 1
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
    assert handed_over(out) == {"run0": "2"}
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


def test_a_run_that_saves_and_stops_is_submitted_while_it_gets_on(slurm, out):
    # The fourth job brings nothing new, nor does the one after it.
    for number in (1, 2, 3, 4, 5):
        stopped = left_code(out, str(number), run0=75)
        stopped += saved(out, "run0", 10 * min(number, 3))
        # The queue is looked at once more before anything is submitted.
        (slurm / f"squeue.{2 * number - 1}").write_text(stopped)
        (slurm / f"squeue.{2 * number}").write_text("")
    assert execute(out, 1)[1].codes == {"run0": 75}
    assert handed_over(out) == {"run0": "5"}


def test_a_sweep_survives_that_its_record_of_jobs_is_damaged(slurm, out):
    first = f"printf '%s' '{{\"run_id\"' > {out / queue.FILE}\n"
    answer(slurm, first, done(out, "run0"))
    assert execute(out, 1)[1].codes == {"run0": 0}


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
    assert len(handed_over(out)) == 4
    assert "2 runs are not submitted yet" in capsys.readouterr().err
    # The same again, while they are in the queue.
    answer(slurm, "", "echo '1_0|RUNNING|None'; echo '1_1|PENDING|None'")
    assert execute(out, 6, detach=True, max_jobs=2, runs_per_job=2)[0] is (
        Ending.SUBMITTED
    )
    assert len(handed_over(out)) == 4


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
    jobs_of_other = [queue.Job("run0", "9", "2026-01-01")]
    folder = job.folder(out)
    folder.mkdir(parents=True)
    ended = []
    with lock.hold(folder, waiting._LOCK):
        thread = threading.Thread(target=lambda: ended.append(execute(out, 1)))
        thread.start()
        time.sleep(0.2)
        assert not ended
        answer(slurm, "echo '9|RUNNING|None'", done(out, "run0"))
        submission.note(out, jobs_of_other)
    thread.join(20)
    assert ended[0][1].codes == {"run0": 0}
    assert not list((slurm / "scripts").iterdir())


def test_nothing_to_do_needs_no_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert waiting.execute([], Options(), Told()) is Ending.DONE
