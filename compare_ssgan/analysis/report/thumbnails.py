"""Pictures small enough for a page, of the last grid of samples of runs."""

import base64
import hashlib
import io
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from compare_ssgan.analysis.figures.sample_sheets import grid_of
from compare_ssgan.analysis.records.run_records import Run
from compare_ssgan.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_TOTAL = 12_000_000

# Bytes of one picture. As text it takes a third more.
_LARGEST = 120_000
# Pixels of the longer side: what a wide screen shows, and what still shows something.
_LARGEST_SIDE = 560
_SMALLEST_SIDE = 64
_QUALITY = 80
_TRIES = 5
_NAME = re.compile(r"[\w.-]+")


class Thumbnail(NamedTuple):
    """A picture of a run.

    Attributes:
        picture: Number among the pictures.
        name: Of the file, with two directories.
        step: Generator step; None for a figure of the study, which does not say.
        width: Of the thumbnail, in pixels.
        height: Of the thumbnail, in pixels.
        original: Width and height of the grid.
    """

    picture: int
    name: str
    step: int | None
    width: int
    height: int
    original: tuple[int, int]


class Thumbnails(NamedTuple):
    """The pictures of a page.

    Attributes:
        pictures: Each once, as addresses that start with `data:`.
        by_run: By run_id, of the runs that have a grid.
        unreadable: Names of files that are no pictures.
        left_out: Number of runs whose picture found no room.
    """

    pictures: Sequence[str]
    by_run: Mapping[str, Thumbnail]
    unreadable: Sequence[str]
    left_out: int


class _Made(NamedTuple):
    address: str
    size: tuple[int, int]
    original: tuple[int, int]


def make(runs: Sequence[Run], budget: int = LARGEST_TOTAL) -> Thumbnails:
    """Returns thumbnails of the last grid of each run that has one.

    Args:
        runs: Any runs.
        budget: Bytes of all addresses together. The more pictures there are, the
            smaller and coarser is each; if that does not do, the last ones are left
            out.

    Raises:
        InputError: If a file cannot be read.
    """
    found = _grids(runs)
    digests = [hashlib.sha256(_bytes(path)).digest() for *_, path in found]
    each = min(_LARGEST, budget // max(1, len(set(digests))) * 3 // 4)
    made: dict[bytes, _Made | None] = {}
    numbers: dict[str, int] = {}
    by_run, unreadable, left_out, total = {}, [], 0, 0
    for digest, (run, step, path) in zip(digests, found, strict=True):
        name = "/".join(path.parts[-3:])
        if digest not in made:
            made[digest] = _thumbnail(_bytes(path), each)
        thumbnail = made[digest]
        if thumbnail is None:
            unreadable.append(name)
            continue
        new = thumbnail.address not in numbers
        if new and total + len(thumbnail.address) > budget:
            left_out += 1
        else:
            total += len(thumbnail.address) * new
            number = numbers.setdefault(thumbnail.address, len(numbers))
            by_run[run.run_id] = Thumbnail(
                number, name, step, *thumbnail.size, thumbnail.original
            )
    return Thumbnails(list(numbers), by_run, unreadable, left_out)


def _bytes(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def _grids(runs: Sequence[Run]) -> list[tuple[Run, int | None, pathlib.Path]]:
    """Returns runs with step and file of their last grid."""
    found = [(run, *grid) for run in runs if (grid := grid_of(run))]
    if found:
        return [*found]
    # Of a study that was published, the grids of runs may be left out.
    drawn = _of_studies(runs)
    return [(run, None, drawn[run.run_id]) for run in runs if run.run_id in drawn]


def _of_studies(runs: Sequence[Run]) -> dict[str, pathlib.Path]:
    """Returns figures/samples_<method>.png of studies, by the run that they show.

    That is the one with the lowest seed of the method, if it is the only one.
    """
    first: dict[pathlib.Path, list[Run]] = {}
    for run in runs:
        # What is no name of a file is none of a method.
        if run.directory is not None and _NAME.fullmatch(run.method):
            place = run.directory.parent.parent / "figures"
            path = place / f"samples_{run.method}.png"
            if path.is_file():
                first.setdefault(path, []).append(run)
    lowest = {
        path: [run for run in sharing if run.seed == min(r.seed for r in sharing)]
        for path, sharing in first.items()
    }
    return {found[0].run_id: path for path, found in lowest.items() if len(found) == 1}


def _thumbnail(data: bytes, largest: int) -> _Made | None:
    """Returns a picture of at most `largest` bytes; None if the data are none."""
    # matplotlib, which draws the figures, brings it.
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
            picture = image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    side = min(_LARGEST_SIDE, max(picture.size))
    # What is that much larger would be too large again.
    if side == max(picture.size) and len(data) <= 2 * largest:
        lossless = _encoded(picture, "PNG")
        if len(lossless) <= largest:
            return _Made(_address(lossless, "png"), picture.size, picture.size)
    for _ in range(_TRIES):
        small = _shrunk(picture, side)
        lossy = _encoded(small, "JPEG", quality=_QUALITY)
        if len(lossy) <= largest or side == _SMALLEST_SIDE:
            break
        # Bytes are about proportional to the area.
        side = int(side * 0.93 * math.sqrt(largest / len(lossy)))
        side = max(_SMALLEST_SIDE, side)
    return _Made(_address(lossy, "jpeg"), small.size, picture.size)


def _shrunk(picture: "Image", side: int) -> "Image":
    from PIL import Image

    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(scale * length)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _encoded(picture: "Image", format_name: str, **options: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, format_name, **options)
    return data.getvalue()


def _address(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
