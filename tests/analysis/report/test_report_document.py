"""What a report's page is given."""

import datetime
import json
import math

import pytest

from compare_ssgan.analysis.comparison import comparing, groups, selection
from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.report import comparisons, document
from compare_ssgan.analysis.report.pools import Pool, number
from compare_ssgan.errors import InputError
from tests.analysis import fabricate, fabricate_report

NOW = datetime.datetime(2026, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fabricate_report.study(tmp_path_factory.mktemp("report") / "study")


@pytest.fixture(scope="module")
def built(study):
    return document.build(study, now=NOW)


def run_of(data, method, seed, dataset="digits"):
    (found,) = (
        run
        for run in data["runs"]
        if (run["id"].startswith(f"{dataset}-{method}-seed{seed}-"))
    )
    return found


def test_every_run_is_there_once_with_its_state(built):
    statuses = [run["status"] for run in built.data["runs"]]
    assert {status: statuses.count(status) for status in set(statuses)} == {
        "done": 20, "diverged": 1, "failed": 1, "partial": 1, "missing": 1,
    }  # fmt: skip
    groups_of = [group for each in built.data["datasets"] for group in each["groups"]]
    listed = [run for group in groups_of for run in group["runs"]]
    assert sorted(listed) == list(range(24))


def test_all_of_it_is_json(built):
    json.dumps(built.data, allow_nan=False)
    json.dumps(built.configs, allow_nan=False)


def test_a_curve_has_the_values_of_its_run_with_seven_digits(built, study):
    wanted = "digits-ssgan-seed1-"
    (run,) = (r for r in run_records.read(study) if r.run_id.startswith(wanted))
    data = built.data
    names = [metric["name"] for metric in data["metrics"]]
    content = run_of(data, "ssgan", 1)
    steps, values = content["curves"][names.index(fabricate.FID)]
    expected = run.curve(fabricate.FID)
    assert data["numbers"][steps] == tuple(expected.steps)
    assert values == pytest.approx(expected.values, rel=1e-6)
    assert data["numbers"][content["axes"]["images"]] == tuple(expected.steps * 128)
    # 50 seconds for each 500 steps.
    assert data["numbers"][content["axes"]["wall"]] == tuple(expected.steps // 10)


def test_an_axis_that_is_not_on_record_is_absent(built):
    assert "operations" not in run_of(built.data, "ssgan", 1)["axes"]


def test_operations_are_counted_where_they_are_on_record(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    path = directory / "run.json"
    content = json.loads(path.read_text()) | {"operations_per_step": 10}
    path.write_text(json.dumps(content))
    data = document.build(tmp_path).data
    axes = data["runs"][0]["axes"]
    assert data["numbers"][axes["operations"]] == tuple(10 * s for s in fabricate.STEPS)


def test_nan_is_no_number_and_stays_visible(built):
    names = [metric["name"] for metric in built.data["metrics"]]
    run = run_of(built.data, "gan", 2)
    assert run["curves"][names.index(fabricate.FID)][1][-1] is None
    step, term = run["diverged"]
    assert (step, built.data["texts"][term]) == (2412, "generator/adversarial")


def test_errors_attempts_provenance_and_configuration_are_whole(built):
    run = run_of(built.data, "acgan", 0)
    assert built.data["texts"][run["error"]].endswith(
        "ResourceExhaustedError: no memory"
    )
    assert run["attempts"] == (
        "failed: steps 0 to 6,000, 2026-11-21T08:51:54+00:00 to "
        "2026-11-21T08:54:31+00:00",
    )
    code = built.data["codes"][run["code"]]
    assert code["tensorflow"] == "2.21.0"
    assert code["device"] == "AMD EPYC (cpu)"
    data = {split: built.data["texts"][text] for split, text in run["data"].items()}
    assert data == {"train": "a" * 16, "test": "b" * 16}
    place = built.data["runs"].index(run)
    lines = [built.configs["lines"][line] for line in built.configs["runs"][place]]
    assert lines == ["gans.ModularGAN.loss = 'acgan'", "roots.run.seed = 0"]


def test_caveats_name_what_is_not_comparable(built):
    unfinished, failed, diverged, commits = built.data["caveats"]
    assert unfinished == (
        "2 of 24 runs were not finished when this page was made (2026-01-02 03:04): "
        "1 interrupted, 1 not started."
    )
    assert failed == "1 of 24 runs failed: acgan (1)."
    assert diverged == "1 of 24 runs diverged: gan (1)."
    assert commits.startswith("Runs differ in git commit: 0123456 (1")


def test_runs_by_changed_code_are_told(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    fabricate_report.complete(directory, commit="a" * 40 + "-dirty", samples=False)
    (caveat,) = document.build(tmp_path).data["caveats"]
    assert "1 run was made by code with changes that were not committed" in caveat


def test_a_finished_study_gives_equal_documents_whenever_they_are_made(tmp_path):
    fabricate.constant(tmp_path, "gan", [1.0, 2.0])
    early = document.build(tmp_path, now=NOW)
    assert early.data == document.build(tmp_path).data
    assert early.data["caveats"] == []


@pytest.mark.parametrize("rule", ["last", "best", "step:3000"])
def test_tables_are_those_of_the_comparison(rule, built, study):
    options = comparing.Options(selection.parse_selection(rule))
    found = comparing.compare(study, "fid", options)
    names = [metric["name"] for metric in built.data["metrics"]]
    for table in found.tables:
        (dataset,) = (d for d in built.data["datasets"] if d["name"] == table.dataset)
        (content,) = (
            t
            for t in dataset["tables"]
            if t["rule"] == rule and names[t["metric"]] == table.metric
        )
        labels = [group["label"] for group in dataset["groups"]]
        assert [row[0] for row in content["rows"]] == labels
        for row, cells in zip(table.rows, content["cells"], strict=True):
            for cell, (value, step, problem) in zip(row.cells, cells, strict=True):
                assert step == cell.step
                assert (value is None) == math.isnan(cell.value)
                assert value is None or value == pytest.approx(cell.value, rel=1e-6)
                said = None if problem is None else built.data["texts"][problem]
                assert said == (cell.problem or None)
        caption = " ".join(built.data["texts"][text] for text in content["caption"])
        assert f"Selection '{rule}'" in caption


def test_rules_are_last_best_and_steps_up_to_the_last(study):
    members = groups.by_dataset(run_records.read(study))["digits"]
    rules = comparisons.rules(members, fabricate.FID)
    assert rules[:2] == ["last", "best"]
    assert rules[-1] == "step:6000"
    assert 2 < len(rules) <= 10


def test_what_has_no_direction_has_no_best(tmp_path):
    metric = "discriminator_accuracy600_test"
    lines = fabricate.measurements([0.5, 0.6], (0, 100), (metric,))
    fabricate.run(tmp_path, "gan", 0, lines, steps=100)
    members = groups.by_dataset(run_records.read(tmp_path))["digits"]
    assert comparisons.rules(members, metric) == ["last", "step:100"]


def test_a_metric_of_no_known_kind_has_curves_but_no_table(tmp_path):
    lines = fabricate.measurements([0.5, 0.6], (0, 100), ("sharpness600",))
    fabricate.run(tmp_path, "gan", 0, lines, steps=100)
    data = document.build(tmp_path).data
    assert data["datasets"][0]["tables"] == []
    assert data["runs"][0]["curves"][0][1] == [0.5, 0.6]
    assert data["metrics"][0]["lower"] is None


def test_another_split_may_choose(tmp_path):
    train = "fid600_train_digits_cnn"
    lines = fabricate.measurements([5.0, 6.0], (0, 100), (train, fabricate.FID))
    fabricate.run(tmp_path, "gan", 0, lines, steps=100)
    members = groups.by_dataset(run_records.read(tmp_path))["digits"]
    assert f"by:{train}" in comparisons.rules(members, fabricate.FID)


def test_methods_on_several_datasets_are_compared_across_them(built):
    found = [each for each in built.data["across"] if each["rule"] == "last"]
    assert {each["kind"] for each in found} == {"fid", "kid", "is"}
    assert [row[0] for row in found[0]["rows"]] == ["ssgan"]


def test_published_numbers_are_there_once_for_all_rules(tmp_path):
    for method in ("sn_gan", "ssgan"):
        fabricate.run(tmp_path, method, 0, dataset="cifar10")
    data = document.build(tmp_path).data
    grids = {
        tuple(t["others"]) for t in data["datasets"][0]["tables"] if t["metric"] == 0
    }
    assert len(grids) == 1
    (grid,) = next(iter(grids))
    assert data["grids"][grid]["heading"].startswith("Published for cifar10")


def test_a_study_without_measurements_has_a_page(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0)])
    data = document.build(tmp_path).data
    assert data["first"] is None
    assert data["datasets"][0]["tables"] == []


def test_the_metric_asked_for_comes_first(study):
    data = document.build(study, metric="kid").data
    assert data["metrics"][data["first"]]["name"] == fabricate.KID


def test_a_metric_that_was_not_measured_is_refused(study):
    with pytest.raises(InputError, match=r"None of 24 runs has .* 'swd'"):
        document.build(study, metric="swd")


def test_pools_number_equal_items_once():
    pool = Pool()
    assert [pool.add(item) for item in ("a", "b", "a")] == [0, 1, 0]
    assert pool.items == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1 / 3, 0.3333333), (123456789.0, 123456789), (math.nan, None), (math.inf, None)],
)
def test_numbers_are_short_and_finite(value, shown):
    assert number(value) == shown
