import errno
import math
import os

import pytest

from compare_ssgan.analysis.figures import curves, figure_files
from compare_ssgan.errors import CommandError, InputError
from tests.analysis import fabricate


def axes_of(draw, monkeypatch):
    """Returns the axes of the figure that `draw` saves."""
    found = []

    def keep(figure, path):
        figure.draw_without_rendering()
        found.extend(figure.axes)
        return path

    monkeypatch.setattr(figure_files, "save", keep)
    draw()
    return found


def markers(axis, marker=None):
    """Points of lines with a marker, or of last measurements, as (position, value)."""
    lines = [
        line
        for line in axis.get_lines()
        if (line.get_gid() == "last" if marker is None else line.get_marker() == marker)
    ]
    return sorted(
        (float(x), float(y))
        for line in lines
        for x, y in zip(*line.get_data(), strict=True)
    )


@pytest.mark.parametrize("suffix,head", [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_suffix_decides_the_format(tmp_path, suffix, head):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    out = tmp_path / "new" / f"fid.{suffix}"
    assert curves.curves(tmp_path, "fid", out) == out
    assert out.read_bytes().startswith(head)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_another_suffix_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"must be a file of type .png, .svg, .pdf"):
        curves.curves(tmp_path, "fid", tmp_path / "fid.gif")


@pytest.mark.parametrize(
    "name,reason",
    [
        ("file/x.png", "File exists"),
        ("file/below/x.png", "Not a directory"),
        (f"{'x' * 300}.png", "File name too long"),
        ("directory.png", "Is a directory"),
    ],
)
def test_a_place_where_no_figure_can_be_is_the_users_mistake(tmp_path, name, reason):
    fabricate.constant(tmp_path / "study", "gan", [10.0])
    (tmp_path / "file").touch()
    (tmp_path / "directory.png").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=f"{reason}.*another place with --out"):
        curves.curves(tmp_path / "study", "fid", tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "number,kind", [(errno.EROFS, InputError), (errno.ENOSPC, CommandError)]
)
def test_what_the_disk_refuses_is_one_message_with_the_path(
    tmp_path, monkeypatch, number, kind
):
    fabricate.constant(tmp_path, "gan", [10.0])

    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", refuse)
    with pytest.raises(CommandError, match=r"fid\.png") as caught:
        curves.curves(tmp_path, "fid", tmp_path / "fid.png")
    assert type(caught.value) is kind


def test_equal_records_give_equal_files(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    one = curves.curves(tmp_path, "fid", tmp_path / "one.svg").read_bytes()
    assert curves.curves(tmp_path, "fid", tmp_path / "two.svg").read_bytes() == one


def test_every_seed_has_its_last_point(tmp_path, monkeypatch):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0, 15.0])
    fabricate.constant(tmp_path, "ssgan", [10.0, 12.0])
    (axis,) = axes_of(lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch)
    expected = [10.0, 10.0, 12.0, 15.0, 20.0]
    assert markers(axis) == [(100.0, value) for value in expected]


def test_a_diverged_run_is_a_cross_at_the_step_it_diverged(tmp_path, monkeypatch):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    lines = fabricate.measurements([80.0, 60.0, math.nan], (0, 50, 61))
    where = {"step": 61, "term": "x"}
    fabricate.run(tmp_path, "gan", 2, lines, status="diverged", diverged=where)
    (axis,) = axes_of(lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch)
    assert markers(axis, "X") == [(61.0, 60.0)]
    entries = [text.get_text().strip() for text in axis.get_legend().get_texts()]
    assert "gan (2/3, 1 diverged)" in entries
    assert "diverged" in entries


def test_a_run_that_diverged_before_any_measurement_is_drawn(tmp_path):
    where = {"step": 3, "term": "x"}
    nan = fabricate.measurements([math.nan], (3,))
    directory = fabricate.run(
        tmp_path, "gan", 0, nan, status="diverged", diverged=where
    )
    assert curves.curves(tmp_path, "fid", tmp_path / "all.png").is_file()
    assert curves.run_curve(directory, "fid", tmp_path / "one.png").is_file()


@pytest.mark.parametrize("first,scale", [(90.0, "linear"), (110.0, "log")])
def test_a_wide_range_is_drawn_on_a_logarithmic_axis(
    tmp_path, monkeypatch, first, scale
):
    lines = fabricate.measurements([first, 10.0], (0, 100))
    directory = fabricate.run(tmp_path, "gan", 0, lines)
    (axis,) = axes_of(lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch)
    assert axis.get_yscale() == scale
    (axis,) = axes_of(lambda: curves.run_curve(directory, "fid", "x.png"), monkeypatch)
    assert axis.get_yscale() == scale


def test_a_colour_is_a_method_in_every_panel_and_a_style_a_family(
    tmp_path, monkeypatch
):
    for dataset, methods in [("digits", ["sn_gan", "ssgan"]), ("cifar10", ["ssgan"])]:
        for method in methods:
            fabricate.constant(tmp_path, method, [10.0, 20.0], dataset=dataset)
    first, second = axes_of(
        lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch
    )

    def medians(axis):
        lines = [line for line in axis.get_lines() if line.get_linewidth() == 2.0]
        return [(line.get_color(), line.get_linestyle()) for line in lines]

    assert first.get_title(loc="left") == "cifar10: fid600_test_digits_cnn"
    assert medians(first) == medians(second)[1:]
    (baseline, solid), (own, other) = medians(second)
    assert baseline != own
    assert (solid, other) != (solid, solid)
    assert solid == "-"


def test_the_axis_says_which_direction_is_better(tmp_path, monkeypatch):
    fabricate.constant(tmp_path, "gan", [10.0])
    for metric, label in [("fid", "FID (lower is"), ("is", "IS (higher is")]:
        (axis,) = axes_of(
            lambda metric=metric: curves.curves(tmp_path, metric, "x.png"), monkeypatch
        )
        assert axis.get_ylabel() == f"{label} better)"


def test_the_curve_of_a_run_needs_a_run_and_its_metric(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    with pytest.raises(InputError, match="is not the directory of a run"):
        curves.run_curve(tmp_path, "fid", tmp_path / "x.png")
    directory = tmp_path / "runs" / fabricate.run_id("gan", 0)
    with pytest.raises(InputError, match=r"no measurement of 'prdc'. Measured: fid600"):
        curves.run_curve(directory, "prdc", tmp_path / "x.png")
    out = curves.run_curve(directory, "fid", directory / "figures" / "fid.png")
    assert out.read_bytes().startswith(b"\x89PNG")


def grid(study, methods, rates):
    for method in methods:
        for digest, rate in enumerate(rates):
            settings = [f"optimizers.adam.learning_rate = {rate}"]
            fabricate.constant(
                study, method, [10.0 + digest], settings=settings, digest=digest
            )


def test_methods_of_a_large_grid_have_panels_on_one_scale(tmp_path, monkeypatch):
    grid(tmp_path, ["gan", "ssgan"], range(8))
    panels = axes_of(lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch)
    assert [panel.get_title(loc="left") for panel in panels] == [
        f"digits: {fabricate.FID}: gan",
        f"digits: {fabricate.FID}: ssgan",
    ]
    first, second = (
        {
            text.get_text().strip(): line.get_color()
            for line, text in zip(
                panel.get_legend().get_lines(),
                panel.get_legend().get_texts(),
                strict=True,
            )
        }
        for panel in panels
    )
    # One colour a setting, the same for both methods.
    assert first["learning_rate = 0 (1)"] == second["learning_rate = 0 (1)"]
    assert len({first[f"learning_rate = {i} (1)"] for i in range(8)}) == 8
    assert panels[0].get_ylim() == panels[1].get_ylim()


def test_a_small_grid_is_one_panel_of_shades(tmp_path, monkeypatch):
    grid(tmp_path, ["gan", "ssgan"], range(2))
    (panel,) = axes_of(lambda: curves.curves(tmp_path, "fid", "x.png"), monkeypatch)
    entries = [text.get_text().strip() for text in panel.get_legend().get_texts()]
    assert "ssgan (learning_rate = 1) (1)" in entries


def test_time_and_operations_are_where_curves_end(tmp_path, monkeypatch):
    for seed, seconds in enumerate([600.0, 1200.0]):
        lines = fabricate.measurements([9.0, 4.0 + seed], (0, 100))
        directory = fabricate.run(tmp_path, "gan", seed, lines)
        fabricate.timings(directory, {100: seconds})
        fabricate.change(directory, operations_per_step=4 * 10**10)

    def ends(over):
        (panel,) = axes_of(
            lambda: curves.curves(tmp_path, "fid", "x.png", over=over), monkeypatch
        )
        median = next(x for x in panel.get_lines() if x.get_linewidth() == 2.0)
        return panel.get_xlabel(), markers(panel), [*median.get_xdata()]

    label, points, line = ends("wall")
    assert label == "training time (minutes)"
    assert points == [(10.0, 4.0), (20.0, 5.0)]
    assert line == [0.0, 15.0]
    label, points, line = ends("operations")
    assert label == "training operations (TFLOP)"
    assert points == [(4.0, 4.0), (4.0, 5.0)]
    assert line == [0.0, 4.0]
    label, points, line = ends("images")
    assert label == "real images seen"
    assert line == [0.0, 12800.0]
