"""Names of measurements: what is written is what is read."""

import itertools
import json
import pathlib

import pytest

from compare_ssgan import protocols
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.protocols import KINDS, abbreviate, kind_of, read, write

ROOT = pathlib.Path(__file__).parent.parent
# As metrics, features and ways of drawing write them.
RESTS = (
    "",
    "digits_cnn",
    "inception_legacy",
    "random64seed3",
    "inception_pool3_clean_subset500_degree2",
    "block0",
    "k5",
)
DRAWN = (
    ("", None, None),
    ("truncation0.5", "0.5", None),
    ("truncation1e-05", "1e-05", None),
    ("standing50k", None, 50_000),
    ("truncation2_standing32", "2", 32),
)
NUMBERS = (
    # Number of generated images, split, number of real ones; what is read of it.
    (600, None, None, None),
    (10_000, "test", None, 10_000),
    (10_000, "test", 10_000, 10_000),
    (10_000, "train", 50_000, 50_000),
    (2, "test", 601, 601),
    (5_000, "all", 1_797, 1_797),
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(kind):
    written = {}
    for numbers, rest, drawn in itertools.product(NUMBERS, RESTS, DRAWN):
        num, split, num_real, found_real = numbers
        text, truncation, standing = drawn
        whole = "_".join(part for part in (rest, text) if part)
        name = write(kind, num, split=split, num_real=num_real, rest=whole)
        expected = (kind, num, split, found_real, rest, truncation, standing)
        assert read(name) == expected, name
        assert kind_of(name) == kind
        # Two protocols never share a name.
        assert written.setdefault(name, expected) == expected


def test_kinds_that_contain_each_other_are_told_apart():
    containing = [
        (short, long)
        for short, long in itertools.permutations(KINDS, 2)
        if long.startswith(short)
    ]
    assert ("kid", "kid_standard_deviation") in containing
    assert ("fid", "fid_infinity") in containing
    for short, long in containing:
        for num in (100, 10_000):
            assert kind_of(write(short, num)) == kind_of(short) == short
            assert kind_of(write(long, num)) == kind_of(long) == long


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("fid", 10_000, "test", None, "inception_legacy"), "fid10k_test_inception_"),
        (("prd_f8", 10_000, "test", None, "x"), "prd_f8_10k_test_x"),
        (("prd_f1_8", 1_500, None, None, ""), "prd_f1_8_1500"),
        (("is", 50_000, None, None, "inception_legacy"), "is50k_inception_legacy"),
        (("fid", 10_000, "train", 50_000, "x"), "fid10k_train50k_x"),
        (("intra_fid", 600, "test", None, "x"), "intra_fid600_test_x"),
    ],
)
def test_names_are_those_of_the_documentation(arguments, name):
    kind, num, split, num_real, rest = arguments
    written = write(kind, num, split=split, num_real=num_real, rest=rest)
    assert written.startswith(name)


def test_thousands_are_abbreviated_only_where_they_are_whole():
    assert [abbreviate(n) for n in (999, 1_000, 1_001, 50_000)] == [
        "999", "1k", "1001", "50k",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["fid", "sharpness", "fid_test", "FID10k", "", "fid10k_test_", "10k"]
)
def test_what_is_no_name_is_not_read(name):
    found = read(name)
    assert found is None or write(*found[:2]) != name


def test_an_unknown_kind_is_what_comes_before_its_number():
    assert kind_of("sharpness100_x") == "sharpness"
    assert kind_of("laplacian_energy10k_test") == "laplacian_energy"
    assert "sharpness" not in KINDS


def test_names_of_committed_results_are_read_as_before():
    names = {
        json.loads(line)["metric"]
        for path in (ROOT / "results").glob("*/runs/*/metrics.jsonl")
        for line in path.read_text().splitlines()
    }
    assert {kind_of(name) for name in names} == {"fid", "kid", "is"}
    cnn = "cifar10_subset_cnn_0e6313b7"
    expected = {
        "fid600_test_digits_cnn": ("fid", 600, "test", 600, "digits_cnn", None, None),
        "kid600_test_digits_cnn": ("kid", 600, "test", 600, "digits_cnn", None, None),
        "is600_digits_cnn": ("is", 600, None, None, "digits_cnn", None, None),
        f"fid1k_test_{cnn}": ("fid", 1000, "test", 1000, cnn, None, None),
        f"kid1k_test_{cnn}": ("kid", 1000, "test", 1000, cnn, None, None),
        f"is1k_{cnn}": ("is", 1000, None, None, cnn, None, None),
    }
    assert names == set(expected)
    for name, content in expected.items():
        assert read(name) == content
        kind, num, split, num_real, rest, *_ = content
        assert write(kind, num, split=split, num_real=num_real, rest=rest) == name


def test_every_kind_says_how_it_is_read():
    for kind, about in KINDS.items():
        assert about.label
        assert about.title[0].isupper()
        assert about.lower_is_better in (True, False, None)
        assert protocols.kind_of(kind) == kind


def test_other_truncations_have_other_names():
    suffixes = [
        Sampling(truncation=value).suffix for value in (0.5, 2, 1e-5, 0.1234567)
    ]
    assert suffixes == [
        "_truncation0.5", "_truncation2", "_truncation1e-05", "_truncation0.1234567"
    ]  # fmt: skip
