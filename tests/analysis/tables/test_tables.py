import csv
import io
import json
import math
import pathlib

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.figures import curves
from compare_ssgan.errors import InputError
from tests.analysis import fabricate
from tests.analysis.tables.reading import parsed

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def cells(text, method):
    """Cells of the row of a method in a markdown table, without marks."""
    rows = [
        [cell.strip().replace("**", "") for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
    ]
    (found,) = (row for row in rows if row[0] == method)
    return found


@pytest.mark.parametrize("name,suffix", fabricate.GOLDEN.items())
def test_a_study_gives_the_recorded_table(tmp_path, name, suffix):
    text = tables.render(fabricate.small_study(tmp_path / "small"), format=name)
    assert text.isascii()
    assert f"{text}\n" == (GOLDEN / f"table.{suffix}").read_text()


def test_statistics_are_over_seeds(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 30.0, 14.0])
    row = cells(tables.render(tmp_path), "gan")
    assert row[1:7] == ["3", "14.00", "18.00", "10.00 to 30.00", "-", "0"]


def test_a_diverged_run_is_counted_and_has_no_value(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 30.0])
    lines = fabricate.measurements([20.0, 1.0], (0, 50))
    where = {"step": 61, "term": "discriminator/penalty"}
    fabricate.run(tmp_path, "gan", 2, lines, status="diverged", diverged=where)
    for select in ("last", "best", "step:100"):
        text = tables.render(tmp_path, select=select)
        assert "1/3 diverged" in cells(text, "gan")
        assert "gan: seed" in text
        assert "seed 2 diverged at step 61 (discriminator/penalty)" in text
        assert cells(text, "gan")[1] == "2/3"


def test_unfinished_and_missing_runs_are_counted_and_named(tmp_path):
    fabricate.plan(tmp_path, [("gan", seed) for seed in range(5)])
    fabricate.constant(tmp_path, "gan", [10.0])
    lines = fabricate.measurements([90.0, 12.0], (0, 100))
    fabricate.run(tmp_path, "gan", 1, lines, status="running")
    fabricate.run(tmp_path, "gan", 2, False)
    text = tables.render(tmp_path)
    assert cells(text, "gan")[1:3] == ["1/5", "10.00"]
    assert "seed 1 interrupted, not counted by 'last'" in text
    assert "seed 2 no finite measurement" in text
    assert "seeds 3, 4 not run" in text
    # A fixed step is what it will be when the run has finished.
    assert cells(tables.render(tmp_path, select="step:100"), "gan")[1] == "2/5"


def test_a_step_that_a_run_lacks_is_an_empty_cell_with_a_note(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    other = fabricate.measurements([9.0, 5.0], (0, 70))
    fabricate.run(tmp_path, "gan", 2, other)
    text = tables.render(tmp_path, select="step:100")
    assert cells(text, "gan")[1] == "2/3"
    assert "gan: seed 2 no measurement at step 100." in text


def test_a_nan_of_a_run_that_is_done_is_named(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, math.nan])
    text = tables.render(tmp_path)
    assert cells(text, "gan")[1] == "1/2"
    assert "seed 1 measured nan at step 100" in text


def test_the_caption_names_protocol_selection_seeds_and_step(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0, 30.0])
    text = tables.render(tmp_path)
    assert "### digits: fid600_test_digits_cnn" in text
    assert "600 generated against 600 test images, digits_cnn; lower is" in text
    assert "Selection 'last': last measurement (step 100)." in text
    assert "over training seeds 0 to 2" in text
    assert "chosen by the reported metric itself" in tables.render(
        tmp_path, select="best"
    )


def test_best_prints_the_steps_it_chose_and_follows_the_direction(tmp_path):
    lines = fabricate.measurements([50.0, 10.0, 20.0], (0, 100, 200))
    fabricate.run(tmp_path, "gan", 0, lines)
    assert cells(tables.render(tmp_path, select="best"), "gan")[2] == "10.00"
    assert cells(tables.render(tmp_path, select="best"), "gan")[7] == "100"
    score = parsed(tmp_path, metric="is", select="best")["gan"]["median"]
    assert score == pytest.approx(1 + 8 * math.exp(-10 / 60))


def test_the_difference_to_the_baseline_is_signed_or_tied(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0, 29.0])
    fabricate.constant(tmp_path, "ssgan", [20.0, 21.5, 19.5])
    fabricate.constant(tmp_path, "sbn_gan", [20.0, 41.0, 29.5])
    fabricate.constant(tmp_path, "gan", [40.0, 41.5, 39.5])
    text = tables.render(tmp_path)
    assert cells(text, "sn_gan")[7] == "(baseline)"
    assert cells(text, "ssgan")[7].startswith("better -9.67 [-10.38, -8.95]")
    assert cells(text, "ssgan")[8] == "0.25 (0.25)"
    # Three comparisons.
    assert cells(text, "ssgan")[9] == "0.75 (0.75)"
    assert "corrected for the number of comparisons in this table, 3." in text
    assert cells(text, "sbn_gan")[7].startswith("tied +0.17 [")
    assert cells(text, "gan")[7].startswith("worse +10.33 [")
    # Higher is better for the Inception-score formula.
    score = cells(tables.render(tmp_path, metric="is"), "ssgan")
    assert score[7].startswith("better +")


def test_without_the_baseline_there_is_no_difference(tmp_path):
    fabricate.constant(tmp_path, "ssgan", [20.0, 21.0])
    assert "difference" not in tables.render(tmp_path)
    assert parsed(tmp_path)["ssgan"]["difference"] is None


def test_the_gap_closed_is_shown_where_both_ends_were_trained(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0, 29.0])
    fabricate.constant(tmp_path, "ssgan", [22.0, 23.0, 21.0])
    assert "gap closed" not in tables.render(tmp_path)
    fabricate.constant(tmp_path, "cond_gan", [20.0, 21.0, 19.0])
    text = tables.render(tmp_path)
    assert cells(text, "ssgan")[-1] == "80 % [80, 80]"
    assert cells(text, "cond_gan")[-1] == ""


def test_the_gap_closed_is_undefined_where_labels_buy_nothing(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0, 29.0])
    fabricate.constant(tmp_path, "ssgan", [22.0, 23.0, 21.0])
    fabricate.constant(tmp_path, "cond_gan", [20.0, 61.0, 19.0])
    assert cells(tables.render(tmp_path), "ssgan")[-1] == "undefined"
    assert parsed(tmp_path)["ssgan"]["gap_closed"] == "undefined"


def test_a_gap_without_common_seeds_is_not_called_undefined(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0])
    fabricate.constant(tmp_path, "cond_gan", [20.0, 21.0])
    fabricate.run(tmp_path, "ssgan", 7)
    assert cells(tables.render(tmp_path), "ssgan")[-1] == "no common seeds"
    assert parsed(tmp_path)["ssgan"]["gap_closed"] is None


def test_families_are_blocks_in_a_fixed_order(tmp_path):
    for method in ("s3gan", "ssgan", "cond_gan", "gan"):
        fabricate.constant(tmp_path, method, [10.0])
    fabricate.constant(tmp_path, "own", [10.0])
    lines = tables.render(tmp_path).splitlines()
    first = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    assert first[2:] == [
        "*unconditional*", "gan", "*conditional*", "cond_gan", "*self-supervised*",
        "ssgan", "*fewer labels*", "s3gan", "*family unknown*", "own",
    ]  # fmt: skip


def test_settings_are_rows_of_their_own_and_common_ones_are_said_once(tmp_path):
    for digest, weight in enumerate(["0.1", "0.2"]):
        settings = ["STEPS = 100", f"tasks.Rotation.generator_weight = {weight}"]
        options = {"settings": settings, "digest": digest}
        fabricate.constant(tmp_path, "ssgan", [10.0, 12.0 + digest], **options)
    text = tables.render(tmp_path)
    label = "ssgan (tasks.Rotation.generator_weight = {})"
    assert cells(text, label.format("0.1"))[3] == "11.00"
    assert cells(text, label.format("0.2"))[3] == "11.50"
    assert "Settings of all: STEPS = 100." in text


def test_a_baseline_without_the_settings_serves_all_of_them(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0])
    for digest, weight in enumerate(["0.1", "0.2"]):
        options = {"settings": [f"tasks.x = {weight}"], "digest": digest}
        fabricate.constant(tmp_path, "ssgan", [10.0, 12.0 + digest], **options)
    text = tables.render(tmp_path)
    assert "-19.50" in cells(text, "ssgan (tasks.x = 0.1)")[7]
    assert "-19.00" in cells(text, "ssgan (tasks.x = 0.2)")[7]


def test_budgets_do_not_share_a_row(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.constant(tmp_path, "gan", [50.0], budget="smoke", digest=1)
    text = tables.render(tmp_path)
    assert cells(text, "gan (budget short)")[2] == "10.00"
    assert cells(text, "gan (budget smoke)")[2] == "50.00"


def test_datasets_have_tables_of_their_own(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.constant(tmp_path, "gan", [50.0], dataset="cifar10")
    text = tables.render(tmp_path)
    assert text.index("### cifar10: fid") < text.index("### digits: fid")


def test_a_dataset_without_the_metric_is_named(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    fabricate.run(tmp_path, "gan", 0, False, dataset="cifar10")
    text = tables.render(tmp_path)
    assert text.endswith("cifar10: none of 1 runs has been measured by this metric.")
    content = json.loads(tables.render(tmp_path, format="json"))
    assert content["unmeasured"] == {"cifar10": 1}


def test_protocols_never_share_a_column(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    other = fabricate.measurements([5.0], (100,), ["fid10k_test_inception"])
    fabricate.run(tmp_path, "ssgan", 0, other)
    message = "Choose one: fid10k_test_inception, fid600_test_digits_cnn"
    with pytest.raises(InputError, match=message):
        tables.render(tmp_path, metric="fid")
    text = tables.render(tmp_path, metric="fid10k_test_inception")
    assert "10,000 generated against 10,000 test images, inception" in text
    assert cells(text, "ssgan")[2] == "5.00"
    assert cells(text, "gan")[1:3] == ["0/1", "-"]


def test_a_metric_that_was_never_measured_lists_those_that_were(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    with pytest.raises(InputError, match=r"None of 1 runs .* 'prdc'. Measured: fid600"):
        tables.render(tmp_path, metric="prdc")


def test_a_study_without_any_measurement_is_an_error(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1)])
    with pytest.raises(InputError, match=r"None of 2 runs .* Measured: nothing yet"):
        tables.render(tmp_path)


def test_a_metric_of_unknown_direction_is_an_error(tmp_path):
    lines = fabricate.measurements([5.0], (100,), ["sharpness100_x"])
    fabricate.run(tmp_path, "gan", 0, lines)
    with pytest.raises(InputError, match="not even whether lower is better"):
        tables.render(tmp_path, metric="sharpness")


def test_a_metric_without_direction_differs_and_has_no_best(tmp_path):
    name = "discriminator_accuracy600_test"
    ends = {"sn_gan": 30.0, "cond_gan": 20.0, "ssgan": 22.0}
    for method, end in ends.items():
        for seed in range(3):
            lines = fabricate.measurements([end + seed / 10], (100,), [name])
            fabricate.run(tmp_path, method, seed, lines)
    text = tables.render(tmp_path, metric="discriminator_accuracy")
    assert "600 test images; neither is better." in text
    assert cells(text, "ssgan")[7].startswith("differs -8.00")
    assert "gap closed" not in text
    assert parsed(tmp_path, metric=name)["ssgan"]["verdict"] == "differs"
    with pytest.raises(InputError, match=f"--select best: of {name} neither low nor"):
        tables.render(tmp_path, metric=name, select="best")


def evaluated(study, method, seeds_of_runs, values):
    """Runs with FID measured at step 100 with several evaluation seeds."""
    for seed, (eval_seeds, value) in enumerate(zip(seeds_of_runs, values, strict=True)):
        directory = fabricate.run(
            study, method, seed, fabricate.measurements([9.0, value], (0, 100))
        )
        fabricate.evaluations(
            directory,
            [
                row
                for eval_seed in eval_seeds
                for row in fabricate.measurements(
                    [value + 2 * eval_seed], (100,), eval_seed=eval_seed
                )
            ],
        )


def test_the_spread_over_evaluation_seeds_is_told_apart(tmp_path):
    # Means over evaluation seeds 0, 1, 2: 12 and 32; deviations: 2 each.
    evaluated(tmp_path, "gan", [(1, 2), (1, 2)], [10.0, 30.0])
    text = tables.render(tmp_path)
    assert "Each value is the mean over evaluation seeds 0 to 2." in text
    assert "eval std: standard deviation over evaluation seeds, mean over" in text
    assert "| std | eval std | diverged |" in text
    row = cells(text, "gan")
    assert row[3] == "22.00"
    assert row[5:7] == ["-", "2.00"]
    found = parsed(tmp_path)["gan"]
    assert found["eval_std"] == pytest.approx(2.0)
    assert [run["eval_seeds"] for run in found["runs"]] == [[0, 1, 2]] * 2
    assert "eval_std" in tables.render(tmp_path, format="csv").splitlines()[0]
    # Where each value is of one evaluation, there is no such spread.
    assert "eval std" not in tables.render(tmp_path, select="step:0")
    first = tables.render(tmp_path, select="step:0", format="csv").splitlines()[0]
    assert "eval_std" not in first


def test_other_evaluation_seeds_in_some_runs_are_told(tmp_path):
    evaluated(tmp_path, "gan", [(1, 2), (), ()], [10.0, 30.0, 20.0])
    text = tables.render(tmp_path)
    expected = "Evaluation seeds differ, each value being the mean over its own: "
    assert f"{expected}0 (2 runs); 0 to 2 (1 run)." in text
    assert cells(text, "gan")[6] == "2.00"


def test_other_evaluation_seeds_at_some_steps_are_told_where_they_compete(tmp_path):
    evaluated(tmp_path, "gan", [(1, 2)], [3.0])
    assert "Evaluation seeds differ" not in tables.render(tmp_path)
    text = tables.render(tmp_path, select="best")
    assert "chosen from; the chosen ones are of 0 to 2 (1 run)." in text


def test_protocols_added_by_evaluations_are_refused_by_kind(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    names = [f"{fabricate.FID}_truncation0.5", "fid600_test50k_digits_cnn"]
    fabricate.evaluations(directory, fabricate.measurements([1.0], (6000,), names))
    listed = f"Choose one: fid600_test50k_digits_cnn, {fabricate.FID}, {names[0]}"
    with pytest.raises(InputError, match=listed):
        tables.render(tmp_path)
    with pytest.raises(InputError, match=listed):
        curves.curves(tmp_path, "fid", tmp_path / "fid.png")
    text = tables.render(tmp_path, metric=names[0])
    assert "digits_cnn, latents truncated at 0.5; lower" in text
    assert cells(text, "gan")[2] == "1.00"
    text = tables.render(tmp_path, metric=names[1])
    assert "600 generated against 50,000 test images, digits_cnn; lower" in text


def test_an_unknown_format_lists_the_formats(tmp_path):
    with pytest.raises(InputError, match=r"'html'. Formats: md, csv, latex, json"):
        tables.render(tmp_path, format="html")


def test_a_run_that_is_there_twice_counts_once(tmp_path):
    fabricate.constant(tmp_path / "one", "gan", [10.0, 20.0])
    fabricate.constant(tmp_path / "two", "gan", [10.0])
    assert cells(tables.render(tmp_path), "gan")[1:3] == ["2", "15.00"]


def test_of_a_run_that_is_there_twice_the_one_that_was_measured_more_counts(tmp_path):
    for place, steps in (("one", (0,)), ("two", (0, 100))):
        lines = fabricate.measurements([9.0, 3.0][: len(steps)], steps)
        fabricate.run(tmp_path / place, "gan", 0, lines)
    assert cells(tables.render(tmp_path), "gan")[2] == "3.00"


def test_a_run_that_is_there_twice_has_the_same_numbers(tmp_path):
    fabricate.constant(tmp_path / "one", "gan", [10.0])
    fabricate.constant(tmp_path / "two", "gan", [10.5])
    message = "are the same run, but its .* at step 0 is 91 in one and 95.5 in the"
    with pytest.raises(InputError, match=message):
        tables.render(tmp_path)


def test_differently_configured_runs_are_no_seeds_of_one_method(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    config = ["gans.ModularGAN.loss = 'other'"]
    fabricate.run(tmp_path, "gan", 1, digest=1, config=config)
    message = "configured differently: .*loss = 'gan'' against .*loss = 'other''"
    with pytest.raises(InputError, match=message):
        tables.render(tmp_path)


def test_a_seed_with_two_configurations_is_an_error(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0], digest=1)
    fabricate.plan(tmp_path, [("gan", 0)])
    with pytest.raises(InputError, match="the planned run digits-gan-seed0-00000000"):
        tables.render(tmp_path)


def test_small_numbers_get_more_decimals(tmp_path):
    fabricate.constant(tmp_path, "gan", [18.0, 24.0])
    row = cells(tables.render(tmp_path, metric="kid"), "gan")
    assert row[2:5] == ["0.00700", "0.00700", "0.00600 to 0.00800"]


def test_csv_has_full_precision_and_every_count(tmp_path):
    study = fabricate.small_study(tmp_path / "small")
    text = tables.render(study, format="csv")
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(text))}
    finals = [fabricate.curve("ssgan", seed)[-1] for seed in range(3)]
    assert float(rows["ssgan"]["mean"]) == pytest.approx(sum(finals) / 3, rel=1e-12)
    assert (rows["gan"]["seeds"], rows["gan"]["n"]) == ("3", "2")
    assert rows["gan"]["diverged"] == "1"
    assert (rows["sbn_ssgan"]["partial"], rows["sbn_ssgan"]["missing"]) == ("1", "1")
    assert rows["ssgan"]["std"] == rows["ssgan"]["estimate_low"] == ""
    assert float(rows["ssgan"]["holm_p"]) == 1.0


def test_json_has_every_run_and_no_nan(tmp_path):
    study = fabricate.small_study(tmp_path / "small")
    row = parsed(study)["gan"]
    assert [run["status"] for run in row["runs"]] == ["done"] * 2 + ["diverged"]
    assert row["runs"][2]["value"] is None
    assert row["verdict"] == "worse"
