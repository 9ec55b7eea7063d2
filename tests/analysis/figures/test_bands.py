import math

import numpy as np

from compare_ssgan.analysis.figures import bands
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
