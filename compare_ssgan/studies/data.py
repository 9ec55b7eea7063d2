"""Looking at a dataset, and fetching one, without a run."""

import json
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pairs import PairedDataset
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import data_text, example_grid, files, grids, spec
from compare_ssgan.studies.data_report import DataReport, report


class Shown(NamedTuple):
    """What `show` found.

    Attributes:
        dataset: What the user calls it.
        report: What it holds.
        grid: The picture it wrote.
        groups: What the rows of the picture show, from top to bottom.
        rows: Rows of each.
    """

    dataset: str
    report: DataReport
    grid: pathlib.Path
    groups: tuple[str, ...]
    rows: int

    def as_json(self) -> str:
        """Returns one JSON object."""
        picture = {"grid": str(self.grid), "grid_groups": self.groups}
        return json.dumps(
            {"dataset": self.dataset, **self.report.as_json(), **picture}, indent=2
        )

    def as_text(self) -> str:
        """Returns lines for the terminal."""
        each = f"{self.rows} rows each" if self.rows > 1 else "a row each"
        what = f", {each}: {', '.join(self.groups)}" if any(self.groups) else ""
        images = "pairs" if self.report.paired else "images"
        text = data_text.render(self.report)
        return f"{text}\n\n{self.grid}: training {images}{what}"


def show(
    name: str,
    settings: Sequence[str],
    out: pathlib.Path | None,
    say: Callable[[str], None],
) -> Shown:
    """Reads a dataset and writes a picture of it.

    Args:
        name: Stem of a file in gin_configs/datasets.
        settings: --set lines; run.transforms is applied.
        out: Path of a PNG, which is replaced; None for NAME-examples.png in the
            working directory.
        say: Tells the user what takes a while.

    Raises:
        InputError: If there is no such dataset, files are missing or damaged, or the
            picture cannot be written.
        CommandError: If the disk is full.
    """
    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"--out must be the path of a .png, not {out}.")
    _check_directory()
    dataset = spec.load_dataset(name, settings)
    out = out or pathlib.Path(f"{name}-examples.png")
    files.check_parent(out, "--out")
    try:
        # The picture first: what is missing or damaged is found within a second.
        images = dataset.beside() if isinstance(dataset, PairedDataset) else dataset
        picture = example_grid.example_grid(images)
        found = report(images, say, paired=isinstance(dataset, PairedDataset))
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error}.") from error
    with files.writing(out, "--out"):
        grids.write_png(out, picture.image)
    return Shown(name, found, out, picture.groups, picture.rows)


def get(
    name: str, settings: Sequence[str], say: Callable[[str], None]
) -> Dataset | PairedDataset:
    """Downloads and prepares a dataset in the directory that --data_dir names.

    Args:
        name: Stem of a file in gin_configs/datasets.
        settings: --set lines.
        say: Tells the user what happens.

    Returns:
        The dataset, of which examples can be read.

    Raises:
        InputError: If there is no such dataset, it has to be prepared by the user, or
            it cannot be downloaded or written.
        CommandError: If the disk is full.
    """
    directory = base.data_directory()
    if directory is None:
        raise InputError(
            "Where shall it be prepared? Name a directory with --data_dir DIR; `run` "
            "and the others take the same."
        )
    dataset = spec.load_dataset(name, settings)
    if dataset.get is None:
        # Without its files this says what to prepare.
        next(dataset.train.evaluation_batches(1, 1))
        say(f"{name} needs no download.")
        return dataset
    created = files.make_directory(directory, "--data_dir")
    num_train, num_test = dataset.train.num_examples, dataset.test.num_examples
    say(f"{name}: preparing {num_train:,} + {num_test:,} examples in {directory}")
    try:
        dataset.get()
    except (OSError, tf.errors.OpError, RuntimeError) as error:
        # tensorflow-datasets makes some of TensorFlow's errors a RuntimeError.
        if files.is_disk_full(error):
            raise files.disk_full(directory) from error
        raise CommandError(f"{name} could not be prepared: {error}") from error
    finally:
        _remove_empty(created)
    dataset = spec.load_dataset(name, settings)
    next(dataset.train.evaluation_batches(1, 1))
    return dataset


def _check_directory() -> None:
    """Refuses a directory that cannot be read, before a dataset stumbles over it."""
    directory = base.data_directory()
    if directory is None:
        return
    try:
        next(directory.iterdir(), None)
    except OSError as error:
        raise InputError(
            f"--data_dir: cannot read {directory}: {error.strerror}."
        ) from error


def _remove_empty(created: Sequence[pathlib.Path]) -> None:
    """Removes directories, innermost first, in which nothing came to lie."""
    for path in created:
        if any(path.iterdir()):
            return
        path.rmdir()
