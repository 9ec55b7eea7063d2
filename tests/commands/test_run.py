import pathlib

import pytest

from compare_ssgan.studies.executors import inline
from compare_ssgan.studies.executors.base import Ending


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


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0, 0), 0),
        ((0, 3), 3),
        ((1, 3), 1),
        ((75, 3), 75),
        ((1, 75), 1),
        # All of them have the same settings.
        ((2, 2), 2),
        ((2, 3), 2),
        ((2, 1), 1),
        ((137, 0), 1),
        ((None, 0), 1),
    ],
)
def test_of_several_seeds_a_failure_outweighs_what_goes_on(
    command, monkeypatch, codes, expected
):
    def execute(requests, options, report):
        for request, code in zip(requests, codes, strict=True):
            report.finished(request, code, None)
        return Ending.DONE

    monkeypatch.setattr(inline, "execute", execute)
    arguments = ["--gin", "gin_configs/gan.gin", "--seeds", "0,1"]
    assert command("run", *arguments)[0] == expected


def test_a_planned_run_that_is_not_there_is_named(command):
    code, out, err = command("run", "--planned", "planned/x.json")
    assert (code, out) == (2, "")
    assert "Cannot read planned/x.json" in err
    assert [*pathlib.Path().iterdir()] == []
