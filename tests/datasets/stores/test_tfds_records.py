import pathlib

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import cache
from compare_ssgan.datasets.stores.tfds_records import TfdsRecords
from compare_ssgan.errors import InputError


@pytest.fixture
def records(prepared, tmp_path, monkeypatch):
    """The 40 test images of CIFAR-10, and a cache of their own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    files = sorted((prepared / "cifar10" / "3.0.2").glob("*test*"))
    return TfdsRecords(files, 40, "Prepare it again.")


def test_images_stay_encoded_and_come_in_the_order_asked_for(records):
    images = records.images(np.array([7, 3, 7]))
    assert [image[:4] for image in images] == [b"\x89PNG"] * 3
    assert images[0] == images[2] != images[1]
    assert records.images(np.array([3])) == [images[1]]


def test_labels_that_were_kept_badly_are_read_again(records):
    labels = records.labels("label", 10)
    np.testing.assert_array_equal(labels, np.arange(40) % 10)
    (path,) = pathlib.Path(cache.directory() / "datasets").glob("labels_*.npy")
    path.write_bytes(path.read_bytes()[:20])
    np.testing.assert_array_equal(records.labels("label", 10), labels)


def test_a_label_that_is_no_class_is_named(records):
    with pytest.raises(
        InputError, match=r"test\S+, record 3 has the label 3, where there are 3 "
        r"classes\. Prepare it again\.",
    ):  # fmt: skip
        records.labels("label", 3)


def test_an_example_without_a_feature_is_named(records):
    with pytest.raises(
        InputError, match=r"record 0 is no example with the feature coarse\. Prepare it"
    ):
        records.labels("coarse", 10)


def test_a_record_that_is_no_example_is_named(tmp_path):
    path = tmp_path / "other.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(InputError, match=r"other\.tfrecord, record 0 is no example"):
        TfdsRecords([path], 1, "").images(np.array([0]))
