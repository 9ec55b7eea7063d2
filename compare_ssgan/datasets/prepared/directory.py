"""Directories in which tensorflow-datasets (TFDS) has prepared a set."""

import pathlib
import re
from typing import NamedTuple

from compare_ssgan.errors import InputError

INFO = "dataset_info.json"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class PreparedSplit(NamedTuple):
    """One of TFDS's splits.

    Attributes:
        files: Its files of records, in TFDS's order.
        num_examples: How many records they hold together.
    """

    files: tuple[pathlib.Path, ...]
    num_examples: int


class Prepared(NamedTuple):
    """What TFDS says about a directory that it has prepared.

    Attributes:
        path: The directory, of one version.
        splits: By name.
        class_names: Names of classes by label feature.
        has_images: Whether examples have a feature `image`.
    """

    path: pathlib.Path
    splits: dict[str, PreparedSplit]
    class_names: dict[str, tuple[str, ...]]
    has_images: bool


def newest(directory: pathlib.Path) -> pathlib.Path | None:
    """Returns the directory of the newest version, None where there is none.

    What an interrupted preparation leaves has another name.

    Args:
        directory: That of a builder, or of one of its configurations.
    """
    if not directory.is_dir():
        return None
    versions = {
        tuple(map(int, match.groups())): path
        for path in directory.iterdir()
        if path.is_dir() and (match := _VERSION.fullmatch(path.name))
    }
    return versions[max(versions)] if versions else None


def read(path: pathlib.Path, repair: str) -> Prepared:
    """Reads what TFDS says about a directory; opens no file of records.

    Args:
        path: Directory of one version.
        repair: A sentence that says how to get a directory that is right.

    Raises:
        InputError: If the directory is damaged.
    """
    if not (path / INFO).is_file():
        raise InputError(
            f"{path} has no {INFO}: it is not, or not completely, what "
            f"tensorflow-datasets prepared. {repair}"
        )
    # It takes seconds to import, which other datasets need not wait for.
    import tensorflow_datasets as tfds
    from google.protobuf import json_format

    try:
        builder = tfds.builder_from_directory(path)
        splits = {
            name: PreparedSplit(
                tuple(pathlib.Path(file) for file in split.filepaths),
                split.num_examples,
            )
            for name, split in builder.info.splits.items()
        }
    except (json_format.ParseError, OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read by tensorflow-datasets: {_line(error)} {repair}"
        ) from error
    for split in splits.values():
        missing = [file.name for file in split.files if not file.is_file()]
        if missing:
            raise InputError(
                f"{path} has no {missing[0]}: {len(missing)} of {len(split.files)} "
                f"files are missing. {repair}"
            )
    features = builder.info.features
    names = {
        key: tuple(feature.names)
        for key, feature in features.items()
        if isinstance(feature, tfds.features.ClassLabel)
    }
    return Prepared(path, splits, names, "image" in features)


def _line(error: Exception) -> str:
    """Returns an error's message as one sentence."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(".: ") + "."
