import pytest

from tests.analysis import fabricate


@pytest.fixture
def study(tmp_path):
    fabricate.constant(tmp_path / "study", "gan", [10.0, 20.0])
    for seed in range(2):
        directory = tmp_path / "study" / "runs" / fabricate.run_id("gan", seed)
        fabricate.timings(directory, {100: 5.0})
    return tmp_path / "study"


@pytest.mark.parametrize(
    "flags,name",
    [
        ([], "fid.png"),
        (["--over", "wall", "--metric", "kid"], "kid_over_wall.png"),
        (["--kind", "robustness", "--select", "step:100"], "robustness_fid.png"),
        (["--out", "x.svg", "--over", "images"], "../../x.svg"),
    ],
)
def test_a_figure_is_named_after_what_is_drawn(command, study, flags, name):
    code, out, _ = command("plot", study, *flags)
    assert code == 0
    expected = (study / "figures" / name).resolve()
    assert (study.parent / out.strip()).resolve() == expected
    assert expected.is_file()


def test_a_figure_of_several_directories_is_below_the_first(command, study, tmp_path):
    fabricate.constant(tmp_path / "other", "ssgan", [5.0])
    code, out, _ = command("plot", study, tmp_path / "other", "--out", "both.svg")
    assert code == 0
    drawn = (tmp_path / "both.svg").read_text()
    assert "gan (2)" in drawn
    assert "ssgan (1)" in drawn
    code, out, _ = command("plot", study, tmp_path / "other")
    assert out.strip().endswith("study/figures/fid.png")


@pytest.mark.parametrize(
    "flags,message",
    [
        (["--select", "best"], "--kind curves has no use for --select"),
        (
            ["--kind", "robustness", "--over", "wall"],
            "robustness has no use for --over",
        ),
        (["--kind", "samples", "--metric", "fid"], "samples has no use for --metric"),
        (["--over", "operations"], "do not have operations_per_step in run.json"),
        (["--kind", "samples"], "None of 2 runs has samples"),
        (
            ["--kind", "robustness", "--metric", "x"],
            "None of 2 runs has a measurement of 'x'",
        ),
    ],
)
def test_what_cannot_be_drawn_is_the_users_mistake(command, study, flags, message):
    code, out, err = command("plot", study, *flags)
    assert (code, out) == (2, "")
    assert message in err
    assert not (study / "figures").exists()
