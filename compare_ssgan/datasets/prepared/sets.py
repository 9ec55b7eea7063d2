"""Datasets that tensorflow-datasets (TFDS) prepares in --data_dir."""

import functools
import pathlib
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import StoredSplit, lazy_array_split
from compare_ssgan.datasets.prepared import directory as directories
from compare_ssgan.datasets.prepared.directory import Prepared, PreparedSplit
from compare_ssgan.datasets.prepared.download import download
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.stores.cached import CachedStore
from compare_ssgan.datasets.stores.encoded import EncodedStore
from compare_ssgan.datasets.stores.store import Store
from compare_ssgan.datasets.stores.tfds_records import TfdsRecords
from compare_ssgan.errors import InputError


def tfds_dataset(recipe: Recipe) -> Dataset:
    """Returns a dataset of the newest version that TFDS has prepared in --data_dir.

    Without one, a dataset to describe, whose splits raise an `InputError` when they
    are read. With other numbers of examples than the complete set has it is called
    NAME_subset: its numbers are not those of the whole. Images stay encoded on disk,
    and a batch reads its own; those that fit in memory stay there once they are
    decoded.

    Raises:
        InputError: If the directory is damaged, or is that of another set.
    """
    directory = base.data_directory()
    get = functools.partial(download, recipe)
    path = None if directory is None else directories.newest(_home(recipe))
    if path is None:
        return _unread(recipe)._replace(get=get)
    prepared = directories.read(path, repair(recipe))
    _check(recipe, prepared)
    train, test = _splits(recipe, prepared)
    sizes = (recipe.train.num_examples, recipe.test.num_examples)
    full = (train.num_examples, test.num_examples) == sizes
    names = None if recipe.label is None else prepared.class_names[recipe.label]
    return _dataset(recipe, train, test)._replace(
        name=_name(recipe) + ("" if full else "_subset"),
        class_names=names,
        get=get,
        files=path,
    )


def repair(recipe: Recipe) -> str:
    """Returns the sentence that says how to get files that are right."""
    return (
        f"Remove {_home(recipe)} and prepare it again: `compare_ssgan data get "
        f"{recipe.name} --data_dir {base.data_directory()}`."
    )


def _home(recipe: Recipe) -> pathlib.Path:
    directory = base.data_directory()
    assert directory is not None
    return directory / recipe.builder


def _name(recipe: Recipe) -> str:
    return recipe.name + recipe.variant


def _dataset(recipe: Recipe, train: StoredSplit, test: StoredSplit) -> Dataset:
    height, width, channels = recipe.preparation[:3]
    shape = (height, width, channels)
    return Dataset(_name(recipe), shape, recipe.num_classes, train, test)


def _unread(recipe: Recipe) -> Dataset:
    """Returns a dataset without files."""
    directory = base.data_directory()

    def refuse() -> NoReturn:
        where = "the directory that --data_dir names, and none is named"
        if directory is not None:
            where = f"{directory}, where it is not prepared"
        raise InputError(
            f"{recipe.name} is read from {recipe.builder} in {where}. "
            f"`compare_ssgan data get {recipe.name} --data_dir {directory or 'DIR'}` "
            f"prepares it.{_arrays(recipe, directory)}"
        )

    train, test = (
        lazy_array_split(source.num_examples, recipe.num_classes, refuse)
        for source in (recipe.train, recipe.test)
    )
    return _dataset(recipe, train, test)


def _arrays(recipe: Recipe, directory: pathlib.Path | None) -> str:
    """Returns what to do with a file of arrays of that name, if there is one."""
    if directory is None or not (directory / f"{recipe.name}.npz").is_file():
        return ""
    return (
        f" To train on {directory / recipe.name}.npz instead: --dataset arrays --set "
        f"\"datasets.arrays.name = '{recipe.name}'\"."
    )


def _check(recipe: Recipe, prepared: Prepared) -> None:
    for source in (recipe.train, recipe.test):
        for name in source.sizes:
            if name in prepared.splits and prepared.splits[name].num_examples:
                continue
            raise InputError(
                f"{prepared.path} has no examples of the split '{name}', which "
                f"{recipe.name} needs. {repair(recipe)}"
            )
    if not prepared.has_images:
        raise InputError(f"{prepared.path} has no images. {repair(recipe)}")
    if recipe.label is None:
        return
    found = len(prepared.class_names.get(recipe.label, ()))
    if found != recipe.num_classes:
        raise InputError(
            f"{prepared.path} has {found} classes as '{recipe.label}', and "
            f"{recipe.name} has {recipe.num_classes}. {repair(recipe)}"
        )


def _splits(recipe: Recipe, prepared: Prepared) -> list[StoredSplit]:
    """Returns what is trained on and what is not; they may share their store."""
    stores: dict[tuple[str, ...], tuple[TfdsRecords, Store]] = {}
    splits = []
    for source in (recipe.train, recipe.test):
        names = tuple(source.sizes)
        if names not in stores:
            stores[names] = _store(recipe, [prepared.splits[name] for name in names])
        splits.append(_split(recipe, source, *stores[names]))
    return splits


def _store(recipe: Recipe, parts: Sequence[PreparedSplit]) -> tuple[TfdsRecords, Store]:
    files = [file for part in parts for file in part.files]
    total = sum(part.num_examples for part in parts)
    records = TfdsRecords(files, total, repair(recipe))
    store = EncodedStore(
        total,
        records.images,
        recipe.preparation,
        describe=records.describe,
        feed=records.feed,
    )
    return records, CachedStore(store)


def _split(
    recipe: Recipe, source: Source, records: TfdsRecords, store: Store
) -> StoredSplit:
    total = store.num_examples
    first, last = source.range(total)

    def labels() -> np.ndarray | None:
        if recipe.label is None:
            return None
        return records.labels(recipe.label, recipe.num_classes)[first:last]

    rows = None if (first, last) == (0, total) else np.arange(first, last)
    return StoredSplit(store, recipe.num_classes, labels, rows)
