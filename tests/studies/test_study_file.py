import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.studies import spec, study_file


@pytest.fixture
def read(toy_configs, tmp_path):
    """Reads a study file of lines below `study:`."""

    def read(*lines):
        spec.import_roots()
        values = {"methods": "['plain', 'other']"}
        values |= dict(line.split(" = ", 1) for line in lines)
        path = tmp_path / "mine.gin"
        path.write_text("".join(f"study.{k} = {v}\n" for k, v in values.items()))
        return study_file.read(str(path))

    return read


def cells(declared):
    return [(seed, method) for seed, _, method, _ in declared.cells()]


def test_a_method_can_have_seeds_of_its_own(read):
    declared = read("seeds = 2", "method_seeds = {'other': 3}")
    assert declared.seeds == {"plain": [0, 1], "other": [0, 1, 2]}
    assert cells(declared) == [
        (0, "plain"),
        (0, "other"),
        (1, "plain"),
        (1, "other"),
        (2, "other"),
    ]


def test_seeds_by_method_for_all_of_them_need_no_others(read):
    declared = read("method_seeds = {'plain': [7, 0, 7], 'other': 2}")
    assert declared.seeds == {"plain": [7, 0], "other": [0, 1]}
    assert cells(declared) == [(7, "plain"), (0, "plain"), (0, "other"), (1, "other")]


def test_a_method_without_seeds_is_refused(read):
    with pytest.raises(InputError, match=r"Nothing sets study\.seeds"):
        read("method_seeds = {'other': 3}")


def test_names_and_seeds_given_twice_count_once(read):
    declared = read("methods = ['plain', 'plain']", "seeds = [1, 1]")
    assert cells(declared) == [(1, "plain")]


def test_settings_with_several_values_are_known(read):
    declared = read(
        "seeds = 1",
        "grid = {'STEPS': [1, 2], 'run.log_every': [3]}",
        "zip = {'run.batch_size': [4, 5]}",
    )
    assert declared.varied == ["STEPS", "run.batch_size"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{'othr': 2}", r"method_seeds: 'othr' is not one of .*mean 'other'"),
        ("{'other': 0}", r"method_seeds\['other'\] must be a positive number"),
        ("{'other': [0, -1]}", r"method_seeds\['other'\] must be a positive number"),
        ("{'other': True}", r"method_seeds\['other'\] must be a positive number"),
        ("[2, 3]", "method_seeds must map methods to seeds"),
        ("{3: 2}", "'3' is not one of study.methods"),
    ],
)
def test_wrong_seeds_of_a_method_are_refused(read, line, message):
    with pytest.raises(InputError, match=message):
        read("seeds = 2", f"method_seeds = {line}")


@pytest.mark.parametrize("value", ["3", "['short']", "None"])
def test_a_budget_that_is_no_name_is_refused(read, value):
    with pytest.raises(InputError, match=r"study\.budget must be the name of a budget"):
        read("seeds = 1", f"budget = {value}")


def test_a_binding_in_grid_and_zip_is_refused(read):
    with pytest.raises(InputError, match=r"STEPS is in study\.grid and in study\.zip"):
        read("seeds = 1", "grid = {'STEPS': [1]}", "zip = {'STEPS': [2]}")
