import json

import numpy as np
import pytest

from compare_ssgan.analysis.statistics.differences import paired
from tests.analysis import fabricate
from tools import paper_claims

LOWER = {0: 1.0, 1: 2.0, 2: 1.5}
HIGHER = {seed: value + 3 + 0.1 * seed for seed, value in LOWER.items()}


@pytest.fixture
def study(tmp_path):
    """A study of which sn_gan's last FID is above ssgan's by 9, 10 and 11."""
    for seed, difference in enumerate([9.0, 10.0, 11.0]):
        for method, last in (("sn_gan", 30.0), ("ssgan", 30.0 - difference)):
            rows = fabricate.measurements([100.0, last], steps=(0, 500))
            fabricate.run(tmp_path, method, seed, rows, steps=500)
    return tmp_path


def claim(study, **fields):
    entry = {
        "claim": "It helps.",
        "source": "Somebody 2019, Table 1",
        "method": "ssgan",
        "other": "sn_gan",
        "metric": "fid",
    }
    text = json.dumps([entry | fields])
    (study / "claims.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("says", "lower_is_better", "expected"),
    [
        ("better", True, "shows"),
        ("better", False, "the reverse shows"),
        ("no worse", True, "better"),
        ("no worse", False, "contradicted"),
    ],
)
def test_a_difference_is_for_or_against_a_claim(says, lower_is_better, expected):
    found = paired(LOWER, HIGHER)
    assert paper_claims.verdict(says, found, lower_is_better) == expected
    opposite = {"shows": "the reverse shows", "better": "contradicted"}
    opposite |= {value: key for key, value in opposite.items()}
    turned = paired(HIGHER, LOWER)
    assert paper_claims.verdict(says, turned, lower_is_better) == opposite[expected]


def test_what_cannot_be_told_apart_shows_nothing():
    found = paired({0: 1.0, 1: 5.0}, {0: 2.0, 1: 3.0})
    assert paper_claims.verdict("better", found, True) == "cannot be told"
    assert paper_claims.verdict("no worse", found, True) == "not contradicted"


def test_the_difference_is_that_of_the_last_measurements(study):
    claim(study)
    (judged,) = paper_claims.judge(study)
    assert judged.metric == fabricate.FID
    assert judged.found.num_pairs == 3
    # Student's t(2) is 4.303 at 97.5 %, the standard error 1 / sqrt(3).
    assert judged.found.difference == pytest.approx(-10.0)
    assert judged.found.low == pytest.approx(-10.0 - 4.302653 / np.sqrt(3), abs=1e-5)
    assert judged.verdict == "shows"
    row = paper_claims.render([judged]).splitlines()[-1]
    assert "| ssgan - sn_gan, 3 seeds |" in row
    assert "| -10 [-12.5, -7.52] | 0.25 (0.25) | 0.25 | **shows** |" in row


def test_p_values_are_corrected_for_the_number_of_claims(study):
    claim(study)
    entries = json.loads((study / "claims.json").read_text())
    (study / "claims.json").write_text(json.dumps(entries * 3))
    assert [each.corrected_p for each in paper_claims.judge(study)] == [0.75] * 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"says": "best"}, "'says' is one of .* not 'best'"),
        ({"method": "biggan"}, "no single row of 'biggan'"),
    ],
)
def test_a_claim_that_cannot_be_judged_ends_with_the_reason(study, fields, message):
    claim(study, **fields)
    with pytest.raises(SystemExit, match=message):
        paper_claims.judge(study)


def test_without_a_file_there_are_no_claims(study):
    assert paper_claims.judge(study) == []
