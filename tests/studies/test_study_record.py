import json
import re
import threading

import pytest

from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError, RunHeldError
from compare_ssgan.studies import lock, study_record
from compare_ssgan.studies.plan import Plan, Unit
from compare_ssgan.studies.request import RunRequest
from tests.analysis import fabricate


def plan(directory, *names, study="mine"):
    """Returns a plan of runs of methods, "name" or "name:seed"."""
    units = []
    for name in names:
        method, _, seed = name.partition(":")
        run_id = f"toy-{method}-seed{seed or 0}-01234567"
        request = RunRequest(
            (f"{method}.gin",),
            "toy",
            seed=int(seed or 0),
            out=directory,
            study=study,
            method=method,
            family="unconditional",
            run_id=run_id,
        )
        units.append(Unit(request, None, 30))
    return Plan(study, directory, units)


def planned(directory):
    content = json.loads((directory / "study.json").read_text())
    return content["study"], [
        f"{row['method']}:{row['seed']}" for row in content["planned"]
    ]


def test_more_seeds_and_methods_are_added_and_fewer_lose_nothing(tmp_path):
    study_record.add(plan(tmp_path, "gan", "ssgan"))
    added = study_record.add(plan(tmp_path, "gan", "gan:1", "wgan"))
    assert added == ("mine", ["toy-ssgan-seed0-01234567"], [], {})
    assert planned(tmp_path) == ("mine", ["gan:0", "gan:1", "wgan:0", "ssgan:0"])


def test_a_directory_stays_that_of_its_first_study(tmp_path):
    study_record.add(plan(tmp_path, "gan"))
    added = study_record.add(plan(tmp_path, "ssgan", study="other"))
    assert added.study == "mine"
    assert planned(tmp_path) == ("mine", ["ssgan:0", "gan:0"])


def test_what_nobody_has_begun_can_be_forgotten(tmp_path):
    study_record.add(plan(tmp_path, "gan", "ssgan", "wgan"))
    directory = tmp_path / "runs" / "toy-wgan-seed0-01234567"
    directory.mkdir(parents=True)
    (directory / "run.json").write_text("{}")
    added = study_record.add(plan(tmp_path, "gan"), forget=True)
    assert added.forgotten == ["toy-ssgan-seed0-01234567"]
    assert added.others == ["toy-wgan-seed0-01234567"]
    assert planned(tmp_path)[1] == ["gan:0", "wgan:0"]


def test_a_dry_run_tells_what_would_be_forgotten(tmp_path):
    out = tmp_path / "out"
    assert study_record.add(plan(out, "gan"), dry_run=True) == ("mine", [], [], {})
    assert not out.exists()
    out.mkdir()
    study_record.add(plan(out, "gan", "ssgan"))
    before = {path: path.read_bytes() for path in out.iterdir()}
    added = study_record.add(plan(out, "wgan", "gan"), forget=True, dry_run=True)
    assert added.forgotten == ["toy-ssgan-seed0-01234567"]
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_what_is_being_built_is_not_forgotten(tmp_path):
    study_record.add(plan(tmp_path, "gan", "ssgan"))
    directory = tmp_path / "runs" / "toy-ssgan-seed0-01234567"
    directory.mkdir(parents=True)
    with lock.hold(directory):
        added = study_record.add(plan(tmp_path, "gan"), forget=True)
    assert (added.forgotten, added.others) == ([], [directory.name])
    assert planned(tmp_path)[1] == ["gan:0", "ssgan:0"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("echo '3_1|PENDING|Priority|'", r"Slurm job 3_1 is PENDING \(Priority\)"),
        ("echo away >&2; exit 1", "Slurm job 3_1 cannot be asked for: away"),
        ("echo '3_1|CANCELLED|None|'", None),
        ("echo 'Invalid job id specified' >&2; exit 1", None),
    ],
)
def test_what_is_in_slurms_queue_is_not_forgotten(slurm, tmp_path, says, why):
    (slurm / "squeue.0").write_text(says)
    study_record.add(plan(tmp_path, "gan", "ssgan", "wgan"))
    # The run that stays is none of those to be forgotten.
    rows = [
        queue.Job(f"toy-{name}-seed0-01234567", job, "2026-11-21T20:56:20+00:00")
        for name, job in (("ssgan", "3_1"), ("gan", "4"))
    ]
    fabricate.write_lines(tmp_path / queue.FILE, *(row._asdict() for row in rows))
    added = study_record.add(plan(tmp_path, "gan"), forget=True)
    ssgan, wgan = (f"toy-{name}-seed0-01234567" for name in ("ssgan", "wgan"))
    if why is None:
        assert (added.forgotten, added.queued) == ([ssgan, wgan], {})
    else:
        assert (added.forgotten, added.others) == ([wgan], [ssgan])
        assert re.fullmatch(rf"{why}.* \(scancel 3_1\)", added.queued[ssgan])
    assert (slurm / "squeue.calls").read_text().endswith("--jobs=3\n")
    kept = [] if why is None else ["ssgan:0"]
    assert planned(tmp_path)[1] == ["gan:0", *kept]


def test_rows_of_older_versions_are_kept_as_they_are(tmp_path):
    row = {"run_id": "toy-gan-seed0-00000000", "dataset": "toy", "method": "gan"}
    row |= {"seed": 0, "note": "mine"}
    text = json.dumps({"study": "mine", "planned": [row]})
    (tmp_path / "study.json").write_text(text)
    study_record.add(plan(tmp_path, "ssgan"))
    content = json.loads((tmp_path / "study.json").read_text())
    assert content["planned"][1] == row


def test_readers_know_family_and_steps_of_what_was_never_begun(tmp_path):
    study_record.add(plan(tmp_path, "gan"))
    (run,) = run_records.read(tmp_path)
    assert (run.status, run.family, run.steps) == ("missing", "unconditional", 30)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Cannot read .*study.json"),
        ('{"planned": []}', "has no study"),
        ('{"study": "x", "planned": [{}]}', "planned run 1 has no run_id"),
    ],
)
def test_a_damaged_record_is_refused_and_left_alone(tmp_path, content, message):
    path = tmp_path / "study.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        study_record.add(plan(tmp_path, "gan"))
    assert path.read_text() == content


def test_sweeps_at_once_lose_nothing_of_each_other(tmp_path):
    def add(number):
        for each in range(5):
            study_record.add(plan(tmp_path, f"m{number}_{each}"))

    threads = [threading.Thread(target=add, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(planned(tmp_path)[1]) == 20


def test_who_does_not_let_go_of_the_record_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(study_record, "_PATIENCE_SECONDS", 0.0)
    expected = "held by process .* It writes study.json"
    with (
        lock.hold(tmp_path, study_record.LOCK),
        pytest.raises(RunHeldError, match=expected),
    ):
        study_record.add(plan(tmp_path, "gan"))
