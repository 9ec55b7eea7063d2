"""Tables of other selections, references, metrics and statistics than the default."""

import csv
import io
import json
import math

import numpy as np
import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.comparison import comparing
from compare_ssgan.analysis.comparison.selection import parse_selection
from compare_ssgan.analysis.statistics import summaries
from compare_ssgan.errors import InputError
from tests.analysis import fabricate
from tests.analysis.tables.reading import parsed

TRAIN = "fid600_train_digits_cnn"


def lines_of(text, first):
    """Lines of a markdown table that begin with a name."""
    return [line for line in text.splitlines() if line.startswith(f"| {first} ")]


def header(text):
    """Names of the columns of a markdown table."""
    (line,) = lines_of(text, "method")
    return [name.strip() for name in line.strip("|").split("|")]


def compared(study):
    options = comparing.Options(parse_selection("last"))
    return comparing.compare(study, "fid", options)


def judged(study, method, seed, train, test, steps=(0, 100, 200), **options):
    """A run whose FID is measured on two splits."""
    lines = fabricate.measurements(train, steps, [TRAIN])
    lines += fabricate.measurements(test, steps, [fabricate.FID])
    return fabricate.run(study, method, seed, lines, **options)


def test_steps_may_be_chosen_on_one_split_and_reported_on_another(tmp_path):
    judged(tmp_path, "gan", 0, [9.0, 2.0, 3.0], [50.0, 20.0, 10.0])
    judged(tmp_path, "gan", 1, [9.0, 4.0, 3.0], [50.0, 20.0, 30.0])
    options = {"metric": fabricate.FID, "select": f"by:{TRAIN}"}
    row = parsed(tmp_path, **options)["gan"]
    assert [run["value"] for run in row["runs"]] == [20.0, 30.0]
    assert [run["step"] for run in row["runs"]] == [100, 200]
    text = tables.render(tmp_path, **options)
    said = (
        f"': measurement at the step where {TRAIN} is best (step 100 to 200). {TRAIN}"
    )
    assert f"Selection 'by:{TRAIN}{said}: " in text
    assert (
        "600 generated against 600 train images, digits_cnn; lower is better." in text
    )
    assert "at step" in header(text)
    (line,) = lines_of(text, "gan")
    assert "100 to 200" in line


def test_a_step_that_was_chosen_and_not_measured_is_a_visible_hole(tmp_path):
    judged(tmp_path, "gan", 0, [9.0, 2.0, 3.0], [50.0, 20.0, 10.0])
    late = fabricate.measurements([9.0, 1.0], (0, 100), [TRAIN])
    late += fabricate.measurements([40.0], (0,), [fabricate.FID])
    fabricate.run(tmp_path, "gan", 1, late)
    only_test = fabricate.measurements([40.0], (0,), [fabricate.FID])
    fabricate.run(tmp_path, "gan", 2, only_test)
    judged(tmp_path, "gan", 3, [2.0], [5.0], (0,), status="running")
    text = tables.render(tmp_path, metric=fabricate.FID, select=f"by:{TRAIN}")
    assert "seed 1 no measurement at step 100" in text
    assert f"seed 2 no finite measurement of {TRAIN}" in text
    assert "seed 3 interrupted, not counted by" in text
    (line,) = lines_of(text, "gan")
    assert "| 1/4 |" in line


def test_a_higher_is_better_metric_chooses_its_highest(tmp_path):
    lines = fabricate.measurements([9.0, 2.0, 3.0], (0, 100, 200))
    fabricate.run(tmp_path, "gan", 0, lines)
    row = parsed(tmp_path, select="by:is")["gan"]
    assert row["median"] == 2.0
    assert row["select"] == "by:is"


def test_a_choice_by_the_reported_images_is_refused(tmp_path):
    judged(tmp_path, "gan", 0, [9.0, 2.0, 3.0], [50.0, 20.0, 10.0])
    options = {"metric": fabricate.FID}
    with pytest.raises(InputError, match="that is the reported metric itself"):
        tables.render(tmp_path, select=f"by:{fabricate.FID}", **options)
    with pytest.raises(InputError, match="by:prdc: prdc was not measured in the data"):
        tables.render(tmp_path, select="by:prdc", **options)
    with pytest.raises(InputError, match="measured by several protocols"):
        tables.render(tmp_path, select="by:fid", **options)


def test_any_two_methods_can_be_compared(tmp_path):
    fabricate.constant(tmp_path, "ssgan", [20.0, 21.0, 19.5])
    fabricate.constant(tmp_path, "sbn_ssgan", [15.0, 16.5, 14.0])
    text = tables.render(tmp_path, against="ssgan")
    assert "difference to ssgan" in text
    assert "Difference: method minus ssgan on equal seeds" in text
    (line,) = lines_of(text, "sbn_ssgan")
    assert "| better -5.00 [" in line
    (line,) = lines_of(text, "ssgan")
    assert "| (reference) " in line
    assert parsed(tmp_path, against="ssgan")["sbn_ssgan"]["baseline"] == "ssgan"


def test_a_row_can_be_compared_with_another_of_its_method(tmp_path):
    for digest, weight in enumerate(["0.1", "0.2"]):
        options = {"settings": [f"tasks.x = {weight}"], "digest": digest}
        fabricate.constant(tmp_path, "ssgan", [10.0, 12.0 + digest], **options)
    text = tables.render(tmp_path, against="ssgan (tasks.x = 0.1)")
    (line,) = lines_of(text, "ssgan (tasks.x = 0.2)")
    assert "tied +0.50 [" in line
    (line,) = lines_of(text, "ssgan (tasks.x = 0.1)")
    assert "(reference)" in line


def test_a_reference_that_is_nowhere_lists_those_there_are(tmp_path):
    fabricate.constant(tmp_path, "ssgan", [20.0])
    with pytest.raises(InputError, match=r"--against sgan: .* There are: ssgan"):
        tables.render(tmp_path, against="sgan")


def test_from_five_seeds_on_there_is_an_interval(tmp_path):
    values = [10.0, 12.0, 11.0, 15.0, 14.0]
    fabricate.constant(tmp_path, "gan", values)
    fabricate.constant(tmp_path, "ssgan", values[:4])
    text = tables.render(tmp_path)
    expected = summaries.summarize(values)
    (line,) = lines_of(text, "gan")
    assert f"| {np.std(values, ddof=1):.2f} |" in line
    assert f"| [{expected.low:.2f}, {expected.high:.2f}] |" in line
    (line,) = lines_of(text, "ssgan")
    assert "|    - |              - |" in line
    assert "95 % interval of the mean: bootstrap over training seeds" in text
    rows = parsed(tmp_path)
    assert rows["gan"]["estimate_low"] == pytest.approx(expected.low)
    assert rows["ssgan"]["std"] is rows["ssgan"]["estimate"] is None


def test_the_interquartile_mean_can_be_asked_for(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 12.0, 11.0, 90.0, 13.0])
    text = tables.render(tmp_path, statistic="iqm")
    assert "IQM [95 %]" in header(text)
    assert "| 12.00 [" in lines_of(text, "gan")[0]
    assert "95 % interval of the interquartile mean: bootstrap" in text
    with pytest.raises(
        InputError, match=r"no statistic 'mode'\. Statistics: mean, iqm"
    ):
        tables.render(tmp_path, statistic="mode")


def test_the_best_mean_and_what_ties_with_it_are_marked(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 11.0, 9.0])
    fabricate.constant(tmp_path, "ssgan", [9.0, 14.0, 10.5])
    fabricate.constant(tmp_path, "wgan_gp", [30.0, 31.0, 29.5])
    rows = parsed(tmp_path)
    assert [rows[m]["rank"] for m in ("gan", "ssgan", "wgan_gp")] == [
        "best", "tied", None,
    ]  # fmt: skip
    text = tables.render(tmp_path)
    assert "Bold: the best mean, and what cannot be told from it" in text
    assert text.count("**") == 4
    # The score is the higher the better, and made to fall with FID.
    assert parsed(tmp_path, metric="is")["gan"]["rank"] == "best"


def test_no_method_wins_by_the_runs_it_lost(tmp_path):
    fabricate.constant(tmp_path, "gan", [1.0, 2.0])
    fabricate.run(tmp_path, "gan", 2, status="diverged", diverged={"step": 5})
    fabricate.constant(tmp_path, "ssgan", [30.0, 31.0, 29.5])
    fabricate.constant(tmp_path, "sn_gan", [40.0, 41.0, 39.7])
    rows = parsed(tmp_path)
    assert [rows[m]["rank"] for m in ("gan", "ssgan", "sn_gan")] == [None, "best", None]


def test_each_budget_has_a_best_of_its_own(tmp_path):
    for digest, budget in enumerate(("short", "long")):
        options = {"budget": budget, "digest": digest}
        fabricate.constant(tmp_path, "gan", [10.0 - digest, 11.0], **options)
        fabricate.constant(tmp_path, "ssgan", [70.0, 71.0 + digest], **options)
    text = tables.render(tmp_path)
    assert "Bold: the best mean of each budget" in text
    assert sum("**" in line for line in lines_of(text, "gan")) == 2
    assert not any("**" in line for line in lines_of(text, "ssgan"))


def test_nobody_wins_by_a_single_run(tmp_path):
    fabricate.constant(tmp_path, "gan", [30.0, 31.0, 30.5])
    fabricate.constant(tmp_path, "sn_gan", [20.0, 21.0, 20.7])
    fabricate.constant(tmp_path, "ssgan", [10.0])
    fabricate.constant(tmp_path, "wgan_gp", [90.0])
    rows = parsed(tmp_path)
    assert {method: row["rank"] for method, row in rows.items()} == {
        "gan": None, "sn_gan": "best", "ssgan": None, "wgan_gp": None,
    }  # fmt: skip
    said = "among methods with more than one run, and a number from every run."
    assert said in tables.render(tmp_path)


def test_one_seed_each_has_no_best(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.constant(tmp_path, "ssgan", [9.0])
    assert "**" not in tables.render(tmp_path)


def test_metrics_stand_side_by_side_with_their_protocols(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 12.0, 14.0])
    fabricate.constant(tmp_path, "ssgan", [9.0, math.nan, 10.0])
    text = tables.render(tmp_path, metric="fid,is")
    assert header(text)[3:] == [fabricate.FID, "is600_digits_cnn"]
    assert f"{fabricate.FID}: Frechet distance of features, 600 generated" in text
    assert "is600_digits_cnn: Inception-score formula, 600 generated images" in text
    (line,) = lines_of(text, "gan")
    score = [1 + 8 * math.exp(-value / 60) for value in (10.0, 12.0, 14.0)]
    assert "12.00 (10.00 to 14.00)" in line
    assert f"{np.mean(score):.2f} ({min(score):.2f} to {max(score):.2f})" in line
    (line,) = lines_of(text, "ssgan")
    assert "9.50 (9.00 to 10.00) 2/3" in line
    assert f"- {fabricate.FID}: ssgan: seed 1 measured nan at step 100." in text
    found = json.loads(tables.render(tmp_path, metric="fid,is", format="json"))
    assert [t["metric"] for t in found["tables"]] == [fabricate.FID, "is600_digits_cnn"]
    once = tables.render(tmp_path, metric=f"fid,{fabricate.FID}")
    assert once == tables.render(tmp_path, metric="fid")


def test_metrics_side_by_side_each_choose_their_best(tmp_path):
    lines = fabricate.measurements([50.0, 10.0, 20.0], (0, 100, 200))
    fabricate.run(tmp_path, "gan", 0, lines)
    text = tables.render(tmp_path, metric="fid,kid", select="best")
    assert "Selection 'best': best measurement, chosen by the reported" in text
    assert "Each metric has steps of its own." in text


def test_a_metric_that_a_dataset_lacks_is_named(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    fid_only = fabricate.measurements([5.0], (100,), [fabricate.FID])
    fabricate.run(tmp_path, "gan", 0, fid_only, dataset="cifar10")
    text = tables.render(tmp_path, metric="fid,kid")
    assert "cifar10, kid: none of 1 runs has been measured by this metric." in text
    with pytest.raises(InputError, match="measurement of 'prdc'"):
        tables.render(tmp_path, metric="fid,prdc")


def test_every_run_can_be_shown(tmp_path):
    study = fabricate.small_study(tmp_path / "small")
    text = tables.render(study, runs=True)
    last = fabricate.curve("gan", 0)[-1]
    shown = [cell.strip() for cell in lines_of(text, "gan")[1].split("|")]
    assert shown[2] == f"{last:.2f}"
    assert shown[4] == "diverged"
    shown = [cell.strip() for cell in lines_of(text, "sbn_ssgan")[1].split("|")]
    assert shown[3:5] == ["interrupted", "not run"]
    assert "Every run" not in tables.render(study)
    rows = list(
        csv.DictReader(
            io.StringIO(tables.render(study, "fid", "last", "csv", runs=True))
        )
    )
    assert len(rows) == 18
    assert rows[0]["run_id"] == fabricate.run_id("gan", 0)
    assert float(rows[0]["value"]) == pytest.approx(last)
    assert rows[2]["problem"].startswith("diverged at step 2,412")


def test_runs_of_several_versions_are_told(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 11.0])
    assert "versions" not in tables.render(tmp_path)
    directory = tmp_path / "runs" / fabricate.run_id("gan", 1)
    fabricate.change(directory, git_commit="0123456789abc-dirty")
    text = tables.render(tmp_path)
    expected = "0.1.0 (1 runs), 0.1.0 at 0123456-dirty (1 runs)."
    assert f"- Runs are of several versions of the package: {expected}" in text
    assert "uncommitted" not in text


def test_runs_of_uncommitted_code_are_told(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    directory = tmp_path / "runs" / fabricate.run_id("gan", 0)
    fabricate.change(directory, git_commit="0123456789abc-dirty")
    assert "- Runs are of code with uncommitted changes: 0.1.0 at 0123456-dirty" in (
        tables.render(tmp_path)
    )


def test_methods_are_compared_over_datasets(tmp_path):
    for dataset, shift in (("digits", 0.0), ("polygons", 5.0)):
        base = [30.0, 31.0, 29.0, 33.0, 28.0]
        fabricate.constant(tmp_path, "sn_gan", base, dataset=dataset)
        own = [value - 3 + shift for value in base]
        fabricate.constant(tmp_path, "ssgan", own, dataset=dataset)
    (found,) = compared(tmp_path).across
    assert (found.against, found.datasets) == ("sn_gan", ["digits", "polygons"])
    ((label, result),) = found.rows
    # Of 25 pairs 22 and one tie on digits; on polygons 5 and a half less.
    wins = {}
    for shift in (0.0, 5.0):
        pairs = [(v - 3 + shift, w) for v in base for w in base]
        wins[shift] = sum((v < w) + (v == w) / 2 for v, w in pairs) / 25
    assert label == "ssgan"
    assert result.probability == pytest.approx((wins[0.0] + wins[5.0]) / 2)
    assert result.low < result.probability < result.high
    text = tables.render(tmp_path)
    assert "### Across datasets: fid" in text
    assert "Probability that a run is better than one of sn_gan" in text
    content = json.loads(tables.render(tmp_path, format="json"))
    assert content["across"][0]["rows"][0]["probability"] == result.probability


def test_over_datasets_a_diverged_run_loses_and_a_missing_one_is_left_out(tmp_path):
    for dataset in ("digits", "polygons"):
        fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0], dataset=dataset)
        fabricate.constant(tmp_path, "ssgan", [10.0], dataset=dataset)
        gone = {"step": 5, "term": "generator/adversarial"}
        options = {"status": "diverged", "diverged": gone, "dataset": dataset}
        fabricate.run(tmp_path, "ssgan", 1, **options)
        fabricate.run(tmp_path, "ssgan", 2, False, dataset=dataset, status="running")
    (found,) = compared(tmp_path).across
    ((_, result),) = found.rows
    assert result.probability == 0.5
    assert "|         50 % |" not in tables.render(tmp_path, metric="fid,kid")
    assert tables.render(tmp_path).count("| ssgan  |        2 |        50 % |") == 1
