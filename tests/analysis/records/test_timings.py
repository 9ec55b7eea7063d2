import numpy as np
import pytest

from compare_ssgan.analysis.records import timings
from compare_ssgan.analysis.status import standing
from compare_ssgan.errors import InputError
from tests.analysis import fabricate


@pytest.fixture
def directory(tmp_path):
    return fabricate.run(tmp_path, "gan", 0)


def test_seconds_of_all_attempts_add_up(directory):
    # Stopped at 13, which has rows of two kinds, and resumed.
    fabricate.timings(directory, {10: 5.0, 13: 1.5, 20: 6.0})
    found = timings.read(directory)
    np.testing.assert_array_equal(found.steps, [0, 10, 13, 20])
    np.testing.assert_array_equal(found.seconds, [0.0, 5.0, 6.5, 12.5])


def test_between_rows_time_passes_evenly_and_beyond_them_it_is_unknown(directory):
    fabricate.timings(directory, {10: 5.0, 20: 7.0})
    np.testing.assert_array_equal(
        timings.read(directory).at([0, 5, 10, 15, 20, 21]),
        [0.0, 2.5, 5.0, 8.5, 12.0, np.nan],
    )


def test_two_rows_of_a_step_are_one_point(directory):
    text = '{"step": 10, "event": "train", "seconds": 2.0}\n' * 2
    (directory / "timing.jsonl").write_text(text)
    found = timings.read(directory)
    np.testing.assert_array_equal(found.steps, [0, 10])
    np.testing.assert_array_equal(found.at([10]), [4.0])


def test_without_a_file_nothing_is_known(directory):
    assert np.isnan(timings.read(directory).at([0, 10])).all()
    assert np.isnan(timings.read(None).at([0])).all()


def test_a_damaged_row_is_an_error(directory):
    row = '{"step": 10, "event": "train", "seconds": 2.0}\n'
    (directory / "timing.jsonl").write_text(row + '{"step": "x"}\n' + row)
    with pytest.raises(InputError, match=r"timing.jsonl, line 2 is not a valid"):
        timings.read(directory)


def test_the_status_refuses_the_rows_that_frames_refuse(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, status="running")
    row = {"step": 10, "event": "train", "seconds": 2.0}
    path = directory / "timing.jsonl"
    fabricate.write_lines(path, row, row | {"step": 10.5}, row)
    for read in (timings.read, standing.read):
        with pytest.raises(InputError, match=r"timing.jsonl, line 2 is not a valid"):
            read(directory)
