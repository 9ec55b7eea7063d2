import math

import numpy as np
from matplotlib.figure import Figure

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.figures import axes, bands, looks
from compare_ssgan.analysis.records import run_records
from tests.analysis import fabricate


def test_the_band_is_the_range_and_the_line_the_median(tmp_path):
    for seed, values in enumerate([[9.0, 1.0], [8.0, 5.0], [4.0, math.nan]]):
        lines = fabricate.measurements(values, (0, 100), [fabricate.FID])
        fabricate.run(tmp_path, "gan", seed, lines)
    found = bands.band(run_records.read(tmp_path), fabricate.FID)
    np.testing.assert_array_equal(found.steps, [0, 100])
    np.testing.assert_array_equal(found.median, [8.0, 3.0])
    np.testing.assert_array_equal(found.low, [4.0, 1.0])
    np.testing.assert_array_equal(found.high, [9.0, 5.0])


def test_a_band_is_at_the_median_place_of_those_it_is_of(tmp_path):
    for seed, last in enumerate([1.0, 5.0, math.nan]):
        lines = fabricate.measurements([9.0, last], (0, 100), [fabricate.FID])
        fabricate.run(tmp_path, "gan", seed, lines)
    found = bands.band(
        run_records.read(tmp_path),
        fabricate.FID,
        lambda run, steps: np.asarray(steps) * 10.0 ** (1 + run.seed),
    )
    np.testing.assert_array_equal(found.positions, [0.0, (1e3 + 1e4) / 2])


def test_no_last_point_is_outside_of_its_panel(tmp_path):
    for seed in range(3):
        lines = fabricate.measurements([9.0, 5.0 + seed], (0, 100), [fabricate.FID])
        fabricate.run(tmp_path, "gan", seed, lines)
    members = groups.by_dataset(run_records.read(tmp_path))["digits"]
    axis = axes.Axis(
        "wall", "time", False, "", lambda run, at: np.asarray(at) * 2.0**run.seed
    )
    panel = Figure().subplots()
    bands.draw(panel, fabricate.FID, members, looks.looks(members), axis)
    last = [line.get_xdata()[0] for line in panel.lines if line.get_gid() == "last"]
    assert last == [100.0, 200.0, 400.0]
    assert panel.get_xlim()[1] > 400.0
