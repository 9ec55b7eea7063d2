"""Runs that differ in their labels: rows of one table, never seeds of one method."""

import json

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.comparison import comparing, selection
from compare_ssgan.errors import InputError
from tests.analysis import fabricate

KEEP = ("run.transforms = [@labels.keep()]", "labels.keep.percent = 10")
SEED = "labels.keep.seed"


def compared(directory):
    options = comparing.Options(selection.parse_selection("last"))
    return comparing.compare(directory, "fid", options)


def rows(directory):
    (table,) = compared(directory).tables
    return {row.group.label: row for row in table.rows}


def set_data(directory, **hashes):
    path = directory / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"data": hashes}))


def test_a_method_with_fewer_labels_is_a_row_of_its_own(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0])
    fabricate.constant(tmp_path, "acgan", [10.0, 11.0])
    fabricate.constant(tmp_path, "acgan", [20.0, 21.0], settings=KEEP, digest=1)
    found = rows(tmp_path)
    label = "acgan (labels.keep.percent = 10, run.transforms = [@labels.keep()])"
    assert set(found) == {"sn_gan", "acgan", label}
    assert found["acgan"].summary.mean == 10.5
    # The baseline has no such setting, as it sees no labels.
    assert found[label].difference.difference == pytest.approx(-10)


def test_the_gap_is_closed_up_to_a_method_with_all_labels(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0, 30.5])
    fabricate.constant(tmp_path, "cond_gan", [10.0, 11.0, 10.5])
    fabricate.constant(tmp_path, "cond_gan", [25.0] * 3, settings=KEEP, digest=1)
    fabricate.constant(tmp_path, "s3gan", [15.0, 16.0, 15.5], settings=KEEP, digest=1)
    (row,) = (row for label, row in rows(tmp_path).items() if "s3gan" in label)
    assert row.gap_closed == pytest.approx(0.75)


def test_no_gap_is_closed_where_nothing_has_all_labels(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [30.0, 31.0])
    fabricate.constant(tmp_path, "cond_gan", [10.0, 11.0], settings=KEEP, digest=1)
    fabricate.constant(tmp_path, "s3gan", [15.0, 16.0], settings=KEEP, digest=1)
    assert not any(row.gap_applies for row in rows(tmp_path).values())


def test_a_baseline_with_fewer_examples_is_not_that_of_all_examples(tmp_path):
    only = ("run.transforms = [@labels.keep(), @labels.labelled_only()]", KEEP[1])
    fabricate.constant(tmp_path, "sn_gan", [30.0])
    fabricate.constant(tmp_path, "sn_gan", [50.0], settings=only, digest=1)
    fabricate.constant(tmp_path, "acgan", [20.0], settings=KEEP, digest=2)
    fabricate.constant(tmp_path, "acgan", [45.0], settings=only, digest=3)
    found = {
        row.group.settings: row.difference.difference
        for row in rows(tmp_path).values()
        if row.group.method == "acgan"
    }
    assert found[tuple(sorted(KEEP))] == pytest.approx(-10)
    assert found[tuple(sorted(only))] == pytest.approx(-5)


@pytest.mark.parametrize("values", [(1, 2), (0, 2), (1, 0)])
def test_runs_whose_labels_were_drawn_by_other_seeds_are_not_alike(tmp_path, values):
    for seed, value in enumerate(values):
        config = [f"{SEED} = {value}"]
        fabricate.run(tmp_path, "acgan", seed, config=config)
    with pytest.raises(InputError, match=rf"'{SEED} = {values[0]}' against"):
        tables.render(tmp_path)


def test_labels_may_be_drawn_by_the_seed_of_the_run_or_by_one_seed(tmp_path):
    for seed in range(3):
        # The default, 0, is not written.
        own = [f"{SEED} = {seed}"] if seed else []
        one = fabricate.run(tmp_path, "acgan", seed, config=own)
        set_data(one, train=f"{seed}" * 64, test="a" * 64)
        fabricate.run(tmp_path, "cond_gan", seed, config=[f"{SEED} = 1"])
    assert [row.summary.num_runs for row in rows(tmp_path).values()] == [3, 3]


def test_runs_on_other_data_are_no_seeds_of_one_method(tmp_path):
    for seed in range(3):
        one = fabricate.run(tmp_path, "acgan", seed)
        if seed:
            set_data(one, train=f"{seed}" * 64, test="a" * 64)
    with pytest.raises(InputError, match=r"seed2.* not the same data: their train spl"):
        tables.render(tmp_path)


def test_a_run_that_is_there_twice_has_to_have_the_same_data(tmp_path):
    for name in ("one", "two"):
        one = fabricate.run(tmp_path / name, "acgan", 0)
        set_data(one, train="a" * 64, test=name)
    with pytest.raises(InputError, match=r"their test splits differ"):
        tables.render(tmp_path)
