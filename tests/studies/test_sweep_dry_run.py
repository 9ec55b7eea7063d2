import json

import pytest

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError
from compare_ssgan.studies import files, lock, run
from compare_ssgan.studies.executors.base import Options
from compare_ssgan.studies.plan import Overrides
from compare_ssgan.studies.sweep import sweep

BOTH = "gin_configs/studies/both.gin"


def test_a_dry_run_writes_nothing(program, tmp_path, capsys):
    out = tmp_path / "out"
    summary = sweep(BOTH, out, dry_run=True, options=Options(program=program()))
    assert not out.exists()
    printed = capsys.readouterr().out.splitlines()
    assert printed[:-2] == [f"{run_id}  missing" for run_id in summary.states]
    assert printed[-2] == "4 runs: 4 missing"
    assert printed[-1] == "No past run tells how long they will take."


def test_a_dry_run_tells_what_would_be_forgotten(program, slurm, tmp_path, capsys):
    study, out = tmp_path / "mine.gin", tmp_path / "out"
    text = "study:\n  datasets = ['toy']\n  methods = {}\n  seeds = 1\n"
    study.write_text(text.format(["plain", "other"]))
    behave = "if method == 'other': directory.rmdir(); sys.exit(1)"
    states = sweep(str(study), out, options=Options(program=program(behave))).states
    study.write_text(text.format(["plain"]))
    capsys.readouterr()
    sweep(str(study), out, forget=True, dry_run=True)
    (other,) = (run_id for run_id in states if "-other-" in run_id)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"--forget would drop: {other}"
    row = queue.Job(other, "7", "2026-11-21T20:56:20+00:00")._asdict()
    (out / queue.FILE).write_text(files.to_lines([row]))
    (slurm / "squeue.0").write_text("echo '7|PENDING|Resources|'")
    for dry_run in (True, False):
        sweep(str(study), out, forget=True, dry_run=dry_run)
        expected = f"{other} stays planned: Slurm job 7 is PENDING (Resources) (scancel"
        assert expected in capsys.readouterr().err
    assert len(files.read_json(out / "study.json")["planned"]) == 2


def test_a_mistake_in_any_run_is_found_before_the_first(program, tmp_path):
    out = tmp_path / "out"
    overrides = Overrides(settings=("run.stepss = 1",))
    with pytest.raises(InputError, match="stepss"):
        sweep(BOTH, out, overrides=overrides, options=Options(program=program()))
    assert not out.exists()


def test_a_dry_run_knows_over_how_many_nodes_a_run_is_spread(program, tmp_path):
    overrides = Overrides(strategy="multiworker")
    with pytest.raises(InputError, match="--nodes 3 cannot share a batch of 8"):
        sweep(
            BOTH,
            tmp_path,
            executor="slurm",
            options=Options(program=program(), nodes=3),
            dry_run=True,
            overrides=overrides,
        )


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    "executor, option",
    [("inline", {"partition": "x"}), ("ray", {"nodes": 2}), ("slurm", {"cpus": 1.0})],
)
def test_options_of_other_executors_are_refused_at_once(
    monkeypatch, tmp_path, executor, option, dry_run
):
    def plan(*rest):
        raise AssertionError("Configurations are built.")

    monkeypatch.setitem(sweep.__globals__, "plan", plan)
    (name,) = option
    with pytest.raises(
        InputError, match=rf"--{name} is for --executor .*not {executor}"
    ):
        sweep(
            BOTH, tmp_path / "out", executor=executor, options=Options(**option),
            dry_run=dry_run,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_states_tell_what_became_of_runs(load, tmp_path, capsys):
    out = tmp_path / "out"
    done = run.execute(load("STEPS = 1", seed=0)).run_dir
    content = json.loads((done / "run.json").read_text())
    begun = load("STEPS = 1", seed=1)
    begun.run_directory.mkdir(parents=True)
    files.write_json(begun.run_directory / "run.json", content | {"status": "running"})
    overrides = Overrides(settings=("STEPS = 1",))

    def states():
        return list(sweep(BOTH, out, dry_run=True, overrides=overrides).states.values())

    assert states() == ["done", "missing", "partial", "missing"]
    with lock.hold(begun.run_directory):
        assert states()[2] == "running"
    files.write_json(begun.run_directory / "run.json", content | {"status": "failed"})
    assert states()[2] == "failed"


@pytest.mark.parametrize("executor", ["inline", "ray"])
def test_who_cannot_start_several_workers_of_a_run_says_so(executor, tmp_path):
    overrides = Overrides(strategy="multiworker")
    with pytest.raises(InputError, match=rf"executor {executor}: .*slurm --nodes N"):
        sweep(BOTH, tmp_path / "out", executor=executor, overrides=overrides)
    assert not (tmp_path / "out").exists()
