"""Examples as tensorflow-datasets (TFDS) stores them: records of tf.train.Example."""

import hashlib
import pathlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError

from compare_ssgan import cache
from compare_ssgan.datasets.stores.records import Records, open_records
from compare_ssgan.errors import InputError

# Records that are in memory at a time; those of ImageNet have 110 kB each.
_CHUNK = 256


class TfdsRecords:
    """Encoded images and labels of records, by position in all files together."""

    def __init__(
        self, files: Sequence[pathlib.Path], num_examples: int, repair: str
    ) -> None:
        """Opens nothing yet.

        Args:
            files: Files of records in TFDS's order.
            num_examples: How many records they must hold together.
            repair: A sentence that says how to get files that are right.
        """
        self.num_examples = num_examples
        self._paths = tuple(files)
        self._repair = repair
        self._lock = threading.Lock()
        self._records: Records | None = None

    @property
    def files(self) -> Records:
        """The records, whose number is checked.

        Raises:
            InputError: If the files are damaged.
        """
        with self._lock:
            if self._records is None:
                self._records = self._open()
            return self._records

    def _open(self) -> Records:
        records = open_records(self._paths)
        if records.num_records != self.num_examples:
            raise InputError(
                f"{self._paths[0].parent} should hold {self.num_examples} records in "
                f"{self._paths[0].name} to {self._paths[-1].name}, and holds "
                f"{records.num_records}. {self._repair}"
            )
        return records

    def images(self, ids: np.ndarray) -> list[bytes]:
        """Returns the stored PNG or JPEG files of examples.

        Raises:
            InputError: If a record is damaged, or is no example with an image.
        """
        return self._values(ids, "image", "bytes_list")

    def labels(self, label: str, num_classes: int) -> np.ndarray:
        """Returns [examples] int64 labels of all examples, -1 where there is none.

        They are read once, and then kept in the cache directory by the checksums of
        the records.

        Args:
            label: Name of the feature.
            num_classes: Number of classes.

        Raises:
            InputError: If a record is damaged, or has no such label.
        """
        key = hashlib.sha256(f"{label} {num_classes}".encode())
        self.feed(key)
        path = cache.directory() / "datasets" / f"labels_{key.hexdigest()[:32]}.npy"
        kept = _kept(path)
        if kept is not None:
            return kept
        num = self.num_examples
        parts = [
            self._values(ids, label, "int64_list")
            for ids in np.split(np.arange(num), range(_CHUNK, num, _CHUNK))
        ]
        labels = np.concatenate(parts).astype(np.int64)
        wrong = np.flatnonzero((labels < -1) | (labels >= num_classes))
        if len(wrong):
            raise InputError(
                f"{self.describe(int(wrong[0]))} has the label {labels[wrong[0]]}, "
                f"where there are {num_classes} classes. {self._repair}"
            )
        _keep(path, labels)
        return labels

    def describe(self, index: int) -> str:
        """Returns the file of an example and the record in it, for messages."""
        return self.files.describe(index)

    def feed(self, digest: Any) -> None:
        """Updates a hash with the checksums of all records."""
        digest.update(self.files.checksums.astype("<u4").tobytes())

    def _values(self, ids: np.ndarray, feature: str, kind: str) -> list[Any]:
        """Returns a feature of examples, whose list is that of its kind."""
        return [
            self._value(int(each), record, feature, kind)
            for each, record in zip(ids, self.files.read(ids), strict=True)
        ]

    def _value(self, index: int, record: bytes, feature: str, kind: str) -> Any:
        # The class in C is far faster than TensorFlow's operation for a few examples.
        try:
            features = tf.train.Example.FromString(record).features.feature
            return getattr(features[feature], kind).value[0]
        except (DecodeError, IndexError) as error:
            raise InputError(
                f"{self.describe(index)} is no example with the feature {feature}. "
                f"{self._repair}"
            ) from error


def _kept(path: pathlib.Path) -> np.ndarray | None:
    """Returns labels that `_keep` wrote, None where there are none to be read."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def _keep(path: pathlib.Path, labels: np.ndarray) -> None:
    """Keeps labels where the cache can be written."""
    try:
        cache.write(path, lambda file: np.save(file, labels))
    except OSError as error:
        logging.warning("Labels are not kept in %s: %s", path, error)
