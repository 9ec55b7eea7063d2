import math

import numpy as np
import pytest

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.figures import axes
from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import InputError
from tests.analysis import fabricate


def members(study):
    return [
        group
        for own in groups.by_dataset(run_records.read(study)).values()
        for group in own
    ]


def positions(study, name, steps):
    found = members(study)
    axis = axes.choose(name, found)
    return [axis.positions(run, steps).tolist() for g in found for run in g.runs]


def test_steps_and_images_are_those_of_the_records(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    assert positions(tmp_path, "steps", [0, 7]) == [[0.0, 7.0]]
    assert positions(tmp_path, "images", [0, 7]) == [[0.0, 7 * 128.0]]


@pytest.mark.parametrize(
    "seconds,unit,end",
    [(60.0, "seconds", 60.0), (3600.0, "minutes", 60.0), (3e6, "days", 3e6 / 86400)],
)
def test_time_is_in_a_unit_that_suits_it(tmp_path, seconds, unit, end):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.timings(tmp_path / "runs" / fabricate.run_id("gan", 0), {100: seconds})
    axis = axes.choose("wall", members(tmp_path))
    assert axis.label == f"training time ({unit})"
    assert positions(tmp_path, "wall", [100]) == [[pytest.approx(end)]]


def test_times_on_several_devices_are_said_not_to_compare(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 11.0])
    for seed in range(2):
        directory = tmp_path / "runs" / fabricate.run_id("gan", seed)
        fabricate.timings(directory, {100: 5.0})
        device = {"kind": "cpu", "name": "EPYC", "threads": 1 + seed}
        fabricate.change(directory, device=device)
    note = axes.choose("wall", members(tmp_path)).note
    assert "cpu (EPYC), 1 thread; cpu (EPYC), 2 threads" in note
    assert "different devices do not compare" in note


def test_seeds_of_a_method_have_equal_operations(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 11.0])
    directory = tmp_path / "runs" / fabricate.run_id("gan", 1)
    fabricate.change(directory, operations_per_step=2 * 10**12)
    assert positions(tmp_path, "operations", [100]) == [[200.0]] * 2
    assert axes.choose("operations", members(tmp_path)).label.endswith("(TFLOP)")


@pytest.mark.parametrize(
    "name,wanted",
    [("wall", "timing.jsonl"), ("operations", "operations_per_step in run.json")],
)
def test_an_axis_that_is_not_on_record_is_an_error(tmp_path, name, wanted):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.constant(tmp_path, "ssgan", [10.0])
    known = tmp_path / "runs" / fabricate.run_id("gan", 0)
    fabricate.timings(known, {100: 5.0})
    fabricate.change(known, operations_per_step=5)
    message = f"--over {name}: 1 of 2 measured runs do not have .*{wanted}.*ssgan-seed0"
    with pytest.raises(InputError, match=message):
        axes.choose(name, members(tmp_path))


def test_runs_that_never_started_need_no_place(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1)])
    directory = fabricate.run(tmp_path, "gan", 0)
    fabricate.timings(directory, {6000: 5.0})
    first, second = positions(tmp_path, "wall", [6000])
    assert first == [5.0]
    assert math.isnan(second[0])


def test_an_axis_needs_a_name_and_a_measurement(tmp_path):
    fabricate.run(tmp_path, "gan", 0, fabricate.measurements([1.0], (0,)))
    with pytest.raises(InputError, match=r"no axis 'epochs'. --over takes steps, im"):
        axes.choose("epochs", members(tmp_path))
    with pytest.raises(InputError, match="no run has a measurement after step 0"):
        axes.choose("images", members(tmp_path))
    assert np.isfinite(positions(tmp_path, "steps", [0])).all()
