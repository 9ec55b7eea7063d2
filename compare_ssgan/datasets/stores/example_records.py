"""Records of tf.train.Example: which of their features are image and label."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf import message

from compare_ssgan.datasets.stores import image_headers, inspection, record_index
from compare_ssgan.datasets.stores.inspection import Inspection
from compare_ssgan.datasets.stores.records import Records
from compare_ssgan.errors import InputError

IMAGES = ("image/encoded", "image", "image_raw", "img", "data")
LABELS = ("image/class/label", "label", "labels")
# Features that say the shape of an image in bytes that are no PNG or JPEG.
_SHAPES = (
    ("shape",),
    ("height", "width", "depth"),
    ("height", "width", "channels"),
    ("image/height", "image/width", "image/channels"),
    ("height", "width"),
)
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_CHANNELS = (1, 3)
_CHUNK = 256
_SEPARATOR = "\0"


class Features(NamedTuple):
    """What is read of records.

    Attributes:
        image: Name of the bytes of images.
        label: Name of the labels; None for none.
        soft_size: Number of classes of soft labels, 0 for whole numbers.
        shape: Names of what says the shape of images that are neither PNG nor JPEG
            but bytes, row by row; none otherwise.
        shape_size: Numbers in each of them.
    """

    image: str
    label: str | None
    soft_size: int
    shape: tuple[str, ...]
    shape_size: int

    @property
    def specification(self) -> dict[str, Any]:
        """What `tf.io.parse_example` takes."""
        found = {self.image: tf.io.FixedLenFeature([], tf.string)}
        if self.label is not None:
            one = tf.io.FixedLenFeature([1], tf.int64)
            soft = tf.io.FixedLenFeature([self.soft_size], tf.float32)
            found[self.label] = soft if self.soft_size else one
        for name in self.shape:
            found[name] = tf.io.FixedLenFeature([self.shape_size], tf.int64)
        return found


class Scan(NamedTuple):
    """What all records hold.

    Attributes:
        labels: [records] int64, or [records, classes] float32; None without labels.
        found: Of their images; hashes are those that TFRecord files keep.
    """

    labels: np.ndarray | None
    found: Inspection


def detect(
    records: Records,
    factory: str,
    *,
    image_key: str | None,
    label_key: str | None,
    labelled: bool,
) -> Features:
    """Returns which features of the first record are image and label.

    Args:
        records: All records.
        factory: Name of the dataset's factory in gin files, for messages.
        image_key: Name of the image's feature; None for a usual one.
        label_key: Name of the label's feature; None for a usual one, or none.
        labelled: Whether labels are wanted.

    Raises:
        InputError: If there are none, or several might be meant.
    """
    where = records.describe(0)
    example = tf.train.Example()
    try:
        example.ParseFromString(records.read(np.array([0]))[0])
    except message.DecodeError as error:
        raise InputError(f"{where} is no tf.train.Example: {error}.") from error
    features = dict(example.features.feature)
    kinds = {name: value.WhichOneof("kind") for name, value in features.items()}
    known = ", ".join(f"{name} ({kind})" for name, kind in sorted(kinds.items()))

    def choose(
        key: str | None, usual: Sequence[str], kind: Sequence[str]
    ) -> str | None:
        fit = [n for n in ([key] if key else usual) if kinds.get(n) in kind]
        what = "image_key" if usual is IMAGES else "label_key"
        if len(fit) > 1 or (key and not fit):
            raise InputError(
                f"{where} has the features {known or '(none)'}; which is it? Write "
                f"{factory}.{what} = '...' ({' or '.join(kind)})."
            )
        return fit[0] if fit else None

    image = choose(image_key, IMAGES, ["bytes_list"])
    if image is None:
        raise InputError(
            f"{where} has no image called {', '.join(IMAGES)}, but the features "
            f"{known or '(none)'}. Say which it is: {factory}.image_key = '...'."
        )
    label, soft_size = None, 0
    if labelled:
        label = choose(label_key, LABELS, ["int64_list", "float_list"])
        if label is not None and kinds[label] == "float_list":
            soft_size = len(features[label].float_list.value)
    shape: tuple[str, ...] = ()
    if not features[image].bytes_list.value[0].startswith(_MAGIC):
        shape = next((s for s in _SHAPES if all(n in kinds for n in s)), ())
    size = len(features[shape[0]].int64_list.value) if shape else 0
    return Features(image, label, soft_size, shape, size)


class ExampleRecords:
    """Images and labels of records.

    Attributes:
        features: What is read of them.
    """

    def __init__(
        self, paths: Sequence[pathlib.Path], records: Records, features: Features
    ) -> None:
        """Reads nothing yet.

        Args:
            paths: The files.
            records: Their records.
            features: What is read of them.
        """
        self._states = [record_index.state(path) for path in paths]
        self._records = records
        self.features = features

    def fetch(self, rows: np.ndarray) -> list[bytes]:
        """Returns images as PNG or JPEG; bytes without shape as they are."""
        parsed = self._parse(rows)
        contents = list(parsed[self.features.image].numpy())
        if not self.features.shape:
            return contents
        return [
            _encoded(content, shape)
            for content, shape in zip(contents, self._shapes(parsed), strict=True)
        ]

    def scan(self, *, decode: bool) -> Scan:
        """Returns labels and kinds of all records, from the cache where they are.

        Args:
            decode: Whether images are decoded too, for damage that only this shows.

        Raises:
            InputError: If a record is damaged or lacks a feature.
        """
        kind = f"examples {self.features} {decode}"
        names = ("headers", "problems", "labels")
        arrays = record_index.load(self._states, kind, names)
        if arrays is None:
            arrays = self._scan(decode)
            named = dict(zip(names, arrays, strict=True))
            record_index.save(self._states, kind, named)
        headers, text, labels = arrays
        problems = text.tobytes().decode().split(_SEPARATOR)
        found = Inspection(
            headers,
            self._records.checksums[:, None],
            np.array(problems, object),
            np.full(len(headers), decode),
        )
        return Scan(None if self.features.label is None else labels, found)

    def _scan(self, decode: bool) -> list[np.ndarray]:
        headers, problems, labels = [], [], []
        num = self._records.num_records
        for first in range(0, num, _CHUNK):
            rows = np.arange(first, min(first + _CHUNK, num))
            parsed = self._parse(rows)
            if self.features.label is not None:
                labels.append(parsed[self.features.label].numpy())
            for header, problem in self._inspect(parsed, decode):
                headers.append(header)
                problems.append(problem)
        text = np.frombuffer(_SEPARATOR.join(problems).encode(), np.uint8)
        joined = np.concatenate(labels) if labels else np.zeros([0, 1], np.int64)
        if not self.features.soft_size:
            joined = joined[:, 0]
        return [np.array(headers, np.int64).reshape(-1, 5), text, joined]

    def _inspect(
        self, parsed: dict[str, tf.Tensor], decode: bool
    ) -> Iterator[tuple[tuple[int, ...], str]]:
        contents = parsed[self.features.image].numpy()
        shapes = self._shapes(parsed)
        for content, shape in zip(contents, shapes, strict=True):
            if self.features.shape:
                yield _header(content, shape)
            else:
                yield inspection.inspect_bytes(content, decode)

    def _shapes(self, parsed: dict[str, tf.Tensor]) -> np.ndarray:
        """Returns [rows, 3] heights, widths and channels; zeros where none is said."""
        names = self.features.shape
        if not names:
            return np.zeros([len(parsed[self.features.image]), 3], np.int64)
        shapes = np.concatenate([parsed[name].numpy() for name in names], axis=1)
        if shapes.shape[1] == 2:
            shapes = np.pad(shapes, [[0, 0], [0, 1]], constant_values=1)
        return shapes

    def _parse(self, rows: np.ndarray) -> dict[str, tf.Tensor]:
        contents = self._records.read(rows)
        try:
            return tf.io.parse_example(contents, self.features.specification)
        except tf.errors.InvalidArgumentError:
            for row, content in zip(rows, contents, strict=True):
                try:
                    tf.io.parse_example([content], self.features.specification)
                except tf.errors.InvalidArgumentError as error:
                    raise InputError(
                        f"{self._records.describe(int(row))} has not the features of "
                        f"the first record: {error.message.splitlines()[0]}"
                    ) from error
            raise


def _header(content: bytes, shape: np.ndarray) -> tuple[tuple[int, ...], str]:
    height, width, channels = np.roll(shape, -1) if _channels_first(shape) else shape
    if len(content) != height * width * channels or channels not in _CHANNELS:
        problem = f"its {len(content)} bytes are no image {shape.tolist()}"
        return (0,) * len(image_headers.Header._fields), problem
    return (int(height), int(width), int(channels), 8, 0), ""


def _channels_first(shape: np.ndarray) -> bool:
    """Whether the shape is that of StyleGAN's records."""
    return shape[0] in _CHANNELS and shape[2] not in _CHANNELS


def _encoded(content: bytes, shape: np.ndarray) -> bytes:
    image = np.frombuffer(content, np.uint8).reshape(shape)
    if _channels_first(shape):
        image = image.transpose(1, 2, 0)
    return tf.io.encode_png(image, compression=0).numpy()
