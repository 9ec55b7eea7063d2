"""What a dataset of image pairs holds, found by reading it, and a picture of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets.pairs import PairedDataset, PairedSplit
from compare_ssgan.studies import data_report, grids
from compare_ssgan.studies.data_report import Pixels
from compare_ssgan.types import ImageShape

# Of pairs in a picture.
_ROWS = 6
# Pixels that a picture is wide at most, about, and that an image is enlarged to.
_WIDTH, _VISIBLE = 1000, 64


class PairedSplitReport(NamedTuple):
    """What a split of pairs holds.

    Attributes:
        num_examples: Number of pairs; of unaligned domains, images of the larger one.
        source_pixels: The values of pixels of sources.
        target_pixels: The values of pixels of targets.
        content_hash: Identifies the images of both sides.
    """

    num_examples: int
    source_pixels: Pixels
    target_pixels: Pixels
    content_hash: str


class PairReport(NamedTuple):
    """What a dataset of pairs holds.

    Attributes:
        name: What tables and records call it.
        source_shape: (height, width, channels) of what is translated.
        target_shape: (height, width, channels) of what it is translated to.
        splits: By name.
    """

    name: str
    source_shape: ImageShape
    target_shape: ImageShape
    splits: dict[str, PairedSplitReport]

    def as_json(self) -> dict[str, Any]:
        """Returns what JSON can hold; names of fields are those of the tuples."""
        splits = {}
        for name, split in self.splits.items():
            sides = {
                "source_pixels": split.source_pixels._asdict(),
                "target_pixels": split.target_pixels._asdict(),
            }
            splits[name] = split._asdict() | sides
        return self._asdict() | {"splits": splits}


def report(dataset: PairedDataset, say: Callable[[str], None]) -> PairReport:
    """Reads a dataset of pairs.

    Args:
        dataset: The dataset.
        say: Tells the user what takes a while.

    Raises:
        InputError: If files are missing or damaged.
    """
    splits = {}
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        num = data_report.examined(split, dataset.source_shape)
        if num < split.num_examples:
            say(data_report.announcement(name, split.num_examples, num))
        splits[name] = PairedSplitReport(
            split.num_examples,
            _measure(split, num, dataset, "source"),
            _measure(split, num, dataset, "target"),
            split.content_hash,
        )
    return PairReport(dataset.name, dataset.source_shape, dataset.target_shape, splits)


def _measure(split: PairedSplit, num: int, dataset: PairedDataset, side: str) -> Pixels:
    size = data_report.batch_size(num, dataset.target_shape)
    return data_report.measure_images(
        getattr(pair, side).images.numpy()
        for pair in split.evaluation_batches(num, size)
    )


def render(report: PairReport) -> str:
    """Returns a report as lines of text."""
    splits = [*report.splits.values()]
    rows = [
        ("", *report.splits),
        ("pairs", *(f"{split.num_examples:,}" for split in splits)),
    ]
    for side in ("source", "target"):
        pixels = [getattr(split, f"{side}_pixels") for split in splits]
        rows += [
            (f"{side} pixels", *(f"{p.smallest} to {p.largest}" for p in pixels)),
            (f"{side} mean pixel", *(f"{p.mean:.2f}" for p in pixels)),
        ]
    shapes = ("x".join(map(str, each)) for each in report[1:3])
    lines = [f"{report.name}: pairs of images, {' to '.join(shapes)}", ""]
    lines += [*data_report.aligned(rows), ""]
    for name, split in report.splits.items():
        if split.source_pixels.num_examples < split.num_examples:
            lines.append(
                f"{name}: pixels are those of the first "
                f"{split.source_pixels.num_examples:,} pairs"
            )
        lines.append(f"{name}: content hash {split.content_hash}")
    return "\n".join(lines)


def pair_grid(dataset: PairedDataset) -> np.ndarray:
    """Returns a picture of training pairs, each target right of its source.

    They are the first in stored order, without jitter. Small images are enlarged, and
    grey ones beside coloured ones have three equal channels.

    Returns:
        [height, width, channels] uint8.

    Raises:
        InputError: If images cannot be read.
    """
    height, width, _ = dataset.source_shape
    assert dataset.target_shape[:2] == (height, width)
    factor = max(1, _VISIBLE // max(height, width))
    columns = int(np.clip(_WIDTH // (2 * width * factor), 1, 5))
    num = min(_ROWS * columns, dataset.train.num_examples)
    pair = next(dataset.train.evaluation_batches(num, num))
    sides = [pair.source.images.numpy(), pair.target.images.numpy()]
    channels = max(side.shape[-1] for side in sides)
    sides = [np.broadcast_to(side, (*side.shape[:3], channels)) for side in sides]
    images = np.stack(sides, axis=1).reshape(2 * num, height, width, channels)
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    return grids.grid(images, columns=2 * min(columns, num))
