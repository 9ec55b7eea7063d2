import json
import math

import pytest

from compare_ssgan.analysis.records import protocols
from compare_ssgan.analysis.status import rendering, standing
from tests.analysis import fabricate


def test_every_run_has_a_row_in_the_order_of_the_plan(tmp_path):
    rows = standing.read(fabricate.small_study(tmp_path / "small")).rows
    assert [row.run_id for row in rows[:3]] == [
        "digits-gan-seed0-00000000",
        "digits-sn_gan-seed0-00000000",
        "digits-sbn_gan-seed0-00000000",
    ]
    totals = {"done": 15, "diverged": 1, "partial": 1, "missing": 1, "all": 18}
    assert standing.totals(rows) == totals


def test_a_run_that_is_done_shows_its_last_fid(tmp_path):
    fabricate.constant(tmp_path, "gan", [12.5])
    (row,) = standing.read(tmp_path).rows
    assert (row.state, row.step, row.steps) == ("done", 100, 100)
    assert (row.metric, row.value, row.seconds) == (fabricate.FID, 12.5, 300.5)


def test_the_metric_of_the_training_is_shown_whatever_was_added(tmp_path):
    fabricate.constant(tmp_path, "gan", [12.5])
    (directory,) = (tmp_path / "runs").iterdir()
    added = fabricate.measurements([3.0], (100,), ["fid100_test_digits_cnn"])
    fabricate.evaluations(directory, added)
    (row,) = standing.read(tmp_path).rows
    assert (row.metric, row.value) == (fabricate.FID, 12.5)


def test_the_step_of_an_unfinished_run_is_that_of_the_last_logged_one(tmp_path):
    lines = fabricate.measurements([90.0], (0,))
    directory = fabricate.run(tmp_path, "gan", 0, lines, status="running")
    fabricate.write_lines(directory / "train.jsonl", {"step": 40}, {"step": 60})
    with (directory / "train.jsonl").open("a") as file:
        file.write('{"step": 80, "gen')
    fabricate.write_lines(
        directory / "timing.jsonl",
        {"step": 40, "event": "train", "seconds": 400.0},
        {"step": 60, "event": "train", "seconds": 3600.0},
    )
    (row,) = standing.read(tmp_path).rows
    assert (row.state, row.step, row.seconds) == ("partial", 60, 4000.0)
    assert "60/6,000" in rendering.render(tmp_path)
    assert "1:06:40" in rendering.render(tmp_path)


def test_a_failed_run_shows_the_last_line_of_its_error(tmp_path):
    error = "Traceback (most recent call last):\n  ...\nOSError: No space left\n"
    fabricate.run(tmp_path, "gan", 0, False, status="failed", error=error)
    (row,) = standing.read(tmp_path).rows
    assert (row.state, row.problem) == ("failed", "OSError: No space left")
    assert math.isnan(row.value)
    line = rendering.render(tmp_path).splitlines()[1]
    again = "to try once more, run the same sweep again"
    assert line.endswith(f"OSError: No space left; {again}")


def test_a_diverged_run_shows_term_and_step(tmp_path):
    where = {"step": 61, "term": "generator/adversarial"}
    lines = fabricate.measurements([90.0, math.nan], (0, 61))
    fabricate.run(tmp_path, "gan", 0, lines, status="diverged", diverged=where)
    (row,) = standing.read(tmp_path).rows
    assert (row.state, row.step) == ("diverged", 61)
    assert row.problem == "generator/adversarial was not finite"


def test_the_text_ends_with_totals(tmp_path):
    text = rendering.render(fabricate.small_study(tmp_path / "small"))
    lines = text.splitlines()
    assert lines[0].split() == ["run", "state", "step", fabricate.FID, "time", "left"]
    assert "18 runs: 15 done, 1 diverged, 1 partial, 1 missing" in lines
    assert text.isascii()
    fabricate.constant(tmp_path / "one", "gan", [12.5])
    assert "1 run: 1 done" in rendering.render(tmp_path / "one").splitlines()


def test_json_has_rows_and_totals_and_no_nan(tmp_path):
    study = fabricate.small_study(tmp_path / "small")

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads(rendering.render(study, as_json=True), parse_constant=refuse)
    assert content["totals"]["all"] == 18
    states = {row["run_id"]: row["state"] for row in content["runs"]}
    assert states["digits-sbn_ssgan-seed2-00000000"] == "missing"
    assert content["runs"][0]["value"] == fabricate.curve("gan", 0)[-1]
    assert set(content["compute"]) == {
        "spent_seconds", "remaining_seconds", "num_unknown",
    }  # fmt: skip
    assert content["remarks"] == []


def test_the_metric_that_stands_for_a_run_is_its_fid_where_it_has_one():
    assert protocols.main_metric(["kid10_x", "fid10_x"]) == "fid10_x"
    assert protocols.main_metric(["kid10_x", "is10_x"]) == "kid10_x"
    assert protocols.main_metric(["fidelity10_x"]) == "fidelity10_x"
    assert protocols.main_metric(["is10_x", "fidelity10_x", "fid10_x"]) == "fid10_x"
    assert protocols.main_metric([]) is None


def test_a_caption_says_how_images_were_drawn():
    name = "fid10k_test_inception_truncation0.5_standing50k"
    assert protocols.describe(name) == (
        "Frechet distance of features, 10,000 generated against 10,000 test images, "
        "inception, latents truncated at 0.5, standing statistics of 50,000 samples"
    )
    assert protocols.describe("is100_cnn_splits10_standing64") == (
        "Inception-score formula, 100 generated images, cnn_splits10, standing "
        "statistics of 64 samples"
    )


@pytest.mark.parametrize(
    ("name", "examples"),
    [
        ("rotation_accuracy100_test", "100 test images"),
        ("discriminator_accuracy100_fake", "100 images, fake"),
        ("probe1k_block0", "1,000 training images, block0"),
        ("log_condition_number32", "32 latent vectors"),
        ("cas100_test", "100 generated against 100 test images"),
    ],
)
def test_a_caption_says_what_was_counted(name, examples):
    assert protocols.describe(name).endswith(f", {examples}")
