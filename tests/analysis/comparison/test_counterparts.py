"""Methods are compared under equal settings, or it is said that they are not."""

import json

import pytest

from compare_ssgan.analysis import tables
from tests.analysis import fabricate


def with_rate(study, method, rate, values):
    options = {"settings": [f"a.lr = {rate}"], "digest": rate}
    fabricate.constant(study, method, values, **options)


@pytest.fixture
def study(tmp_path):
    """The baseline with one learning rate, another method with all of them."""
    with_rate(tmp_path, "sn_gan", 1, [30.0, 31.0])
    for rate in (1, 2, 3):
        with_rate(tmp_path, "ssgan", rate, [20.0 + rate, 21.0])
    return tmp_path


def differences(study, **options):
    content = json.loads(tables.render(study, format="json", **options))
    rows = content["tables"][0]["rows"]
    return {(row["method"], *row["settings"]): row["difference"] for row in rows}


def test_a_baseline_with_other_settings_is_not_compared_with(study):
    assert differences(study) == {
        ("sn_gan", "a.lr = 1"): None,
        ("ssgan", "a.lr = 1"): -9.5,
        ("ssgan", "a.lr = 2"): None,
        ("ssgan", "a.lr = 3"): None,
    }
    text = tables.render(study)
    said = "- Without a sn_gan of equal settings to compare with: "
    assert f"{said}ssgan (a.lr = 2); ssgan (a.lr = 3)." in text
    # Whoever names that row wants it.
    asked = differences(study, against="sn_gan (a.lr = 1)")
    assert asked["ssgan", "a.lr = 3"] == -8.5
    assert "Without a" not in tables.render(study, against="sn_gan (a.lr = 1)")


def test_a_gap_needs_both_ends_with_equal_settings(tmp_path):
    for method, value in (("sn_gan", 30.0), ("ssgan", 24.0)):
        with_rate(tmp_path, method, 1, [value, value + 1])
    with_rate(tmp_path, "cond_gan", 2, [20.0, 21.0])
    text = tables.render(tmp_path)
    assert "gap closed" not in text
    said = "Without a cond_gan of equal settings to compare with: ssgan (a.lr = 1)."
    assert said in text


def test_other_budgets_are_no_other_settings(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0], budget="smoke")
    fabricate.constant(tmp_path, "ssgan", [20.0], digest=1)
    assert "Without a" not in tables.render(tmp_path)
