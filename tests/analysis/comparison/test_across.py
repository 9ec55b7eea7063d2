"""Datasets with budgets of their own, and what cannot be compared over them."""

import json

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.comparison import comparing, selection
from tests.analysis import fabricate

BASE = [30.0, 31.0, 29.0]
OWN = "Budget and settings that all methods of a dataset share are its own."


def trained(study, dataset, *methods, budget="short", settings=(), digest=0, shift=0):
    options = {"dataset": dataset, "budget": budget, "settings": settings}
    options["digest"] = digest
    for number, method in enumerate(methods):
        values = [value - 10 * number - shift for value in BASE]
        fabricate.constant(study, method, values, **options)


def across(study):
    options = comparing.Options(selection.parse_selection("last"))
    return comparing.compare(study, "fid", options).across


@pytest.mark.parametrize(
    "one,two",
    [
        ({"budget": "short"}, {"budget": "long"}),
        ({"settings": ["a.x = 1"]}, {"settings": ["a.x = 2"]}),
    ],
)
def test_each_dataset_may_have_its_own_budget_and_settings(tmp_path, one, two):
    trained(tmp_path, "digits", "sn_gan", "ssgan", **one)
    trained(tmp_path, "cifar10", "sn_gan", "ssgan", **two)
    (found,) = across(tmp_path)
    ((label, result),) = found.rows
    assert (label, result.num_datasets, result.probability) == ("ssgan", 2, 1.0)
    assert OWN in tables.render(tmp_path)


def test_equal_budgets_are_matched_where_more_methods_are(tmp_path):
    for dataset in ("digits", "cifar10"):
        trained(tmp_path, dataset, "sn_gan", "ssgan")
    trained(tmp_path, "digits", "sn_gan", "ssgan", budget="long", digest=1, shift=5)
    (found,) = across(tmp_path)
    ((_, result),) = found.rows
    assert result.num_datasets == 2
    text = tables.render(tmp_path)
    assert "### Across datasets" in text
    assert OWN not in text


def test_it_is_said_where_no_method_is_compared_on_several_datasets(tmp_path):
    trained(tmp_path, "digits", "sn_gan", "ssgan")
    trained(tmp_path, "cifar10", "sn_gan", "gan")
    (found,) = across(tmp_path)
    assert (found.rows, found.datasets) == ([], ["cifar10", "digits"])
    said = "fid: no method is compared with sn_gan on more than one of cifar10, digits."
    for format in ("md", "latex"):
        text = tables.render(tmp_path, format=format)
        assert text.replace("\\_", "_").endswith(said)
    content = json.loads(tables.render(tmp_path, format="json"))
    assert content["across"][0]["rows"] == []


def test_without_a_reference_nothing_is_missed(tmp_path):
    trained(tmp_path, "digits", "gan", "ssgan")
    trained(tmp_path, "cifar10", "gan", "ssgan")
    assert across(tmp_path) == []
    assert "Across" not in tables.render(tmp_path)
