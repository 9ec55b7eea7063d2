"""Where values are of several steps, a table says of which."""

import csv
import io

import pytest

from compare_ssgan.analysis import tables
from tests.analysis import fabricate
from tests.analysis.tables.reading import cells_of, parsed


def until(study, method, seed, step, value, metrics=(fabricate.FID,), **options):
    lines = fabricate.measurements([9.0, value], (0, step), metrics)
    return fabricate.run(study, method, seed, lines, **options)


def test_rows_of_several_steps_say_which(tmp_path):
    for seed in range(2):
        until(tmp_path, "gan", seed, 50, 10.0)
        until(tmp_path, "sn_gan", seed, 100, 20.0)
        until(tmp_path, "ssgan", seed, 50 + 50 * seed, 30.0)
    text = tables.render(tmp_path)
    shown = {name: row["at step"] for name, row in cells_of(text).items()}
    assert shown == {"gan": "50", "sn_gan": "100", "ssgan": "50 to 100"}
    assert "- Compared at unequal steps: gan; ssgan." in text


def test_equal_steps_are_said_once(tmp_path):
    for method in ("gan", "sn_gan"):
        until(tmp_path, method, 0, 100, 10.0)
    text = tables.render(tmp_path)
    assert "at step" not in text
    assert "unequal" not in text
    assert "last measurement (step 100)." in text


def test_other_steps_of_other_seeds_make_no_unequal_pair(tmp_path):
    for method in ("gan", "sn_gan"):
        for seed in range(2):
            until(tmp_path, method, seed, 50 + 50 * seed, 10.0)
    text = tables.render(tmp_path)
    assert cells_of(text)["gan"]["at step"] == "50 to 100"
    assert "unequal" not in text


def test_a_rule_that_picks_steps_is_no_unequal_comparison(tmp_path):
    until(tmp_path, "gan", 0, 50, 5.0)
    until(tmp_path, "sn_gan", 0, 100, 6.0)
    assert "unequal" not in tables.render(tmp_path, select="best")


def test_metrics_side_by_side_say_their_steps(tmp_path):
    directory = until(tmp_path, "gan", 0, 50, 5.0)
    late = fabricate.measurements([0.2], (100,), [fabricate.KID])
    fabricate.evaluations(directory, late)
    text = tables.render(tmp_path, metric="fid,kid")
    assert f"{fabricate.FID}: Selection 'last': last measurement (step 50)." in text
    assert f"{fabricate.KID}: Selection 'last': last measurement (step 100)." in text
    assert "At step" not in text
    until(tmp_path, "ssgan", 0, 70, 5.0)
    text = tables.render(tmp_path, metric="fid,kid")
    assert f"- {fabricate.FID}: At step: gan 50; ssgan 70." in text


# A fixed step of runs that diverged.


def diverged(study, seed, end, value=20.0):
    where = {"step": end, "term": "generator/adversarial"}
    options = {"status": "diverged", "diverged": where}
    until(study, "gan", seed, 50, value, **options)


@pytest.mark.parametrize("end,counts", [(49, False), (50, False), (51, True)])
def test_a_fixed_step_counts_if_the_run_diverged_after_it(tmp_path, end, counts):
    fabricate.constant(tmp_path, "gan", [10.0])
    until(tmp_path, "gan", 1, 50, 30.0)
    diverged(tmp_path, 2, end)
    text = tables.render(tmp_path, select="step:50")
    row = cells_of(text)["gan"]
    assert row["n"] == ("2/3" if counts else "1/3")
    assert row["diverged"] == "1/3 diverged"
    assert ("Runs that diverged after that step count" in text) == counts
    assert ("seed 2 diverged at step" in text) != counts
    last = parsed(tmp_path, select="step:50")["gan"]["runs"][2]
    assert last["value"] == (20.0 if counts else None)


@pytest.mark.parametrize("rule", ["last", "best"])
def test_no_other_rule_counts_a_run_that_diverged(tmp_path, rule):
    until(tmp_path, "gan", 0, 50, 30.0)
    diverged(tmp_path, 1, 51)
    text = tables.render(tmp_path, select=rule)
    assert cells_of(text)["gan"]["n"] == "1/2"
    assert "Runs that diverged after" not in text


def test_a_run_of_unknown_end_does_not_count(tmp_path):
    until(tmp_path, "gan", 0, 50, 30.0)
    until(tmp_path, "gan", 1, 50, 20.0, status="diverged")
    found = parsed(tmp_path, select="step:50")["gan"]["runs"][1]
    assert (found["value"], found["problem"]) == (None, "diverged")


def test_csv_counts_what_diverged_later(tmp_path):
    diverged(tmp_path, 0, 51)
    text = tables.render(tmp_path, select="step:50", format="csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["n"], row["diverged"]) == ("1", "1")
