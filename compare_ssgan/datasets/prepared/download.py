"""Downloading and preparing sets with tensorflow-datasets (TFDS)."""

import pathlib
from typing import Any

from compare_ssgan.datasets import base
from compare_ssgan.datasets.prepared import directory as directories
from compare_ssgan.datasets.prepared.disk import check_disk
from compare_ssgan.datasets.prepared.recipe import Recipe
from compare_ssgan.errors import InputError

_MANUAL = pathlib.Path("downloads", "manual")


def download(recipe: Recipe) -> None:
    """Downloads and prepares a set in --data_dir, or says that it is prepared.

    What is interrupted is no prepared set, and files that were downloaded completely
    are not downloaded again.

    Raises:
        InputError: If no directory is named, the user has to fetch files first, the
            disk is too small, or TFDS fails.
        OSError: If files cannot be written, or the disk is full after all.
    """
    directory = base.data_directory()
    if directory is None:
        raise InputError(
            f"{recipe.name} is prepared in the directory that --data_dir names, and "
            f"none is named: `compare_ssgan data get {recipe.name} --data_dir DIR`."
        )
    done = directories.newest(directory / recipe.builder)
    if done is not None:
        print(f"{recipe.name} is prepared already: {done}")
        return
    _check_manual(recipe, directory)
    import tensorflow_datasets as tfds

    prepare(recipe, tfds.builder(recipe.builder, data_dir=directory), directory)
    print(f"{recipe.name} is prepared: {directory / recipe.builder}")


def prepare(recipe: Recipe, builder: Any, directory: pathlib.Path) -> None:
    """Lets a builder of TFDS download and prepare; see `download`.

    Args:
        recipe: For messages, and for the room on the disk.
        builder: The builder, which writes below `directory`.
        directory: What --data_dir names.
    """
    import requests
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import download_manager

    # TFDS knows sizes of sets only from a server of its own, if at all.
    sizes = (builder.info.download_size, builder.info.dataset_size)
    known = sum(int(size) for size in sizes if size is not None)
    check_disk(directory, max(known, recipe.disk), recipe.name)
    # It attempts ten times, and waits longer before each.
    print(
        f"{recipe.name}: downloading with tensorflow-datasets. It tries for four "
        "minutes where no server answers, and says nothing meanwhile.",
        flush=True,
    )
    retry = f"`compare_ssgan data get {recipe.name} --data_dir {directory}` tries again"
    try:
        builder.download_and_prepare()
    except tfds.download.DownloadError as error:
        raise InputError(
            f"{recipe.name} cannot be downloaded: {_line(error)} {retry}."
        ) from error
    except requests.exceptions.RequestException as error:
        raise InputError(
            f"{recipe.name} cannot be downloaded: no connection, or it broke: "
            f"{_line(error)} {retry}."
        ) from error
    except download_manager.NonMatchingChecksumError as error:
        raise InputError(
            f"{recipe.name}: a downloaded file is not the published one: "
            f"{_line(error)} Remove it; {retry}."
        ) from error
    except ModuleNotFoundError as error:
        raise InputError(
            f"tensorflow-datasets needs the Python package {error.name} to prepare "
            f"{recipe.name}. Install it; {retry}."
        ) from error


def _check_manual(recipe: Recipe, directory: pathlib.Path) -> None:
    """Refuses to start without the files that the user has to fetch."""
    manual = directory / _MANUAL
    missing = [name for name in recipe.manual if not (manual / name).is_file()]
    if missing:
        raise InputError(
            f"{recipe.name} is not downloaded by anyone but you, by its licence: put "
            f"{' and '.join(missing)} into {manual}. {recipe.manual_source}"
        )


def _line(error: Exception) -> str:
    """Returns an error's message in one line that ends as a sentence."""
    return " ".join(str(error).split()).rstrip(".") + "."
