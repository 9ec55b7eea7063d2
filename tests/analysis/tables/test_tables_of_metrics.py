"""Several metrics, and datasets that lack one."""

import csv
import io
import json

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.errors import InputError
from tests.analysis import fabricate

SIDE_BY_SIDE = ("md", "latex", "terminal")


def rows_of(study, **options):
    text = tables.render(study, format="csv", **options)
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def lacking(tmp_path):
    """One dataset with FID and another one without."""
    fabricate.constant(tmp_path, "sn_gan", [10.0, 11.0])
    kid = fabricate.measurements([9.0], (100,), [fabricate.KID])
    fabricate.run(tmp_path, "sn_gan", 0, kid, dataset="cifar10")
    where = {"step": 61, "term": "discriminator/penalty"}
    ended = {"status": "diverged", "diverged": where, "dataset": "cifar10"}
    fabricate.run(tmp_path, "sn_gan", 1, kid, **ended)
    fabricate.run(tmp_path, "gan", 0, kid, dataset="cifar10", status="failed")
    return tmp_path


@pytest.mark.parametrize("select", ["last", "best", f"by:{fabricate.INCEPTION}"])
def test_csv_counts_the_runs_of_a_dataset_without_the_metric(lacking, select):
    rows = {(r["dataset"], r["method"]): r for r in rows_of(lacking, select=select)}
    assert list(rows) == [
        ("digits", "sn_gan"),
        ("cifar10", "gan"),
        ("cifar10", "sn_gan"),
    ]
    row = rows["cifar10", "sn_gan"]
    assert (row["metric"], row["seeds"], row["n"], row["diverged"]) == (
        "fid", "2", "0", "1",
    )  # fmt: skip
    assert (row["mean"], row["difference"], row["gap_closed"]) == ("", "", "")
    assert rows["cifar10", "gan"]["failed"] == "1"


def test_csv_of_runs_names_those_without_the_metric(lacking):
    found = [row for row in rows_of(lacking, runs=True) if row["dataset"] == "cifar10"]
    assert [(row["status"], row["problem"]) for row in found] == [
        ("failed", "not measured"),
        ("done", "not measured"),
        ("diverged", "not measured"),
    ]


@pytest.mark.parametrize("format", SIDE_BY_SIDE)
@pytest.mark.parametrize(
    "option,message",
    [
        ({"against": "gan"}, "--against gan: several metrics side by side have no dif"),
        ({"statistic": "iqm"}, "--statistic iqm: several metrics side by side are sho"),
    ],
)
def test_what_metrics_side_by_side_cannot_show_is_refused(
    tmp_path, format, option, message
):
    for method in ("gan", "ssgan"):
        fabricate.constant(tmp_path, method, [10.0, 12.0, 11.0, 14.0, 13.0])
    with pytest.raises(InputError, match=f"{message}.*one metric at a time, or for"):
        tables.render(tmp_path, "fid,kid", format=format, **option)
    assert tables.render(tmp_path, "fid", format=format, **option)
    for other in ("csv", "json"):
        plain = tables.render(tmp_path, "fid,kid", format=other)
        assert tables.render(tmp_path, "fid,kid", format=other, **option) != plain


def test_a_reference_over_datasets_has_an_effect_on_several_metrics(tmp_path):
    for dataset in ("digits", "cifar10"):
        for method, value in (("gan", 10.0), ("ssgan", 9.0)):
            fabricate.constant(tmp_path, method, [value], dataset=dataset)
    text = tables.render(tmp_path, "fid,kid", against="gan")
    assert "Probability that a run is better than one of gan" in text
    content = json.loads(tables.render(tmp_path, "fid,kid", format="json"))
    assert content["across"] == []
