import pathlib

import pytest


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--set", "STEPS = 3"),
        ("--dataset", "digits"),
        ("--budget", "smoke"),
        ("--seed", "0"),
        ("--seeds", "0,1"),
    ],
)
def test_a_planned_run_takes_no_word_of_what_it_is(command, option, value):
    code, out, err = command("run", "--planned", "x.json", option, value)
    assert (code, out) == (2, "")
    assert f"{option} cannot be given with --planned" in err


def test_a_run_is_planned_or_of_gin_files(command):
    code, _, err = command("run")
    assert code == 2
    assert "one of the arguments --gin --planned is required" in err
    code, _, err = command("run", "--gin", "gin_configs/gan.gin", "--planned", "x.json")
    assert code == 2
    assert "--planned: not allowed with argument --gin" in err


def test_a_planned_run_that_is_not_there_is_named(command):
    code, out, err = command("run", "--planned", "planned/x.json")
    assert (code, out) == (2, "")
    assert "Cannot read planned/x.json" in err
    assert [*pathlib.Path().iterdir()] == []
