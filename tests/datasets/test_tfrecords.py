"""TFRecord files of one's own images."""

import re

import numpy as np
import pytest
import tensorflow as tf
from image_bytes import jpeg, png, smooth

from compare_ssgan.datasets import base
from compare_ssgan.datasets.stores import example_records
from compare_ssgan.datasets.tfrecords import tfrecords
from compare_ssgan.errors import InputError

IMAGES = [smooth() for _ in range(12)]
PNGS = [png(image) for image in IMAGES]
GREY = png(IMAGES[0][..., :1])


def example(**features):
    """A record; names with / are written with __."""
    found = {}
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        kind = {bytes: "bytes_list", int: "int64_list", float: "float_list"}
        found[name.replace("__", "/")] = {kind[type(values[0])]: {"value": values}}
    features = tf.train.Features(feature=found)
    return tf.train.Example(features=features).SerializeToString()


def write(directory, files):
    (directory / "own").mkdir(exist_ok=True)
    for name, records in files.items():
        with tf.io.TFRecordWriter(str(directory / "own" / name)) as writer:
            for record in records:
                writer.write(record)


def make(directory, files, **options):
    write(directory, files)
    return tfrecords(**{"name": "own", "size": 12, **options})


def pixels(split):
    (batch,) = split.evaluation_batches(split.num_examples, split.num_examples)
    return np.rint(batch.images * 255).astype(np.uint8)


def labelled(rows, number=3):
    return [example(image=PNGS[i], label=i % number) for i in rows]


@pytest.mark.parametrize(
    "names",
    [
        ("train.tfrecord", "test.tfrecord"),
        ("own-train.tfrecords", "own-validation.tfrecords"),
        (
            "flowers_train.tfrecord-00000-of-00001",
            "flowers_val.tfrecord-00000-of-00001",
        ),
        ("train-00000-of-00001", "valid-00000-of-00001"),
    ],
)
def test_parts_are_told_by_their_names(directory, names):
    files = dict(zip(names, (labelled(range(8)), labelled(range(8, 12))), strict=True))
    dataset = make(directory, files)
    assert (dataset.name, dataset.num_classes) == ("own_12", 3)
    assert list(dataset.train.labels) == [i % 3 for i in range(8)]
    assert list(dataset.test.labels) == [i % 3 for i in range(8, 12)]


def test_images_are_those_of_the_records(directory):
    parts = {"train": range(8), "test": range(8, 12)}
    files = {f"{part}.tfrecord": labelled(rows) for part, rows in parts.items()}
    dataset = make(directory, files)
    np.testing.assert_array_equal(pixels(dataset.train), IMAGES[:8])
    np.testing.assert_array_equal(pixels(dataset.test), IMAGES[8:])


def test_files_in_shards_are_one_set(directory):
    shards = {
        f"own-{i:05d}-of-00003": labelled(range(4 * i, 4 * i + 4)) for i in range(3)
    }
    dataset = make(directory, shards, test_share=0.25)
    assert list(np.bincount(dataset.test.labels)) == [1, 1, 1]
    assert list(dataset.train.labels) == [i % 3 for i in dataset.train.ids]
    expected = [IMAGES[i] for i in dataset.test.ids]
    np.testing.assert_array_equal(pixels(dataset.test), expected)
    (directory / "own" / "own-00001-of-00003").unlink()
    with pytest.raises(InputError, match=r"lacks own-00001-of-00003 \(1 of 3 files"):
        tfrecords(name="own", size=12)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("image__encoded", "image__class__label"), {"first_label": 1}),
        (("image", "labels"), {"first_label": 1}),
        (
            ("jpeg", "kind"),
            {"image_key": "jpeg", "label_key": "kind", "first_label": 1},
        ),
    ],
)
def test_features_are_found_by_usual_names_or_named(directory, names, options):
    image, label = names
    other = {"height": 12, "filename": b"x.png"}
    records = [
        example(**{image: PNGS[i], label: i % 2 + 1, **other}) for i in range(12)
    ]
    dataset = make(directory, {"all.tfrecord": records}, **options)
    assert dataset.num_classes == 2
    assert list(dataset.train.labels) == [i % 2 for i in dataset.train.ids]


def test_labels_may_be_soft_missing_or_unwanted(directory):
    soft = [[0.25, 0.75], [0.0, 0.0], [1.0, 0.0]]
    records = [example(image=PNGS[i], label=soft[i % 3]) for i in range(12)]
    dataset = make(directory, {"all.tfrecord": records})
    expected = np.array([soft[i % 3] for i in dataset.train.ids])
    np.testing.assert_allclose(dataset.train.labels, expected)
    dataset = make(directory, {"all.tfrecord": labelled(range(12))}, labelled=False)
    assert dataset.num_classes == 0
    records = [example(image=PNGS[i], label=i % 2 - 1) for i in range(12)]
    dataset = make(directory, {"all.tfrecord": records})
    assert list(dataset.train.labels) == [i % 2 - 1 for i in dataset.train.ids]


@pytest.mark.parametrize("kind", ["height", "shape", "channels first"])
def test_images_may_be_bytes_with_a_shape(directory, kind):
    records = []
    for image in IMAGES:
        features = {"height": 12, "width": 12, "depth": 3}
        if kind != "height":
            image = image.transpose(2, 0, 1) if kind == "channels first" else image
            features = {"shape": list(image.shape)}
        records.append(example(image_raw=image.tobytes(), **features))
    dataset = make(directory, {"all.tfrecord": records})
    np.testing.assert_array_equal(
        pixels(dataset.train), [IMAGES[i] for i in dataset.train.ids]
    )


def test_records_are_read_once_for_their_labels(directory, monkeypatch):
    write(directory, {"all.tfrecord": labelled(range(12))})
    scans = []
    scan = example_records.ExampleRecords._scan

    def spy(self, decode):
        scans.append(decode)
        return scan(self, decode)

    monkeypatch.setattr(example_records.ExampleRecords, "_scan", spy)
    hashes = {make(directory, {}).train.content_hash for _ in range(2)}
    assert scans == [False]
    changed = make(directory, {"all.tfrecord": labelled(range(11, -1, -1))})
    assert changed.train.content_hash not in hashes
    assert len(hashes) == 1
    assert scans == [False, False]


def test_damaged_images_are_left_out_where_the_user_says_so(directory, caplog):
    damaged = bytearray(PNGS[2])
    damaged[60] ^= 255
    records = labelled(range(12))
    records[2] = example(image=bytes(damaged), label=2)
    records[5] = example(image=b"", label=2)
    dataset = make(directory, {"all.tfrecord": records}, corrupt="skip")
    assert "2 of 12 images are left out" in caplog.text
    assert "all.tfrecord, record 2: it is truncated or damaged" in caplog.text
    assert dataset.name == "own_12_subset"
    ids = {*dataset.train.ids, *dataset.test.ids}
    assert ids == set(range(12)) - {2, 5}


WRONG = [
    ({}, {}, "has no TFRecord files"),
    ({"a.tfrecord.gz": []}, {}, "a.tfrecord.gz .* decompress it"),
    ({"a.tfrecord": []}, {}, "has no records"),
    ({"a.tfrecord": [b"\xff"]}, {}, "a.tfrecord, record 0 is no tf.train.Example"),
    ({"a.tfrecord": [example(pixels=b"x")]}, {}, r"no image called .*pixels \(bytes_l"),
    ({"a.tfrecord": [example(image=1)]}, {}, r"no image called .*image \(int64_list\)"),
    (
        {"a.tfrecord": [example(image=PNGS[0], img=PNGS[0])]},
        {},
        "which is it.*image_key",
    ),
    ({"a.tfrecord": labelled([0])}, {"image_key": "x"}, "which is it.*image_key"),
    ({"a.tfrecord": labelled([0])}, {"label_key": "x"}, "which is it.*label_key"),
    (
        {"a.tfrecord": [*labelled([0]), example(image=PNGS[0])]},
        {},
        "record 1 has not the features of the first",
    ),
    ({"a.tfrecord": labelled([0, 1])}, {"first_label": 1}, "record 0 has the label 0"),
    ({"a.tfrecord": [example(image=b"abc", label=0)]}, {}, "record 0 is no image"),
    (
        {"a.tfrecord": [example(image=b"abc", height=2, width=2, depth=3)]},
        {},
        r"its 3 bytes are no image \[2, 2, 3\]",
    ),
    (
        {"a.tfrecord": [example(image=GREY)]},
        {},
        r"record 0 is greyscale.*tfrecords.conv",
    ),
    ({"a.tfrecord": [example(image=jpeg(IMAGES[0])[:-30])]}, {}, "it is truncated"),
    ({"a.tfrecord": labelled([0])}, {"size": 16}, "record 0 is too small to be 16x16"),
    ({"a.tfrecord": labelled([0, 1])}, {}, "one image of class 0 only"),
    ({"a.tfrecord": labelled([0, 1])}, {"size": 0}, "tfrecords.size must be positive"),
    ({"train_test.tfrecord": []}, {}, "has test and train. Rename"),
    ({"train.tfrecord": [], "a.tfrecord": []}, {}, "a.tfrecord is neither"),
    ({"test.tfrecord": []}, {}, "none to train on"),
    (
        {f"{part}.tfrecord": labelled(range(3)) for part in ("train", "test", "val")},
        {},
        "files of test and val.*test_part = 'test'",
    ),
    ({"train.tfrecord": labelled(range(3))}, {"test_part": "val"}, "no files of val"),
    (
        {"train.tfrecord": labelled(range(3)), "test.tfrecord": [example(img=PNGS[0])]},
        {},
        "have different features",
    ),
    (
        {f"{part}.tfrecord": labelled(range(3)) for part in ("train", "test")},
        {"test_share": 0.5},
        "nothing is held out",
    ),
    (
        {"a.tfrecord": []},
        {"label_key": "x", "labelled": False},
        "tfrecords.label_key without effect",
    ),
]


@pytest.mark.parametrize(("files", "options", "message"), WRONG)
def test_wrong_files_are_named_with_what_to_do(directory, files, options, message):
    with pytest.raises(InputError, match=re.compile(message, re.DOTALL)):
        make(directory, files, **options)


def test_a_truncated_file_is_named(directory):
    write(directory, {"all.tfrecord": labelled(range(12))})
    path = directory / "own" / "all.tfrecord"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"all.tfrecord, record 11.*truncated"):
        make(directory, {})


def test_a_folder_that_is_not_there_is_told_with_what_belongs_there(directory):
    message = f"names, and there is no {directory}.flowers.*train.tfrecord"
    with pytest.raises(InputError, match=message):
        tfrecords(name="flowers", num_classes=5)
    base.set_data_directory(None)
    with pytest.raises(InputError, match="names, and none is named"):
        tfrecords(name="flowers")
