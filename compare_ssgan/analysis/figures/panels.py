"""Figures of panels below each other, with what has to be known at the foot.

Figures are drawn without pyplot: no display is needed and no global state changed.
"""

import pathlib
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from compare_ssgan.analysis.figures import figure_files, looks

_CAPTION_SIZE = 9
# Width of a letter of the caption.
_CAPTION_INCHES = 0.068


def save_panels(
    path: pathlib.Path,
    draw: Callable[[Sequence[Any]], None],
    *,
    width: float,
    heights: Sequence[float],
    caption: Sequence[str] = (),
) -> pathlib.Path:
    """Draws a figure, writes it, and returns the file.

    Args:
        path: As `figure_files.checked` returns it.
        draw: Draws in the panels, the highest first.
        width: Of the figure in inches.
        heights: Inches of each panel.
        caption: Sentences, each of which begins a line.

    Raises:
        InputError: If the file cannot be written there.
        CommandError: If the disk is full.
    """
    import matplotlib
    from matplotlib.figure import Figure

    lines = caption_lines(caption, width)
    with matplotlib.rc_context(looks.STYLE):
        figure = Figure(
            figsize=(width, sum(heights) + caption_height(lines)), layout="constrained"
        )
        panels = figure.subplots(
            len(heights), squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
        draw(list(panels))
        if lines:
            figure.supxlabel(
                "\n".join(lines),
                x=0.01,
                ha="left",
                fontsize=_CAPTION_SIZE,
                color=looks.TEXT,
            )
        return figure_files.save(figure, path)


def caption_lines(sentences: Sequence[str], width: float) -> list[str]:
    """Returns the lines of a caption for a figure `width` inches wide."""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, int((width - 0.4) / _CAPTION_INCHES))
    ]


def caption_height(lines: Sequence[str]) -> float:
    """Returns the inches that lines of a caption take."""
    return 0.17 * len(lines) + 0.1 if lines else 0.0
