import json
import pathlib

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.comparison import published
from compare_ssgan.errors import InputError
from compare_ssgan.protocols import KINDS
from tests.analysis import fabricate

CONFIGS = pathlib.Path(__file__).parents[3] / "gin_configs"
CONTENT = json.loads(published.FILE.read_text())
NUMBERS = published.numbers()
# What the papers say of the two kinds that are on a bounded scale.
SHARES = ("probe", "precision", "recall", "coverage")


def one(**wanted):
    """The only number with these fields."""
    (found,) = (
        number
        for number in NUMBERS
        if all(getattr(number, name) == value for name, value in wanted.items())
    )
    return found


def test_every_number_says_what_it_is_and_where_it_is_from():
    for number in NUMBERS:
        assert number.kind in KINDS, number
        assert number.status in published.STATUSES, number
        for text in (number.protocol, number.selection, number.network):
            assert text, number
            assert text.isascii(), number
        assert number.source, number
        assert number.where, number
        assert number.value > 0, number
        assert number.kind not in SHARES or number.value < 1, number
        assert (number.deviation is None) == (not number.deviation_of), number
        assert number.deviation is None or number.deviation > 0, number
        assert number.arxiv == "" or len(number.arxiv.split(".")) == 2, number


def test_tables_of_the_file_have_no_unknown_fields():
    known = set(published.Number._fields)
    for table in CONTENT["tables"]:
        assert set(table) - known <= {"numbers"}
        for number in table["numbers"]:
            assert set(number) <= known


def test_no_number_is_there_twice():
    assert len(set(NUMBERS)) == len(NUMBERS)


def test_methods_and_datasets_have_gin_files_or_are_said_to_be_foreign():
    methods = {path.stem for path in CONFIGS.glob("*.gin")} - {"base"}
    datasets = {path.stem for path in (CONFIGS / "datasets").glob("*.gin")}
    methods |= set(CONTENT["foreign_methods"])
    datasets |= set(CONTENT["foreign_datasets"])
    assert {number.method for number in NUMBERS} <= methods
    assert {number.dataset for number in NUMBERS} <= datasets


@pytest.mark.parametrize(
    "method,value",
    [("sn_gan", 19.73), ("cond_gan", 15.60), ("ssgan", 17.11), ("sbn_ssgan", 15.65)],
)
def test_the_first_table_of_ss_gan_is_of_the_best_of_three_seeds(method, value):
    found = one(dataset="cifar10", method=method, arxiv="1811.11212", where="Table 1")
    assert (found.kind, found.value, found.num_runs) == ("fid", value, 3)
    assert found.selection == "best of 3 training seeds"
    assert (found.status, found.mark) == ("confirmed", "")


def test_deviations_say_of_what_they_are():
    found = one(method="ssgan", status="secondary", dataset="cifar10")
    assert (found.value, found.deviation) == (17.88, 0.64)
    assert (found.deviation_of, found.mark) == ("training seeds", "quoted")
    found = one(method="sn_gan", arxiv="1802.05957", value=21.7)
    assert (found.deviation, found.deviation_of) == (0.21, "not stated")


@pytest.mark.parametrize(
    "dataset,method,kind,value",
    [
        ("imagenet_128", "ssgan", "fid", 23.4),
        ("celeb_a_hq_128", "ssgan", "fid", 26.11),
        ("imagenet_128", "sbn_ssgan", "probe", 0.383),
        ("imagenet_128", "cond_gan", "intra_fid", 103.1),
        ("imagenet_128", "s3gan_10", "is", 78.7),
        ("imagenet_128", "biggan", "fid", 8.7),
        ("cifar10", "ssgan", "kid", 0.0101),
        ("stl10_48", "wgan_gp", "fid", 55.1),
    ],
)
def test_confirmed_numbers_are_those_of_the_papers(dataset, method, kind, value):
    found = one(dataset=dataset, method=method, kind=kind, value=value)
    assert found.status == "confirmed"


def test_what_nobody_could_read_is_marked():
    found = one(dataset="cifar10", method="sn_gan", value=20.24)
    assert found.mark == "unconfirmed"
    assert "s3gan_co_5" in {n.method for n in NUMBERS if n.status == "unconfirmed"}


def test_published_numbers_stand_below_and_never_in_a_column_of_runs(tmp_path):
    for method in ("sn_gan", "ssgan"):
        fabricate.constant(tmp_path, method, [10.0, 12.0, 11.0], dataset="cifar10")
    text = tables.render(tmp_path)
    above, below = text.split("Published for cifar10, each with a protocol, network")
    assert "17.11" not in above
    lines = [line for line in below.splitlines() if "Table 1" in line]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
    first = ["ssgan", "FID", "17.11", "3", "best of 3 training seeds"]
    assert first in [row[:5] for row in cells]
    assert "10,000 generated against 10,000 real images; split not confirmed" in below
    assert "17.88 +- 0.64 (quoted)" in below
    assert "21.7 +- 0.21 (of what is not stated)" in below
    # cond_gan was not run here.
    assert "15.6 " not in below
    assert "unconfirmed" not in text
    assert "torch-mimicry, README" not in text
    everything = tables.render(tmp_path, published="all")
    assert "15.6 " in everything
    assert "20.24 +- 0.62 (unconfirmed)" in everything
    assert "unconfirmed: recalled, and read in no source." in everything
    assert "torch-mimicry, README" in everything
    assert "Published" not in tables.render(tmp_path, published="none")


def test_numbers_of_another_kind_stay_away(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [10.0], dataset="cifar10")
    text = tables.render(tmp_path, metric="is")
    assert "| IS " in text
    assert "| FID " not in text
    both = tables.render(tmp_path, metric="fid,is")
    assert both.count("Published for cifar10") == 1
    assert "| IS " in both
    assert "| FID " in both


def test_a_part_of_a_dataset_has_the_numbers_of_the_whole(tmp_path):
    for name in ("cifar10_narrow", "cifar10_subset"):
        assert published.of(name, "fid") == published.of("cifar10", "fid")
    assert published.of("digits", "fid") == []
    fabricate.constant(tmp_path, "sn_gan", [10.0], dataset="cifar10_narrow")
    assert "Published for cifar10, each" in tables.render(tmp_path)


def test_json_has_published_numbers_with_their_sources(tmp_path):
    fabricate.constant(tmp_path, "sbn_ssgan", [10.0], dataset="cifar10")
    (table,) = json.loads(tables.render(tmp_path, format="json"))["tables"]
    (found,) = table["published"]
    assert (found["value"], found["arxiv"], found["where"]) == (
        15.65,
        "1811.11212",
        "Table 1",
    )


def test_another_way_to_show_them_is_an_error(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    with pytest.raises(InputError, match="--published some: choose own"):
        tables.render(tmp_path, published="some")
