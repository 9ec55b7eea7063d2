import math

import pytest

from compare_ssgan.analysis.comparison import comparing, groups
from compare_ssgan.analysis.comparison.selection import parse_selection
from compare_ssgan.analysis.figures import figure_files, robustness
from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import InputError
from tests.analysis import fabricate

DIVERGED = {"step": 70, "term": "x"}


def setting(study, method, digest, values, step=100):
    """A setting with a run for each value: NaN diverged, None is not over."""
    for seed, value in enumerate(values):
        last = 1.0 if value is None else value
        lines = fabricate.measurements([90.0, last], (0, step), [fabricate.FID])
        status = {True: "running"}.get(value is None, "complete")
        diverged = DIVERGED if value is not None and math.isnan(value) else None
        fabricate.run(
            study,
            method,
            seed,
            lines,
            settings=[f"a.rate = {digest}"],
            digest=digest,
            status="diverged" if diverged else status,
            diverged=diverged,
        )


def legend(study, monkeypatch):
    """The entries of the legend of a study's only panel."""
    found = []
    monkeypatch.setattr(figure_files, "save", lambda figure, _: found.append(figure))
    robustness.robustness(study, "fid", "x.png")
    (panel,) = found[0].axes
    return [text.get_text().strip() for text in panel.get_legend().get_texts()]


def ranked(study, metric=fabricate.FID, rule="last"):
    (own,) = groups.by_dataset(run_records.read(study)).values()
    selection = parse_selection(rule)
    return robustness.ranked(own, comparing.rule_for("digits", metric, own, selection))


def test_settings_are_sorted_by_the_median_over_seeds(tmp_path):
    setting(tmp_path, "gan", 0, [30.0, 20.0, 90.0])
    setting(tmp_path, "gan", 1, [25.0, 26.0, 27.0])
    setting(tmp_path, "ssgan", 0, [5.0])
    first, second = ranked(tmp_path)
    assert [each.median for each in first.settings] == [26.0, 30.0]
    assert first.settings[1].values == (30.0, 20.0, 90.0)
    assert [each.median for each in second.settings] == [5.0]
    assert first.entry == "  gan: 2 settings, 6 runs"


def test_higher_values_come_first_where_they_are_better(tmp_path):
    for digest, fid in enumerate([50.0, 10.0]):
        fabricate.run(
            tmp_path,
            "gan",
            0,
            fabricate.measurements([90.0, fid], (0, 100)),
            settings=[f"a.rate = {digest}"],
            digest=digest,
        )
    (found,) = ranked(tmp_path, fabricate.INCEPTION)
    high, low = (each.median for each in found.settings)
    assert high == pytest.approx(1 + 8 * math.exp(-10 / 60))
    assert low == pytest.approx(1 + 8 * math.exp(-50 / 60))


def test_a_diverged_seed_is_worse_than_any_number(tmp_path):
    setting(tmp_path, "gan", 0, [10.0, 20.0, math.nan])
    setting(tmp_path, "gan", 1, [1.0, math.nan])
    setting(tmp_path, "gan", 2, [None, None])
    setting(tmp_path, "gan", 3, [math.nan, None, 3.0, 4.0])
    (found,) = ranked(tmp_path)
    # 10, 20, worse; 3, 4, worse; 1, worse: no median; nothing finished.
    assert [each.median for each in found.settings] == [4.0, 20.0, None, None]
    assert [each.has_failed for each in found.settings] == [False, False, True, False]
    assert found.settings[-1].unfinished == ("interrupted", "interrupted")
    assert found.entry == "  gan: 4 settings, 11 runs, 3 diverged, 3 interrupted"


@pytest.mark.parametrize(
    ("metric", "median"), [(fabricate.FID, 3.3), (fabricate.INCEPTION, 3.1)]
)
def test_a_diverged_seed_is_the_worst_in_either_direction(tmp_path, metric, median):
    for seed, value in enumerate([3.0, 3.2, 3.4, math.nan]):
        lines = fabricate.measurements([value], (100,), ["some"])
        lines = [line | {"metric": metric} for line in lines]
        where = DIVERGED if math.isnan(value) else None
        status = "diverged" if where else "complete"
        fabricate.run(
            tmp_path,
            "gan",
            seed,
            lines,
            status=status,
            diverged=where,
            settings=["a.rate = 1"],
            digest=1,
        )
    # A second setting makes a grid.
    fabricate.run(tmp_path, "gan", 0, lines, digest=2)
    (found,) = ranked(tmp_path, metric)
    assert found.settings[0].median == pytest.approx(median)


def test_a_run_that_measured_nan_is_lost_like_a_diverged_one(tmp_path, monkeypatch):
    for seed, last in enumerate([10.0, 20.0, math.nan]):
        lines = fabricate.measurements([90.0, last], (0, 100), [fabricate.FID])
        fabricate.run(tmp_path, "gan", seed, lines)
    setting(tmp_path, "gan", 1, [math.nan])
    (found,) = ranked(tmp_path)
    assert [each.median for each in found.settings] == [20.0, None]
    expected = "gan: 2 settings, 4 runs, 1 not finite, 1 diverged"
    assert expected in legend(tmp_path, monkeypatch)


def test_the_legend_says_why_there_is_no_number(tmp_path, monkeypatch):
    setting(tmp_path, "gan", 0, [10.0])
    setting(tmp_path, "gan", 1, [None])
    fabricate.run(
        tmp_path,
        "gan",
        0,
        False,
        status="failed",
        error="x",
        digest=2,
        settings=["a.rate = 2"],
    )
    fabricate.run(
        tmp_path,
        "gan",
        0,
        fabricate.measurements([math.nan], (100,)),
        digest=3,
        settings=["a.rate = 3"],
    )
    entries = legend(tmp_path, monkeypatch)
    assert "without a number: interrupted, failed" in entries
    assert "not finite (half of the seeds or more)" in entries


def test_budgets_are_no_settings(tmp_path, monkeypatch):
    for digest, budget in enumerate(["short", "long"]):
        fabricate.constant(
            tmp_path, "gan", [30.0 - digest, 20.0], budget=budget, digest=digest
        )
    rankings = ranked(tmp_path)
    assert [each.has_grid for each in rankings] == [False, False]
    assert [[s.median for s in each.settings] for each in rankings] == [
        [20.0, 30.0], [20.0, 29.0],
    ]  # fmt: skip
    entries = legend(tmp_path, monkeypatch)
    assert {"gan (budget short): 2 runs", "gan (budget long): 2 runs"} <= {*entries}


def test_without_a_grid_runs_are_sorted(tmp_path):
    fabricate.constant(tmp_path, "gan", [30.0, 10.0, 20.0])
    (found,) = ranked(tmp_path)
    assert not found.has_grid
    assert [each.median for each in found.settings] == [10.0, 20.0, 30.0]
    assert found.entry == "  gan: 3 runs"


def test_the_rule_chooses_the_number(tmp_path):
    lines = fabricate.measurements([50.0, 10.0, 20.0], (0, 100, 200))
    fabricate.run(tmp_path, "gan", 0, lines)
    fabricate.run(tmp_path, "gan", 1, lines, status="running")

    def medians(rule):
        return [each.median for each in ranked(tmp_path, rule=rule)[0].settings]

    assert medians("last") == [20.0, None]
    assert medians("best") == [10.0, None]
    # What is measured at a step is not changed by what follows.
    assert medians("step:100") == [10.0, 10.0]


def test_another_metric_may_choose_as_in_tables(tmp_path):
    train = "fid600_train_digits_cnn"
    lines = fabricate.measurements([30.0, 20.0, 10.0], (0, 100, 200), [fabricate.FID])
    lines += fabricate.measurements([3.0, 1.0, 2.0], (0, 100, 200), [train])
    fabricate.run(tmp_path, "gan", 0, lines)
    (found,) = ranked(tmp_path, rule=f"by:{train}")
    assert [each.median for each in found.settings] == [20.0]


def test_nothing_can_be_sorted_without_a_direction(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    with pytest.raises(InputError, match="neither low nor high values are better"):
        ranked(tmp_path, "kid_standard_deviation600_test_digits_cnn")


def test_failures_are_drawn_at_the_right_end(tmp_path, monkeypatch):
    setting(tmp_path / "s", "gan", 0, [10.0, 20.0, math.nan])
    setting(tmp_path / "s", "gan", 1, [math.nan])
    setting(tmp_path / "s", "gan", 2, [None])
    setting(tmp_path / "s", "ssgan", 0, [7.0])
    found = []

    def keep(figure, path):
        figure.draw_without_rendering()
        found.append(figure)
        return path

    monkeypatch.setattr(figure_files, "save", keep)
    robustness.robustness(tmp_path / "s", "fid", "x.png", select="last")
    (panel,) = found[0].axes
    places = {
        kind: [tuple(x.get_xdata()) for x in panel.get_lines() if x.get_gid() == kind]
        for kind in ("medians of gan", "medians of ssgan", "failed", "unfinished")
    }
    assert places == {
        "medians of gan": [(1,)],
        "medians of ssgan": [(1,)],
        "failed": [(2,)],
        "unfinished": [(3,)],
    }
    entries = [text.get_text().strip() for text in panel.get_legend().get_texts()]
    assert "gan: 3 settings, 5 runs, 2 diverged, 1 interrupted" in entries
    caption = found[0].get_supxlabel()
    assert "Selection 'last': last measurement." in caption
    assert "600 generated against 600 test images" in caption


def test_a_figure_is_written(tmp_path):
    study = fabricate.small_study(tmp_path / "small")
    out = robustness.robustness(study, "fid", tmp_path / "x.png")
    assert out.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="no selection rule 'worst'"):
        robustness.robustness(study, "fid", tmp_path / "x.png", select="worst")
