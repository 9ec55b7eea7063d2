import pytest
from matplotlib import image

from compare_ssgan.analysis.figures.panels import caption_lines, save_panels

DOTS_PER_INCH = 150


def drawn(path, **options):
    """Returns the panels of a figure, and its size in inches."""
    panels = []
    save_panels(path, panels.extend, **options)
    height, width = image.imread(path).shape[:2]
    return panels, (width / DOTS_PER_INCH, height / DOTS_PER_INCH)


def test_panels_without_a_caption_take_the_whole_figure(tmp_path):
    panels, size = drawn(tmp_path / "x.png", width=4.0, heights=[3.0, 1.5])
    assert size == pytest.approx((4.0, 4.5))
    high, low = (panel.get_position() for panel in panels)
    assert high.y0 > low.y1
    assert panels[0].figure.get_supxlabel() == ""


def test_a_caption_has_room_below_the_panels(tmp_path):
    sentences = ["One, that needs two lines.", "Two."]
    lines = caption_lines(sentences, 1.5)
    assert lines == ["One, that needs", "two lines.", "Two."]
    panels, size = drawn(
        tmp_path / "x.png", width=1.5, heights=[3.0], caption=sentences
    )
    assert size == pytest.approx((1.5, 3.0 + 3 * 0.17 + 0.1), abs=0.01)
    assert panels[0].figure.get_supxlabel() == "\n".join(lines)
