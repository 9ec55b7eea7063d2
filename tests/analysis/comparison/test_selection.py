import math

import numpy as np
import pytest

from compare_ssgan.analysis.comparison.selection import check_apart, parse_selection
from compare_ssgan.analysis.records.measurements import Curve
from compare_ssgan.errors import InputError


def curve(*values):
    steps = np.arange(len(values), dtype=np.int64) * 100
    return Curve(steps, np.array(values, np.float64))


def test_last_is_the_measurement_of_the_largest_step():
    rule = parse_selection("last")
    assert rule.name == "last"
    assert rule.pick(curve(9.0, 2.0, 5.0), True) == (200, 5.0)
    assert math.isnan(rule.pick(curve(9.0, 2.0, math.nan), True).value)


@pytest.mark.parametrize("lower,expected", [(True, (100, 2.0)), (False, (300, 9.0))])
def test_best_follows_the_direction_of_the_metric(lower, expected):
    values = (5.0, 2.0, math.nan, 9.0, 9.0)
    assert parse_selection("best").pick(curve(*values), lower) == expected


def test_step_selects_that_step_only():
    rule = parse_selection("step:1_00")
    assert rule.name == "step:100"
    assert rule.pick(curve(9.0, 2.0), True) == (100, 2.0)
    missing = parse_selection("step:150").pick(curve(9.0, 2.0), True)
    assert missing.step is None
    assert math.isnan(missing.value)


@pytest.mark.parametrize("text", ["last", "best", "step:0"])
def test_nothing_is_selected_from_an_empty_curve(text):
    assert parse_selection(text).pick(curve(), True).step is None


def test_only_a_fixed_step_may_be_used_before_a_run_has_finished():
    rules = [parse_selection(text) for text in ("last", "best", "step:5")]
    assert [rule.of_unfinished for rule in rules] == [False, False, True]


@pytest.mark.parametrize(
    "text", ["", "first", "step", "step:", "step:-1", "step:5k", "by:"]
)
def test_an_unknown_rule_lists_the_rules(text):
    with pytest.raises(InputError, match=rf"'{text}'. Rules: last, best, step:N"):
        parse_selection(text)


def test_another_metric_chooses_the_step():
    rule = parse_selection("by:fid600_train_digits_cnn")
    assert (rule.name, rule.by) == (
        "by:fid600_train_digits_cnn",
        "fid600_train_digits_cnn",
    )
    assert rule.needs_direction
    assert not rule.of_unfinished


def test_who_has_but_the_shown_curve_cannot_choose_by_another_metric():
    with pytest.raises(InputError, match="by:METRIC: only tables choose by another"):
        parse_selection("by:fid").pick(curve(9.0, 2.0, 5.0), True)


@pytest.mark.parametrize(
    "reported,chosen_by",
    [
        ("fid600_test_digits_cnn", "fid600_train_digits_cnn"),
        ("fid10k_test_inception", "fid10k_validation_inception"),
        ("fid10k_test_inception", "is10k_inception"),
        ("is10k_inception", "kid10k_test_inception"),
    ],
)
def test_a_metric_of_other_images_may_choose(reported, chosen_by):
    assert check_apart(reported, chosen_by) is None


@pytest.mark.parametrize(
    "chosen_by,message",
    [
        ("fid10k_test_inception", "that is the reported metric itself"),
        ("kid10k_test_inception", r"on the same images \(test\)"),
        ("fid5k_test50k_vgg", r"on the same images \(test\)"),
        ("fid10k_all_inception", r"on the same images \(all and test\)"),
    ],
)
def test_a_metric_of_the_same_images_may_not_choose(chosen_by, message):
    with pytest.raises(InputError, match=message):
        check_apart("fid10k_test_inception", chosen_by)
