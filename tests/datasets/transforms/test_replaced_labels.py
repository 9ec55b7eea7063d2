"""Other labels: a single one, random ones, those of a file."""

import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.datasets.transforms.partial_labels import labelled_only
from compare_ssgan.datasets.transforms.replaced_labels import random, replace, single
from compare_ssgan.errors import InputError

NUM = 6
LABELS = np.array([0, 1, 2, 0, 1, 2])
SOFT = np.array([[0.5, 0.5, 0], [0, 1, 0], [0.2, 0.3, 0.5]] * 2, np.float32)


def dataset(num_classes=3, labels=LABELS):
    images = np.zeros((NUM, 1, 1, 1), np.uint8)
    split = array_split(Arrays(images, labels if num_classes else None), num_classes)
    names = ("a", "b", "c") if num_classes else None
    return Dataset("own", (1, 1, 1), num_classes, split, split, names)


def save(directory, name="file.npz", **arrays):
    np.savez(directory / name, **arrays)


@pytest.mark.parametrize("num_classes", [0, 3])
def test_a_single_label_is_that_of_every_example(num_classes):
    found = single()(dataset(num_classes))
    assert (found.num_classes, found.class_names) == (1, None)
    assert not found.own_classes
    for split in (found.train, found.test):
        batch = next(split.evaluation_batches(NUM, NUM))
        np.testing.assert_array_equal(batch.labels, np.ones((NUM, 1)))


def test_random_labels_are_uniform_and_stay_those_of_the_example():
    whole = synthetic(image_shape=(1, 1, 1), num_classes=10, num_examples=5000)
    found = random(num_classes=4, seed=1)(whole)
    labels = found.train.labels
    # A standard deviation of 31.
    np.testing.assert_allclose(np.bincount(labels), 1250, atol=130)
    np.testing.assert_array_equal(
        random(num_classes=4, seed=1)(whole).train.labels, labels
    )
    assert (random(num_classes=4, seed=2)(whole).train.labels != labels).any()
    some = np.array([40, 2, 7])
    part = whole._replace(train=whole.train.take(some))
    again = random(num_classes=4, seed=1)(part)
    np.testing.assert_array_equal(again.train.labels, labels[some])


def test_random_labels_are_of_other_classes_and_the_test_split_has_none():
    found = random()(dataset())
    assert found.num_classes == 3
    assert found.class_names is None
    assert not found.own_classes
    np.testing.assert_array_equal(found.test.labels, np.full(NUM, -1))
    assert random(num_classes=2)(dataset(0)).train.labels.max() < 2
    with pytest.raises(InputError, match=r"set labels.random.num_classes"):
        random()(dataset(0))


@pytest.mark.parametrize("suffix", ["npz", "npy", "csv"])
@pytest.mark.parametrize("soft", [False, True])
def test_labels_are_those_of_the_file_by_id(directory, suffix, soft):
    values = SOFT if soft else LABELS[::-1]
    order = np.array([3, 0, 5, 1, 4, 2])
    if suffix == "npz":
        save(directory, ids=order, labels=values[order])
    elif suffix == "npy":
        np.save(directory / "file.npy", values)
    else:
        rows = values[order][:, None] if not soft else values[order]
        lines = ["id,p0,p1,p2" if soft else "id,label"]
        for number, row in zip(order, rows, strict=True):
            lines.append(",".join([str(number), *map(str, row)]))
        (directory / "file.csv").write_text("\n".join(lines) + "\n")
    found = replace(file=f"file.{suffix}")(dataset())
    np.testing.assert_array_equal(found.train.labels, values)
    assert found.train.labels.dtype == ("float32" if soft else "int64")
    batch = next(found.train.evaluation_batches(NUM, NUM))
    expected = values if soft else np.eye(3)[values]
    np.testing.assert_array_equal(batch.labels, expected)
    assert batch.labels.dtype == "float32"


def test_labels_of_the_same_classes_leave_names_and_the_test_split_alone(directory):
    np.save(directory / "file.npy", LABELS[::-1])
    found = replace(file="file.npy")(dataset())
    assert found.class_names == ("a", "b", "c")
    assert found.own_classes
    assert found.test.content_hash == dataset().test.content_hash
    assert found.train.content_hash != dataset().train.content_hash


def test_labels_of_other_classes_leave_the_test_split_without_any(directory):
    np.save(directory / "file.npy", [0, 4, 3, 2, 1, 0])
    found = replace(file="file.npy", num_classes=5)(dataset())
    assert (found.num_classes, found.class_names) == (5, None)
    assert not found.own_classes
    np.testing.assert_array_equal(found.test.labels, np.full(NUM, -1))


@pytest.mark.parametrize("num_classes", [None, 3])
def test_the_test_split_can_have_a_file_of_its_own(directory, num_classes):
    np.save(directory / "train.npy", LABELS)
    np.save(directory / "test.npy", SOFT)
    transform = replace(file="train.npy", test_file="test.npy", num_classes=num_classes)
    found = transform(dataset())
    np.testing.assert_array_equal(found.train.labels, LABELS)
    np.testing.assert_array_equal(found.test.labels, SOFT)


def test_the_softmax_of_logits_is_taken(directory):
    logits = np.random.default_rng(0).normal(size=(NUM, 3)) * 50
    np.save(directory / "file.npy", logits)
    found = replace(file="file.npy", logits=True)(dataset()).train.labels
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_unlabelled_examples_are_written_or_missing(directory):
    save(directory, ids=np.array([4, 1, 0]), labels=np.array([2, -1, 1]))
    found = replace(file="file.npz", missing="unlabelled")(dataset()).train.labels
    np.testing.assert_array_equal(found, [1, -1, -1, -1, 2, -1])
    save(directory, ids=np.array([4]), labels=SOFT[:1])
    found = replace(file="file.npz", missing="unlabelled")(dataset()).train.labels
    np.testing.assert_array_equal(found, np.eye(NUM)[:, 4:5] * SOFT[:1])
    only = labelled_only()(replace(file="file.npz", missing="unlabelled")(dataset()))
    np.testing.assert_array_equal(only.train.ids, [4])


def test_nothing_is_read_before_labels_are_asked_for(directory):
    found = replace(file="none.npz")(dataset())
    assert found.train.num_examples == NUM
    with pytest.raises(InputError, match=r"There is no file of labels .*none.npz"):
        found.train.labels  # noqa: B018


IDS = np.arange(NUM)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"ids": IDS + 1, "labels": LABELS},
            r"has example 6, which.*lacks example 0.*come after.*missing = 'unl",
        ),
        ({"ids": IDS[:4], "labels": LABELS[:4]}, r"lacks example 4, 5. Set .*missing"),
        ({"ids": np.arange(7), "labels": np.zeros(7, int)}, r"not\. Transforms that"),
        ({"ids": IDS // 2, "labels": LABELS}, r"more than one row of example 0, 1, 2"),
        ({"ids": IDS, "labels": LABELS + 1}, r"example 2 is 3, but there are 3 cl"),
        ({"ids": IDS, "labels": LABELS - 2}, r"example 0 is -2"),
        ({"ids": IDS, "labels": SOFT[:, :2]}, r"2 columns of classes, .*are 3"),
        ({"ids": IDS, "labels": SOFT * 2}, r"example 0 is no distribution.*sum is 2"),
        ({"ids": IDS, "labels": SOFT - 1}, r"no distribution.*from -1 to"),
        ({"ids": IDS, "labels": SOFT * np.nan}, r"not finite: example 0, 1, 2 and 3"),
        ({"ids": IDS[:5], "labels": LABELS}, r"ids are int64 \[5\], for 6 rows"),
        ({"ids": IDS * 1.0, "labels": LABELS}, r"ids are float64"),
        ({"ids": IDS, "labels": LABELS * 1.0}, r"labels are float64 \[6\]"),
        ({"ids": IDS, "labels": np.array(list("abcdef"))}, r"labels are <U1"),
        ({"labels": LABELS}, r"has no array ids\. It is an .npz"),
        ({"x": LABELS}, r"no array ids and no labels"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(directory, arrays, message):
    save(directory, **arrays)
    split = replace(file="file.npz")(dataset()).train
    with pytest.raises(InputError, match=rf"file\.npz.*{message}"):
        split.labels  # noqa: B018


def test_logits_of_hard_labels_are_refused(directory):
    save(directory, ids=IDS, labels=LABELS)
    split = replace(file="file.npz", logits=True)(dataset()).train
    with pytest.raises(InputError, match=r"no logits. Remove labels.replace.logits"):
        split.labels  # noqa: B018


def test_without_a_data_directory_there_is_no_file():
    base.set_data_directory(None)
    split = replace(file="file.npz")(dataset()).train
    with pytest.raises(InputError, match=r"file.npz .*--data_dir names, and none is"):
        split.labels  # noqa: B018


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"file": "/data/file.npz"}, "without a directory, not '/data/file.npz'"),
        ({"file": "../file.npz"}, "without a directory"),
        ({"file": ""}, "is the name of a file"),
        ({}, r"labels.replace.file is the name"),
        ({"file": "a.npz", "test_file": "b/a.npz"}, "labels.replace.test_file is"),
        ({"file": "a.npz", "num_classes": 0}, "num_classes must be a positive"),
        ({"file": "a.npz", "missing": "ignored"}, "'refused' or 'unlabelled'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        replace(**options)


def test_a_dataset_without_classes_has_to_be_told_how_many():
    with pytest.raises(InputError, match=r"set labels.replace.num_classes"):
        replace(file="a.npz")(dataset(0))


@pytest.mark.parametrize("options", [{"num_classes": 0}, {"seed": 2.5}])
def test_random_labels_of_no_class_are_refused(options):
    with pytest.raises(InputError, match=f"labels.random.{next(iter(options))}"):
        random(**options)
