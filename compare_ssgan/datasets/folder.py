"""A folder of images of one's own."""

import hashlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import own
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.stores import (
    folder_files,
    image_policy,
    inspection,
)
from compare_ssgan.datasets.stores.cached import CachedStore
from compare_ssgan.datasets.stores.decoding import Crop, Preparation, Resize
from compare_ssgan.datasets.stores.encoded import EncodedStore
from compare_ssgan.datasets.stores.folder_files import LABELS
from compare_ssgan.datasets.stores.image_policy import Alpha, Corrupt, Kind, Policy
from compare_ssgan.errors import InputError

_FACTORY = "datasets.folder"
_TRAIN = "train"
_TEST = ("test", "valid", "val", "validation")


@config.register("datasets")
def folder(
    *,
    name: str = config.REQUIRED,
    size: int = 64,
    channels: Literal[1, 3] = 3,
    crop: Crop = "middle",
    resize: Resize = "bilinear",
    antialias: bool = True,
    stretch: bool = False,
    enlarge: bool = False,
    labelled: bool | None = None,
    num_classes: int | None = None,
    test_share: float | None = None,
    test_folder: str | None = None,
    convert: Sequence[Kind] = (),
    alpha: Alpha = "refuse",
    corrupt: Corrupt = "refuse",
) -> Dataset:
    """PNG and JPEG files of any size in a folder of --data_dir, cropped and resized.

    One's own images (no reference). The folder has the folders train and test (or
    valid, val, validation), or images from which a share of each class is held out:
    those whose path in the folder has the least SHA-256, so that the same files make
    the same split everywhere. Examples are in the order of that hash, too; their ids
    count all files in the order of paths. Folders in those folders are the classes,
    where every image is in one; or labels.csv has the columns file and label, with a
    row per image, as `sample --to DIR` writes it. Names of classes are numbered in
    their order; numbers are the labels themselves; "-1" and "" are no label.

    Every file is read once, for its size and hash; this is kept in the cache directory
    until the file changes. The orientation that a camera noted (EXIF) is not applied.

    Args:
        name: Name of the folder in the directory that --data_dir names.
        size: Height and width of the examples.
        channels: 3 for colour, 1 for greyscale.
        crop: "middle" takes the central square, "random" and "distorted" a random one
            (evaluations the central), "none" all of the image; see `Preparation`.
        resize: "bilinear", "bicubic", "area" or "lanczos3".
        antialias: Whether a smaller image is filtered first.
        stretch: Whether "none" may distort images that are no squares.
        enlarge: Whether images may be smaller than `size`.
        labelled: False for a set without labels, whatever there is; True where they
            must be; None to find out.
        num_classes: Number of classes, where some have no image; None for those that
            there are.
        test_share: Share of each class that is held out, one image at least; None for
            0.1. Only without a folder to test on.
        test_folder: Which of test, valid, val and validation to test on, if there are
            several.
        convert: What may be converted: "greyscale" (in a colour set), "colour" (in a
            greyscale set), "cmyk" and "16_bits" (by their upper 8).
        alpha: Of transparency: "refuse", "drop" (colours as they are) or "white".
        corrupt: "refuse" a file that is no image or damaged, or "skip" such files:
            the first start then decodes all, and the set's name ends in _subset.

    Raises:
        InputError: If an option is wrong, there is no such folder, or its files do not
            fit the options; the file, and the line that allows it, are named.
    """
    preparation = Preparation(size, size, channels, crop, None, resize, antialias)
    policy = Policy(convert, alpha, corrupt, enlarge, stretch)
    own.check(name, preparation, policy, test_share, _FACTORY)
    path = own.find(name)
    if path is None or not path.is_dir():
        raise InputError(
            f"The images {name!r} are read from the folder {name} in the directory "
            f"that --data_dir names, and {own.missing(path)}. It holds PNG and JPEG "
            "files, in a folder per class if they have any, all of it in train and "
            f"test if you have separated them. {_FACTORY}.name names another folder."
        )
    roots = _roots(path, test_folder)
    found = [_read(root, path, labelled, policy, preparation) for root in roots]
    parts, names = _number(path, found)
    train, test = own.split(path, parts, test_share, num_classes, _FACTORY, names)
    full_name = own.full_name(name, preparation, policy, test_share)
    whole = all(len(each.rows) == len(each.names) for each in found)
    return Dataset(
        full_name if whole else f"{full_name}_subset",
        (size, size, channels),
        train.num_classes,
        train,
        test,
        class_names=names,
        files=path,
    )


class _Files(NamedTuple):
    """The files of a folder: of all images, or of those to train or to test on.

    Attributes:
        root: The folder.
        names: Their paths in it.
        classes: What labels them; None if nothing does.
        store: The images.
        rows: Which of the files are examples.
    """

    root: pathlib.Path
    names: list[str]
    classes: list[str] | None
    store: CachedStore
    rows: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """[rows] numbers that order examples: hashes of paths, the same everywhere."""
        keys = b"".join(
            hashlib.sha256(os.fsencode(self.names[row].replace(os.sep, "/"))).digest()
            for row in self.rows
        )
        return np.frombuffer(keys, ">u8").reshape(-1, 4)[:, 0].astype(np.uint64)

    @property
    def used_classes(self) -> list[str]:
        assert self.classes is not None
        return [self.classes[row] for row in self.rows]


def _roots(path: pathlib.Path, test_folder: str | None) -> list[pathlib.Path]:
    """Returns the folder of all images, or those to train and to test on."""
    found = folder_files.folders(path)
    tests = [name for name in found if name in _TEST]
    if test_folder is not None:
        if test_folder not in tests or _TRAIN not in found:
            raise InputError(
                f"{path} has no folders {_TRAIN} and {test_folder}, which "
                f"{_FACTORY}.test_folder names (one of {', '.join(_TEST)})."
            )
        ignored, tests = set(tests), [test_folder]
    else:
        ignored = set(tests)
    if not tests and _TRAIN not in found:
        return [path]
    if len(tests) > 1:
        raise InputError(
            f"{path} has the folders {' and '.join(tests)}. Say which to test on: "
            f"{_FACTORY}.test_folder = '{tests[0]}'."
        )
    if _TRAIN not in found:
        raise InputError(
            f"{path} has the folder {tests[0]}, but no folder {_TRAIN}. Make one; if "
            f"{tests[0]} is a class, rename it."
        )
    _check_rest(path, [name for name in found if name not in {_TRAIN, *ignored}])
    return [path / name for name in (_TRAIN, *tests)]


def _check_rest(path: pathlib.Path, others: Sequence[str]) -> None:
    """Refuses images beside the folder to train on."""
    files = [each.name for each in os.scandir(path) if each.is_file()]
    images = [name for name in files if folder_files.is_image(name)]
    for name in (*sorted(images), *others):
        if name in images or folder_files.find(path / name):
            raise InputError(
                f"{path} has the folder {_TRAIN}, and images in {name} beside it, "
                f"which would not be read. Move them; if {_TRAIN} is a class, rename "
                "it."
            )


def _read(
    root: pathlib.Path,
    path: pathlib.Path,
    labelled: bool | None,
    policy: Policy,
    preparation: Preparation,
) -> _Files:
    names = folder_files.find(root)
    if not names:
        raise InputError(f"{root} has no PNG or JPEG files.")
    classes = None if labelled is False else _classes(root, path, names, labelled)
    found = inspection.remembered(root, names, decode=policy.corrupt == "skip")
    paths = [os.path.join(root, name) for name in names]
    rows = image_policy.usable(paths.__getitem__, found, preparation, policy, _FACTORY)

    def feed(digest: Any) -> None:
        digest.update(f"alpha {policy.alpha}".encode())
        digest.update(np.ascontiguousarray(found.hashes).data)

    store = EncodedStore(
        len(names),
        _reader(paths, (found.headers[:, 4] != 0) & (policy.alpha == "white")),
        preparation,
        describe=paths.__getitem__,
        feed=feed,
    )
    return _Files(root, names, classes, CachedStore(store), rows)


def _reader(
    paths: list[str], on_white: np.ndarray
) -> Callable[[np.ndarray], list[bytes]]:
    """Returns a function from rows to the contents of files."""

    def fetch(rows: np.ndarray) -> list[bytes]:
        contents = []
        for row in rows:
            try:
                content = pathlib.Path(paths[row]).read_bytes()
            except OSError as error:
                raise InputError(
                    f"Cannot read {paths[row]}: {error.strerror}."
                ) from error
            if on_white[row]:
                content = image_policy.without_transparency(content)
            contents.append(content)
        return contents

    return fetch


def _classes(
    root: pathlib.Path, path: pathlib.Path, names: list[str], labelled: bool | None
) -> list[str] | None:
    """Returns the class of each file, None if there are none."""
    if (root / LABELS).is_file():
        return folder_files.read_labels(root / LABELS, names, all_used=True)
    if root != path and (path / LABELS).is_file():
        raise InputError(
            f"{path / LABELS} labels images of {root.name}: put a file of its own into "
            f"{root}, with paths from there."
        )
    classes = folder_files.classes_of_folders(names)
    within = {name.split(os.sep)[0] for name in names if os.sep in name}
    if classes is None and not within and labelled is None:
        return None
    if classes is None:
        alone = next(name for name in names if os.sep not in name)
        raise InputError(
            f"{root / alone} is in no folder of a class. Move it into one, or write "
            f"{LABELS}, or train without labels: {_FACTORY}.labelled = False."
        )
    empty = [name for name in folder_files.folders(root) if name not in within]
    if empty:
        raise InputError(
            f"{root / empty[0]} is the folder of a class, and has no images. Remove "
            "it, or put some into it."
        )
    return classes


def _number(
    path: pathlib.Path, found: list[_Files]
) -> tuple[list[own.Part], tuple[str, ...] | None]:
    """Returns the parts with their labels, and the names of classes."""
    labels: list[np.ndarray | None] = [None for _ in found]
    names = None
    if any(each.classes is not None for each in found):
        _check_classes(path, found)
        everything = [name for each in found for name in each.used_classes]
        numbers, names = folder_files.numbered(everything)
        assert numbers is not None
        num = len(found[0].rows)
        labels[0] = numbers[:num]
        labels[1:] = [numbers[num:]] * (len(found) - 1)
    parts = [
        own.Part(each.root, each.store, each.rows, known, each.keys)
        for each, known in zip(found, labels, strict=True)
    ]
    return parts, names


def _check_classes(path: pathlib.Path, found: list[_Files]) -> None:
    """Refuses images to train and to test on that are not of the same classes."""
    for each in found:
        if each.classes is None:
            raise InputError(
                f"{each.root} has no labels, unlike the other folder in {path}. Put "
                "its images into folders, too, or train without labels: "
                f"{_FACTORY}.labelled = False."
            )
    known = [set(each.used_classes) - set(folder_files.UNLABELLED) for each in found]
    for one, other in ((0, -1), (-1, 0)):
        alone = sorted(known[one] - known[other])
        if alone:
            raise InputError(
                f"Class {alone[0]!r} has images in {found[one].root}, and none in "
                f"{found[other].root}: images to train and to test on are of the same "
                "classes."
            )
