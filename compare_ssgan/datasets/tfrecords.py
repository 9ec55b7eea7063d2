"""TFRecord files of images of one's own."""

import pathlib
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import own
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.stores import image_policy
from compare_ssgan.datasets.stores.cached import CachedStore
from compare_ssgan.datasets.stores.decoding import Crop, Preparation, Resize
from compare_ssgan.datasets.stores.encoded import EncodedStore
from compare_ssgan.datasets.stores.example_records import ExampleRecords, detect
from compare_ssgan.datasets.stores.image_policy import Alpha, Corrupt, Kind, Policy
from compare_ssgan.datasets.stores.records import Records, open_records
from compare_ssgan.errors import InputError

_FACTORY = "datasets.tfrecords"
_TRAIN = "train"
_TEST = ("test", "valid", "val", "validation")
# NAME.tfrecord, NAME.tfrecords, and either, or neither, in shards.
_FILE = re.compile(
    r"(?P<stem>.+?)(?P<suffix>\.tfrecords?|\.array_record)?"
    r"(?:-(?P<shard>\d{5})-of-(?P<shards>\d{5}))?"
)
_PART = re.compile(rf"(?:^|[-_.])({'|'.join((_TRAIN, *_TEST))})(?=[-_.\d]|$)")


@config.register("datasets")
def tfrecords(
    *,
    name: str = config.REQUIRED,
    size: int = 64,
    channels: Literal[1, 3] = 3,
    crop: Crop = "middle",
    resize: Resize = "bilinear",
    antialias: bool = True,
    stretch: bool = False,
    enlarge: bool = False,
    image_key: str | None = None,
    label_key: str | None = None,
    labelled: bool = True,
    first_label: int = 0,
    num_classes: int | None = None,
    test_share: float | None = None,
    test_part: str | None = None,
    convert: Sequence[Kind] = (),
    alpha: Alpha = "refuse",
    corrupt: Corrupt = "refuse",
) -> Dataset:
    """Images in TFRecord files in a folder of --data_dir, cropped and resized.

    One's own images (no reference): records of tf.train.Example in NAME.tfrecord,
    NAME.tfrecords, NAME.tfrecord-00000-of-00005, NAME-00000-of-00005 or .array_record,
    uncompressed. NAME has train, and test (or valid, val, validation) in it, as a word
    of its own; or neither, or train only, and then a share of each class is held out,
    which depends on the record's number only. Images are PNG or JPEG, or bytes row by
    row with a feature shape, or height, width and depth. Labels are whole numbers, -1
    for none, or soft labels.

    All records are read once, for labels and sizes; this is kept in the cache directory
    until a file changes. What identifies the images in records are the checksums in
    the files.

    Args:
        name: Name of the folder in the directory that --data_dir names.
        size: Height and width of the examples.
        channels: 3 for colour, 1 for greyscale.
        crop: See `folder`.
        resize: "bilinear", "bicubic", "area" or "lanczos3".
        antialias: Whether a smaller image is filtered first.
        stretch: Whether "none" may distort images that are no squares.
        enlarge: Whether images may be smaller than `size`.
        image_key: Feature of the image; None for the one that is there of
            image/encoded, image, image_raw, img and data.
        label_key: Feature of the label; None for the one that is there of
            image/class/label, label and labels, or no labels.
        labelled: False for a set without labels, whatever there is.
        first_label: Number of the first class in the files, 1 for ImageNet's.
        num_classes: Number of classes, where some have no image; None for those that
            there are.
        test_share: Share of each class that is held out, one image at least; None for
            0.1. Only without files to test on.
        test_part: Which of test, valid, val and validation to test on, if there are
            several.
        convert: See `folder`.
        alpha: See `folder`.
        corrupt: "refuse" a record that is no image or damaged, or "skip"; see `folder`.

    Raises:
        InputError: If an option is wrong, there is no such folder, or its files do not
            fit the options.
    """
    preparation = Preparation(size, size, channels, crop, None, resize, antialias)
    policy = Policy(convert, alpha, corrupt, enlarge, stretch)
    own.check(name, preparation, policy, test_share, _FACTORY)
    if not labelled and label_key is not None:
        raise InputError(
            f"{_FACTORY}.labelled = False leaves {_FACTORY}.label_key without effect. "
            "Remove one of them."
        )
    full_name = own.full_name(name, preparation, policy, test_share)
    path = own.find(name)
    if path is None or not path.is_dir():
        raise InputError(
            f"The records {name!r} are read from the folder {name} in the directory "
            f"that --data_dir names, and {own.missing(path)}. It holds TFRecord files, "
            "train.tfrecord and test.tfrecord for example. "
            f"{_FACTORY}.name names another folder."
        )
    files = _files(path, test_part)
    keys = (image_key, label_key)
    opened = [_open(each, keys, labelled) for each in files]
    if len({examples.features for _, examples in opened}) > 1:
        raise InputError(
            f"The records of {files[0][0]} and {files[1][0]} have different features: "
            f"{opened[0][1].features}, {opened[1][1].features}. Name them alike."
        )
    parts = [
        _part(each, *records, first_label, policy, preparation)
        for each, records in zip(files, opened, strict=True)
    ]
    if len(parts) == 1:
        random = own.keys_of_positions(parts[0].store.num_examples)
        parts = [parts[0]._replace(keys=random[parts[0].rows])]
    train, test = own.split(path, parts, test_share, num_classes, _FACTORY)
    whole = all(len(part.rows) == part.store.num_examples for part in parts)
    return Dataset(
        full_name if whole else f"{full_name}_subset",
        (size, size, channels),
        train.num_classes,
        train,
        test,
        files=path,
    )


def _files(path: pathlib.Path, test_part: str | None) -> list[list[pathlib.Path]]:
    """Returns the files of all records, or of those to train and to test on."""
    found: dict[str, list[pathlib.Path]] = {}
    for file in sorted(path.iterdir()):
        matched = _FILE.fullmatch(file.name)
        if file.name.startswith(".") or not file.is_file():
            continue
        if matched is None or not (matched["suffix"] or matched["shard"]):
            if ".tfrecord" in file.name:
                raise InputError(
                    f"{file} is no name of a TFRecord file as they are read. If it is "
                    "compressed, decompress it; if not, rename or move it."
                )
            continue
        parts = set(_PART.findall(matched["stem"]))
        if len(parts) > 1:
            raise InputError(
                f"{file}: is it to train or to test on? Its name has "
                f"{' and '.join(sorted(parts))}. Rename it."
            )
        found.setdefault("".join(parts), []).append(file)
    if not found:
        raise InputError(f"{path} has no TFRecord files.")
    for files in found.values():
        _check_shards(files)
    if "" in found and len(found) > 1:
        named = next(files for part, files in found.items() if part)
        raise InputError(
            f"{named[0]} is to train or to test on, and {found[''][0]} is neither. "
            "Rename or move one of them."
        )
    if "" in found:
        return [found[""]]
    return _apart(path, found, test_part)


def _apart(
    path: pathlib.Path, found: dict[str, list[pathlib.Path]], test_part: str | None
) -> list[list[pathlib.Path]]:
    if _TRAIN not in found:
        raise InputError(
            f"{path} has files to test on, and none to train on: no name has "
            f"{_TRAIN} in it. Rename them."
        )
    tests = [part for part in found if part != _TRAIN]
    if test_part is not None:
        if test_part not in tests:
            raise InputError(
                f"{path} has no files of {test_part}, which {_FACTORY}.test_part "
                f"names (one of {', '.join(_TEST)})."
            )
        tests = [test_part]
    if len(tests) > 1:
        raise InputError(
            f"{path} has files of {' and '.join(tests)}. Say which to test on: "
            f"{_FACTORY}.test_part = '{tests[0]}'."
        )
    return [found[part] for part in (_TRAIN, *tests)]


def _check_shards(files: list[pathlib.Path]) -> None:
    """Refuses files of which some are missing."""
    matched = [_FILE.fullmatch(file.name) for file in files]
    shards: dict[tuple[str, str], set[int]] = {}
    for each in matched:
        assert each is not None
        if each["shards"] is not None:
            key = f"{each['stem']}{each['suffix'] or ''}", each["shards"]
            shards.setdefault(key, set()).add(int(each["shard"]))
    for (stem, num), present in shards.items():
        missing = set(range(int(num))) - present
        if missing:
            raise InputError(
                f"{files[0].parent} lacks {stem}-{min(missing):05d}-of-{num} "
                f"({len(missing)} of {int(num)} files are missing)."
            )


def _open(
    files: list[pathlib.Path], keys: tuple[str | None, str | None], labelled: bool
) -> tuple[Records, ExampleRecords]:
    records = open_records(files)
    if not records.num_records:
        raise InputError(f"{files[0]} has no records.")
    image_key, label_key = keys
    features = detect(
        records, _FACTORY, image_key=image_key, label_key=label_key, labelled=labelled
    )
    return records, ExampleRecords(files, records, features)


def _part(
    files: list[pathlib.Path],
    records: Records,
    examples: ExampleRecords,
    first_label: int,
    policy: Policy,
    preparation: Preparation,
) -> own.Part:
    labels, found = examples.scan(decode=policy.corrupt == "skip")
    rows = image_policy.usable(records.describe, found, preparation, policy, _FACTORY)
    on_white = (found.headers[:, 4] != 0) & (policy.alpha == "white")

    def fetch(wanted: np.ndarray) -> list[bytes]:
        contents = examples.fetch(wanted)
        for index in np.flatnonzero(on_white[wanted]):
            contents[index] = image_policy.without_transparency(contents[index])
        return contents

    def feed(digest: Any) -> None:
        digest.update(f"alpha {policy.alpha}".encode())
        digest.update(records.checksums.astype("<u4").tobytes())

    store = EncodedStore(
        records.num_records, fetch, preparation, describe=records.describe, feed=feed
    )
    if labels is not None:
        labels = _from_zero(labels, first_label, records)[rows]
    return own.Part(files[0], CachedStore(store), rows, labels, rows)


def _from_zero(labels: np.ndarray, first_label: int, records: Records) -> np.ndarray:
    """Returns labels that count from 0; -1 stays no label."""
    if labels.ndim == 2:
        if first_label:
            raise InputError(
                f"{records.describe(0)} has soft labels, which have no first one. "
                f"Remove {_FACTORY}.first_label."
            )
        return labels
    moved = np.where(labels == -1, -1, labels - first_label)
    wrong = np.flatnonzero((moved < 0) & (labels != -1))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            f"{records.describe(row)} has the label {labels[row]}; labels are from "
            f"{first_label} on ({_FACTORY}.first_label), -1 for none."
        )
    return moved
