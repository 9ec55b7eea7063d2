import json

import pytest

from compare_ssgan import config
from compare_ssgan.studies import forecast
from compare_ssgan.studies.plan import Plan, Unit

FIELDS = {"schema": 1, "study": "s", "image_shape": [8, 8, 1], "num_classes": 3}


@pytest.fixture
def unit(load):
    """Plans a run of a number of steps."""

    def unit(steps, **options):
        request = load(f"STEPS = {steps}", **options)
        return Unit(request, config.freeze(), steps)

    return unit


def finish(unit, seconds):
    """Writes the record of a run that took so long."""
    request, directory = unit.request, unit.request.run_directory
    directory.mkdir(parents=True)
    run = {
        "run_id": request.run_id,
        "dataset": "toy",
        "method": request.method,
        "seed": request.seed,
        "status": "complete",
        "settings": list(request.settings),
        "budget": request.budget,
        "steps": unit.steps,
        "wall_seconds": seconds,
    }
    (directory / "run.json").write_text(json.dumps(FIELDS | run))
    (directory / "DONE").touch()


def test_times_are_those_of_past_runs_of_the_method(unit, tmp_path):
    done, same, longer = unit(10), unit(10, seed=1), unit(2000, seed=1)
    finish(done, seconds=30.0)
    units = [done, same, longer]
    states = dict.fromkeys((each.request.run_id for each in units), "missing")
    states[done.request.run_id] = "done"
    made = Plan("mine", tmp_path / "out", units)
    assert forecast.render(made, states).splitlines() == [
        f"{done.request.run_id}  done",
        f"{same.request.run_id}  missing  about 30 s (same settings)",
        f"{longer.request.run_id}  missing  about 1 h 40 min (same method)",
        "3 runs: 1 done, 2 missing",
        "about 1 h 40 min to go, one run after the other",
    ]


def test_a_run_that_is_done_elsewhere_takes_as_long_again(unit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finish(unit(10, out=tmp_path / "results" / "earlier"), seconds=30.0)
    same = unit(10, out=tmp_path / "new")
    made = Plan("new", tmp_path / "new", [same])
    text = forecast.render(made, {same.request.run_id: "missing"})
    assert text.splitlines()[0].endswith("  missing  about 30 s (same settings)")


def test_past_runs_of_other_studies_tell_too_and_damaged_ones_do_not_matter(
    unit, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "compare_ssgan.studies.spec._directories",
        lambda: [config.shipped_directory()],
    )
    out = tmp_path / "results" / "earlier"
    finish(unit(10, out=out), seconds=30.0)
    damaged = tmp_path / "results" / "damaged" / "runs" / "toy-plain-seed0-01234567"
    damaged.mkdir(parents=True)
    (damaged / "run.json").write_text("{")
    new = unit(20, seed=3, out=tmp_path / "new")
    made = Plan("new", tmp_path / "new", [new])
    text = forecast.render(made, {new.request.run_id: "partial"})
    assert "partial  about 60 s (same method)" in text
    assert "No estimates from" in capsys.readouterr().err


def test_where_nothing_is_known_nothing_is_made_up(unit, tmp_path):
    new = unit(20)
    made = Plan("new", tmp_path / "out", [new])
    assert forecast.render(made, {new.request.run_id: "missing"}).splitlines() == [
        f"{new.request.run_id}  missing",
        "1 run: 1 missing",
        "No past run tells how long they will take.",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3570, "1 h 00 min"), (7500, "2 h 05")],
)
def test_durations_are_rough(seconds, text):
    assert forecast.duration(seconds).startswith(text)
