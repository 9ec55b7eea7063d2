"""Folders of image pairs, as pix2pix and CycleGAN publish them."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compare_ssgan.datasets import own
from compare_ssgan.datasets.jitter import Jitter
from compare_ssgan.datasets.pairs import Aligned, Sides, Unaligned, unlabelled
from compare_ssgan.datasets.stores import folder_files, image_headers, inspection
from compare_ssgan.datasets.stores.cached import CachedStore
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.datasets.stores.encoded import EncodedStore
from compare_ssgan.datasets.stores.image_headers import Header
from compare_ssgan.datasets.stores.stacked import StackedStore
from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.errors import InputError

_CHANNELS = (1, 3)
# Of decoded images of one side; those of all but the largest published sets fit.
_CACHED_BYTES = 2 * 2**30
# As many as a message can show.
_SHOWN = 5


class Files(NamedTuple):
    """Image files that have been looked at.

    Attributes:
        paths: Where they are.
        headers: What they say of their images.
        hashes: [files, 32] uint8: SHA-256 of their bytes.
    """

    paths: Sequence[pathlib.Path]
    headers: Sequence[Header]
    hashes: np.ndarray

    def take(self, rows: Sequence[int]) -> "Files":
        """Returns these files in this order."""
        return Files(
            [self.paths[row] for row in rows],
            [self.headers[row] for row in rows],
            self.hashes[list(rows)],
        )

    def fetch(self, ids: np.ndarray) -> list[bytes]:
        """Returns the contents of files."""
        return [_content(self.paths[each]) for each in ids]

    def feed(self, digest: Any) -> None:
        """Updates a hash with the contents of all files."""
        digest.update(self.hashes.tobytes())


class Side(NamedTuple):
    """One of the two domains of a paired dataset.

    Attributes:
        letter: "A" or "B", as folders are called.
        channels: 3, or 1 to make all of its images greyscale.
        setting: The gin line of `channels`, for messages.
    """

    letter: str
    channels: int
    setting: str


class Folders(NamedTuple):
    """Where the images of a dataset are.

    Attributes:
        name: Of the directory in --data_dir.
        factory: Name of the dataset's factory in gin files.
        expected: A sentence that says what the directory holds.
    """

    name: str
    factory: str
    expected: str

    def root(self) -> pathlib.Path:
        """Returns the directory.

        Raises:
            InputError: If --data_dir names none, or has none of that name.
        """
        path = own.find(self.name)
        if path is None or not path.is_dir():
            raise InputError(
                f"{self.name} is read from the directory {self.name} in the one that "
                f"--data_dir names, and {own.missing(path)}. {self.expected}"
            )
        return path

    def files(self, *parts: str) -> "Files":
        """Returns the images of a folder in the directory, in the order of their names.

        Raises:
            InputError: If there is no such folder or no image in it.
        """
        folder = self.root().joinpath(*parts)
        if not folder.is_dir():
            raise InputError(f"There is no folder {folder}. {self.expected}")
        names = folder_files.find(folder)
        if not names:
            raise InputError(f"{folder} has no PNG or JPEG files. {self.expected}")
        paths = [folder / name for name in names]
        found = inspection.remembered(folder, names)
        rows = found.headers.tolist()
        headers = [Header(h, w, c, bits, bool(a)) for h, w, c, bits, a in rows]
        _check_images(paths, headers, found.problems)
        return Files(paths, headers, found.hashes)


def sides(
    letters: tuple[str, str], channels: tuple[int, int], factory: str
) -> tuple[Side, Side]:
    """Returns source and target.

    Args:
        letters: Those of source and target.
        channels: Those of source and target.
        factory: Name of the dataset's factory in gin files.

    Raises:
        InputError: If there are neither 1 nor 3 channels.
    """
    settings = (f"{factory}.source_channels", f"{factory}.target_channels")
    source, target = map(Side, letters, channels, settings)
    for side in (source, target):
        if side.channels not in _CHANNELS:
            raise InputError(
                f"{side.setting} must be 3, or 1 for greyscale, not {side.channels!r}."
            )
    return source, target


def dataset_name(
    name: str, sides: tuple[Side, Side], jitter: Jitter, suffixes: Sequence[str] = ()
) -> str:
    """Returns the name of a dataset: whatever changes its evaluation images.

    Args:
        name: Of its folder.
        sides: Source and target.
        jitter: Of which the size and the method of resizing count.
        suffixes: What else there is to say.
    """
    parts = [name, str(jitter.crop_size), *suffixes]
    if jitter.resize != "bilinear":
        parts.append(jitter.resize)
    for side, role in zip(sides, ("source", "target"), strict=True):
        if side.channels == 1:
            parts.append(f"grey_{role}")
    return "_".join(parts)


def unaligned(
    folders: Folders, split: str, sides: tuple[Side, Side], jitter: Jitter
) -> Unaligned:
    """Returns the images of a folder per domain.

    Args:
        folders: Where to look.
        split: What the names of the folders begin with, e.g. "train".
        sides: Source and target.
        jitter: What is done to them.

    Raises:
        InputError: If files are missing or are not what they should be.
    """
    source, target = (folders.files(split + side.letter) for side in sides)
    _check_colour(source, sides[:1])
    _check_colour(target, sides[1:])

    def stores(size: int) -> Sides:
        return Sides(
            _store(source, size, sides[0], jitter),
            _store(target, size, sides[1], jitter),
        )

    first, second = (jitter.of(unlabelled(each)) for each in stores(jitter.load_size))
    return Unaligned(first, second, stores(jitter.crop_size))


def aligned(
    folders: Folders, split: str, sides: tuple[Side, Side], jitter: Jitter
) -> Aligned:
    """Returns aligned images, side by side in a file or in two folders.

    Args:
        folders: Where to look.
        split: Name of the split's folder, e.g. "train".
        sides: Source and target.
        jitter: What is done to them.

    Raises:
        InputError: If files are missing or are not what they should be.
    """
    root = folders.root()
    apart = (root / "A").is_dir() or (root / "B").is_dir()
    if apart and (root / split).is_dir():
        raise InputError(
            f"{root} has both {split} and A or B: which pairs are meant? Move one "
            f"away. {folders.expected}"
        )
    if apart:
        return _two_folders(folders, split, sides, jitter)
    return _side_by_side(folders, split, sides, jitter)


def _side_by_side(
    folders: Folders, split: str, sides: tuple[Side, Side], jitter: Jitter
) -> Aligned:
    files = folders.files(split)
    _check_colour(files, sides)
    for path, header in zip(files.paths, files.headers, strict=True):
        if header.width % 2:
            raise InputError(
                f"{path} is {header.width} pixels wide, an odd number: it does not show"
                f" two images of the same width side by side. {folders.expected}"
            )

    def stores(size: int) -> Sides:
        halves = (_store(files, size, side, jitter, half=True) for side in sides)
        return Sides(*halves)

    return _aligned(stores, jitter)


def _two_folders(
    folders: Folders, split: str, sides: tuple[Side, Side], jitter: Jitter
) -> Aligned:
    source, target = _counterparts(
        *(folders.files(side.letter, split) for side in sides),
        folders=[folders.root() / side.letter / split for side in sides],
    )
    _check_colour(source, sides[:1])
    _check_colour(target, sides[1:])
    pairs = zip(source.paths, source.headers, target.paths, target.headers, strict=True)
    for path, header, other, counterpart in pairs:
        if header[:2] != counterpart[:2]:
            raise InputError(
                f"{path} is {header.width}x{header.height}, but its counterpart "
                f"{other} is {counterpart.width}x{counterpart.height}: aligned images "
                "have equal sizes. Resize one."
            )

    def stores(size: int) -> Sides:
        return Sides(
            _store(source, size, sides[0], jitter),
            _store(target, size, sides[1], jitter),
        )

    return _aligned(stores, jitter)


def _aligned(stores: Callable[[int], Sides], jitter: Jitter) -> Aligned:
    stacked = StackedStore(*stores(jitter.load_size))
    return Aligned(jitter.of(unlabelled(stacked)), stores(jitter.crop_size))


def _counterparts(
    source: Files, target: Files, *, folders: Sequence[pathlib.Path]
) -> tuple[Files, Files]:
    """Returns files of equal names, both in the order of those."""
    ours, theirs = map(_rows, (source, target), folders)
    for rows, others, files, folder in (
        (ours, theirs, source, folders[1]),
        (theirs, ours, target, folders[0]),
    ):
        alone = [files.paths[row] for stem, row in rows.items() if stem not in others]
        if alone:
            shown = ", ".join(map(str, alone[:_SHOWN]))
            more = f" and {len(alone) - _SHOWN} more" if len(alone) > _SHOWN else ""
            raise InputError(
                f"{len(alone)} image(s) have no counterpart of the same name in "
                f"{folder}: {shown}{more}. Add those, or remove these."
            )
    # The same order in either direction.
    stems = sorted(ours, key=lambda stem: pathlib.PurePath(stem).parts)
    return (
        source.take([ours[stem] for stem in stems]),
        target.take([theirs[stem] for stem in stems]),
    )


def _rows(files: Files, folder: pathlib.Path) -> dict[str, int]:
    """Returns which file has a name, its path in the folder without the suffix."""
    found: dict[str, int] = {}
    for row, path in enumerate(files.paths):
        stem = str(path.relative_to(folder).with_suffix(""))
        if stem in found:
            raise InputError(
                f"{files.paths[found[stem]]} and {path} have the same name, by which "
                "pairs are found. Remove one."
            )
        found[stem] = row
    return found


def _check_images(
    paths: Sequence[pathlib.Path], headers: Sequence[Header], problems: np.ndarray
) -> None:
    """Refuses files that are no images, or none of the usual kinds."""
    found = [
        problem or image_headers.unusual(header)
        for header, problem in zip(headers, problems, strict=True)
    ]
    wrong = [row for row, problem in enumerate(found) if problem]
    if wrong:
        first = wrong[0]
        others = f" It is one of {len(wrong)} such files." if len(wrong) > 1 else ""
        raise InputError(
            f"{paths[first]} cannot be used: {found[first]}.{others} Repair or remove "
            "it, and its counterpart if it has one."
        )


def _content(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def _store(
    files: Files, size: int, side: Side, jitter: Jitter, *, half: bool = False
) -> Store:
    preparation = Preparation(
        size,
        size,
        side.channels,
        crop="none",
        resize=jitter.resize,
        half=("left" if side.letter == "A" else "right") if half else None,
    )
    store = EncodedStore(
        len(files.paths),
        files.fetch,
        preparation,
        describe=lambda each: str(files.paths[each]),
        feed=files.feed,
    )
    return CachedStore(store, _CACHED_BYTES)


def _check_colour(files: Files, sides: Sequence[Side]) -> None:
    grey = [
        p for p, h in zip(files.paths, files.headers, strict=True) if h.channels == 1
    ]
    for side in sides:
        if grey and side.channels != 1:
            raise InputError(
                f"{grey[0]} is greyscale ({len(grey)} of {len(files.paths)} files are),"
                f" but {side.setting} is {side.channels}. Set it to 1, so that all of "
                f"{side.letter} is greyscale, or convert the file to RGB."
            )
