"""Samples of methods side by side, from equal latents where these are alike."""

import os
import pathlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.figures import figure_files, looks, panels
from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.records.run_records import Directories, Run
from compare_ssgan.errors import InputError

# The grids in a run's samples/: so many images a row, so many white pixels between.
_COLUMNS = 8
_BORDER = 2
# Of a grid's images, the first ones.
_SHOWN = 16
_IMAGE_INCHES = 0.56
_STEP = re.compile(r"step_(\d+)\.png")


class Sheet(NamedTuple):
    """What a run has to show.

    Attributes:
        group: What the run is of.
        run: None if no run has the seed.
        step: Generator steps taken; None if there are no samples.
        images: [num, height, width, 3 or 1] in [0, 1]; None if there are no samples.
    """

    group: Group
    run: Run | None
    step: int | None
    images: npt.NDArray[np.float64] | None

    @property
    def label(self) -> str:
        """What stands beside the images: which, and what has to be known of them."""
        if self.run is None:
            return "no run"
        said = [] if self.step is None else [f"step {self.step:,}"]
        if self.run.status == "diverged":
            at = self.run.diverged_step
            said.append("diverged" + ("" if at is None else f" at {at:,}"))
        elif self.run.status != "done":
            said.append(self.run.status)
        return ", ".join(said)


def samples(directories: Directories, out: str | os.PathLike[str]) -> pathlib.Path:
    """Draws samples of every method in rows, and returns the file.

    A row is a method, a column one vector of latents: the grids that runs draw at each
    evaluation are all drawn from the same latents (where methods have as many of
    them, of one distribution). Shown are runs of one seed, the lowest of those that
    most methods have samples of, at their last evaluation.

    Args:
        directories: One or several directories of runs or studies.
        out: File to write, .png, .svg or .pdf.

    Raises:
        InputError: If there are no records or no samples, a picture cannot be read,
            or the suffix is another.
    """
    path = figure_files.checked(out)
    datasets = {
        name: looks.shortened(members)
        for name, members in groups.by_dataset(run_records.read(directories)).items()
    }
    sheets = {name: _sheets(members) for name, members in datasets.items()}
    every = [sheet for own in sheets.values() for sheet in own]
    if all(sheet.images is None for sheet in every):
        number = sum(len(g.runs) for members in datasets.values() for g in members)
        raise InputError(
            f"None of {number} runs has samples: there is no samples/step_*.png in "
            "their directories, where training puts one at each evaluation."
        )
    import matplotlib
    from matplotlib.figure import Figure

    widest = max(len(group.label) for own in datasets.values() for group in own)
    left = 0.4 + 0.085 * max(16, widest)
    width = left + _IMAGE_INCHES * _SHOWN
    caption = panels.caption_lines(_caption(sheets), width)
    height = sum(0.35 + (_IMAGE_INCHES + 0.1) * len(own) for own in sheets.values())
    height += 0.1 + panels.caption_height(caption)
    with matplotlib.rc_context(looks.STYLE):
        figure = Figure(figsize=(width, height))
        top = height
        for dataset, own in sheets.items():
            seed = next((s.run.seed for s in own if s.run is not None), None)
            title = f"{dataset}: samples of seed {seed}"
            figure.text(0.1 / width, (top - 0.1) / height, title, va="top", fontsize=12)
            top -= 0.3
            for sheet in own:
                top -= _IMAGE_INCHES + 0.1
                box = (left / width, top / height)
                _draw(figure, sheet, box)
            top -= 0.05
        text = "\n".join(caption)
        figure.text(0.1 / width, 0.1 / height, text, fontsize=9, color=looks.TEXT)
        return figure_files.save(figure, path)


def grid_of(run: Run) -> tuple[int, pathlib.Path] | None:
    """Returns step and file of a run's last grid of samples, None without any."""
    if run.directory is None:
        return None
    found = [
        (int(match[1]), path)
        for path in (run.directory / "samples").glob("step_*.png")
        if (match := _STEP.fullmatch(path.name))
    ]
    return max(found, default=None)


def cut(grid: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Returns the images of a grid, row by row, None if it is no grid of square ones.

    Args:
        grid: [height, width, channels], as training writes it: 8 images a row, 2 white
            pixels between them and around.

    Returns:
        [num, size, size, channels].
    """
    height, width = grid.shape[:2]
    cell, rest = divmod(width - _BORDER, _COLUMNS)
    if rest or cell <= _BORDER or (height - _BORDER) % cell:
        return None
    rows = (height - _BORDER) // cell
    size = cell - _BORDER
    corners = [
        (_BORDER + row * cell, _BORDER + column * cell)
        for row in range(rows)
        for column in range(_COLUMNS)
    ]
    return np.stack([grid[y : y + size, x : x + size] for y, x in corners])


def _sheets(members: Sequence[Group]) -> list[Sheet]:
    grids = {
        (group.key, run.seed): found
        for group in members
        for run in group.runs
        if (found := grid_of(run)) is not None
    }
    seeds = [seed for _, seed in grids] or [
        run.seed for group in members for run in group.runs
    ]
    seed = min(seeds, key=lambda each: (-seeds.count(each), each))
    sheets = []
    for group in members:
        run = next((run for run in group.runs if run.seed == seed), None)
        step, path = grids.get((group.key, seed), (None, None))
        sheets.append(Sheet(group, run, step, None if path is None else _read(path)))
    return sheets


def _read(path: pathlib.Path) -> npt.NDArray[np.float64]:
    from matplotlib import image

    try:
        # Pillow's error for what is no picture is an OSError, for a cut one also a
        # SyntaxError.
        grid = image.imread(path)
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"Cannot read the samples {path}: {error}.") from error
    images = cut(grid[..., None] if grid.ndim == 2 else grid[..., :3])
    if images is None:
        raise InputError(
            f"{path} is no grid of samples as training writes it: {grid.shape[1]} x "
            f"{grid.shape[0]} pixels are not {_COLUMNS} square images a row."
        )
    return images


def _draw(figure: Any, sheet: Sheet, corner: tuple[float, float]) -> None:
    """Draws a row: name, what has to be known, images."""
    width, height = figure.get_size_inches()
    left, bottom = corner
    middle = bottom + 0.5 * _IMAGE_INCHES / height
    gap = 0.1 / width
    bold = {"ha": "right", "fontweight": "bold", "fontsize": 10}
    figure.text(
        left - gap, middle + 0.01 / height, sheet.group.label, va="bottom", **bold
    )
    small = {"ha": "right", "fontsize": 8.5, "color": looks.TEXT}
    figure.text(left - gap, middle - 0.03 / height, sheet.label, va="top", **small)
    if sheet.images is None:
        said = "no samples" if sheet.run is not None else "no run of this seed"
        figure.text(left + gap, middle, said, va="center", style="italic")
        return
    size = _IMAGE_INCHES * 0.96
    for index, image in enumerate(sheet.images[:_SHOWN]):
        at = left + index * _IMAGE_INCHES / width
        panel = figure.add_axes((at, bottom, size / width, size / height))
        panel.imshow(
            image.squeeze(-1) if image.shape[-1] == 1 else image,
            cmap="gray",
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        panel.set_axis_off()


def _caption(sheets: dict[str, list[Sheet]]) -> list[str]:
    said = [
        "A column is one vector of latents (and of labels, where a method has them), "
        "equal for methods with latents of one size and distribution; images as "
        "evaluated, not selected."
    ]
    for dataset, own in sheets.items():
        steps = {sheet.step for sheet in own if sheet.step is not None}
        if len(steps) > 1:
            said.append(f"{dataset}: rows are of different steps.")
    return said
