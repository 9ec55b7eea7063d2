import numpy as np
import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import StoredSplit, array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.studies import data_report, data_text
from compare_ssgan.studies.data_report import Labels

SOFT = np.float32([[0.5, 0.5, 0], [0, 0, 0], [0.1, 0.2, 0.7], [0, 0, 0]])


class Decoded:
    """Images that take work to read: image k has the value k everywhere."""

    decodes = True
    image_shape = (2, 3, 1)

    def __init__(self, num_examples):
        self.num_examples = num_examples
        self.read_ids = []

    def read(self, ids, numbers):
        assert numbers is None
        self.read_ids.extend(ids)
        return np.broadcast_to(
            ids.astype(np.uint8)[:, None, None, None], (len(ids), 2, 3, 1)
        )

    def feed(self, digest):
        digest.update(b"content")


def _report(split, num_classes=0, **options):
    dataset = Dataset("a", (2, 3, 1), num_classes, split, split, **options)
    said = []
    return data_report.report(dataset, said.append), said


def test_hard_labels_are_counted_and_missing_ones_too():
    labels = np.array([2, -1, 0, 2, -1, -1])
    assert data_report.count(labels, 4) == Labels(False, 3, 3, (1, 0, 2, 0), None)


def test_soft_labels_are_summed_and_empty_rows_are_unlabelled():
    found = data_report.count(SOFT, 3)
    assert found[:3] == (True, 2, 2)
    assert found.per_class == pytest.approx((0.6, 0.7, 0.7))
    assert found.mean_of_largest == pytest.approx(0.6)
    assert data_report.count(SOFT[[1]], 3).mean_of_largest is None
    assert data_report.count(None, 0) is None


def test_pixels_of_what_is_decoded_are_those_of_evenly_spaced_examples(monkeypatch):
    monkeypatch.setattr(data_report, "_DECODED", 3)
    store = Decoded(201)
    found, said = _report(StoredSplit(store, 0, lambda: None))
    assert set(store.read_ids) == {0, 100, 200}
    assert found.splits["train"].pixels == (0, 200, 100.0, 3)
    assert "looking at 3 of them; of large files this takes minutes" in said[0]
    assert "train: pixels are those of 3 evenly spaced" in data_text.render(found)


def test_pixels_of_a_small_set_are_those_of_all_examples(monkeypatch):
    monkeypatch.setattr(data_report, "_BATCH", 7 * 6)
    images = np.random.default_rng(0).integers(3, 200, (50, 2, 3, 1), np.uint8)
    found, said = _report(array_split(Arrays(images), 0))
    pixels = found.splits["test"].pixels
    assert pixels == (3, 199, pytest.approx(images.mean()), 50)
    assert said == []


def test_pixels_of_large_arrays_are_those_of_some_examples(monkeypatch):
    monkeypatch.setattr(data_report, "_VALUES", 6 * 4)
    images = np.zeros((50, 2, 3, 1), np.uint8)
    images[[0, 16, 33, 49]] = 9
    found, _ = _report(array_split(Arrays(images), 0))
    assert found.splits["train"].pixels == (9, 9, 9.0, 4)


def test_soft_labels_are_summarized_for_people():
    images = np.zeros((4, 2, 3, 1), np.uint8)
    names = ("a", "b", "c")
    split = array_split(Arrays(images, SOFT), 3)
    found, _ = _report(split, num_classes=3, class_names=names)
    text = data_text.render(found)
    lines = [line.split() for line in text.splitlines()]
    assert ["b", "0.7", "0.7"] in lines
    assert ["unlabelled", "2", "2"] in lines
    assert ["largest,", "mean", "0.600", "0.600"] in lines
    assert "train: soft labels; the numbers of classes are sums" in text
