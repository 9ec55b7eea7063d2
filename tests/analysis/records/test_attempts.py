import datetime

import pytest

from compare_ssgan.analysis.records import attempts, run_records
from compare_ssgan.analysis.report import provenance
from compare_ssgan.analysis.status import standing
from compare_ssgan.errors import InputError
from tests.analysis import fabricate

FIRST = {
    "started": "2026-11-21T08:00:00+05:00",
    "ended": "2026-11-21T09:00:00+05:00",
    "status": "stopped",
}


@pytest.fixture
def directory(tmp_path):
    return fabricate.run(tmp_path, "gan", 0)


def test_times_keep_the_offset_they_were_written_with(directory):
    fabricate.write_lines(directory / "attempts.jsonl", FIRST)
    (found,) = attempts.read(directory)
    assert found.started.isoformat() == FIRST["started"]
    assert found.ended - found.started == datetime.timedelta(hours=1)


def test_times_without_offset_are_local(directory):
    naive = FIRST | {"started": "2026-11-21T08:00:00", "ended": None}
    fabricate.write_lines(directory / "attempts.jsonl", naive)
    (found,) = attempts.read(directory)
    local = datetime.datetime(2026, 11, 21, 8).astimezone()
    assert (found.started, found.ended) == (local, None)


def test_a_report_and_the_status_read_the_same_attempts(directory):
    # Both by one reader, which needs no steps.
    fabricate.write_lines(directory / "attempts.jsonl", FIRST)
    (run,) = run_records.read(directory)
    assert provenance.read(run).attempts == (
        f"stopped: steps 0 to 0, {FIRST['started']} to {FIRST['ended']}",
    )
    (row,) = standing.read(directory).rows
    assert row.seconds == 3600


@pytest.mark.parametrize(
    "read", [standing.read, lambda place: provenance.read(run_records.read(place)[0])]
)
def test_an_attempt_without_a_time_is_refused_by_both(directory, read):
    bad = FIRST | {"started": "yesterday", "from_step": 0, "to_step": 0}
    fabricate.write_lines(directory / "attempts.jsonl", bad, FIRST)
    with pytest.raises(InputError, match=r"attempts.jsonl, line 1 is not a valid"):
        read(directory)


@pytest.mark.parametrize("line", ["null", "[]", "3", '"x"'])
def test_an_attempt_that_is_no_object_is_refused(directory, line):
    (directory / "attempts.jsonl").write_text(f"{line}\n")
    with pytest.raises(InputError, match=r"attempts.jsonl, line 1 is not .*no JSON ob"):
        attempts.read(directory)
