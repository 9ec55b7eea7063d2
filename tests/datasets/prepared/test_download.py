"""Downloading and preparing, by tensorflow-datasets itself, from a server here."""

import errno
import pathlib
import shutil

import local_server
import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums, downloader

from compare_ssgan.datasets import base
from compare_ssgan.datasets.celeb_a_hq import celeb_a_hq
from compare_ssgan.datasets.cifar10 import cifar10
from compare_ssgan.datasets.imagenet2012 import imagenet2012
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

PIXELS = np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
RECIPE = Recipe(
    name="tiny",
    builder="tiny_pictures",
    train=Source({"train": 5}, end=0.6),
    test=Source({"train": 5}, begin=0.6),
    preparation=Preparation(4, 4, 3, crop="none"),
    num_classes=3,
)


class TinyPictures(tfds.core.GeneratorBasedBuilder):
    """A set whose images are the bytes of a downloaded file."""

    VERSION = tfds.core.Version("1.2.3")
    address = ""
    published = None
    fails = None

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(4, 4, 3)),
            "label": tfds.features.ClassLabel(names=["a", "b", "c"]),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features)
        )

    @tfds.core.utils.classproperty
    @classmethod
    def url_infos(cls):
        return {} if cls.published is None else {cls.address: cls.published}

    def _split_generators(self, manager):
        return {"train": self._generate_examples(manager.download(self.address))}

    def _generate_examples(self, path):
        content = pathlib.Path(path).read_bytes()
        pictures = np.frombuffer(content, np.uint8).reshape(-1, 4, 4, 3)
        for index, picture in enumerate(pictures):
            if self.fails is not None and index == 3:
                raise self.fails
            yield index, {"image": picture, "label": index % 3}


@pytest.fixture(autouse=True)
def builder(monkeypatch):
    """The class of the builder, whose attributes a test may change."""
    # Its ten attempts take minutes.
    monkeypatch.setattr(downloader, "MAX_RETRIES", 0)
    for name in ("address", "published", "fails"):
        monkeypatch.setattr(TinyPictures, name, getattr(TinyPictures, name))
    return TinyPictures


@pytest.fixture
def serving(builder):
    """The address of a server that has the file."""
    with local_server.serving({"/tiny.bin": PIXELS.tobytes()}) as address:
        builder.address = f"{address}/tiny.bin"
        yield address


def get(recipe=RECIPE):
    tfds_dataset(recipe).get()


def versions(directory):
    found = (directory / "tiny_pictures").glob("*")
    return [path.name for path in found if path.is_dir()]


def test_what_is_downloaded_is_prepared_and_can_be_read(directory, serving, capsys):
    get()
    assert "tiny is prepared: " in capsys.readouterr().out
    dataset = tfds_dataset(RECIPE)
    assert (dataset.name, dataset.class_names) == ("tiny", ("a", "b", "c"))
    parts = [next(dataset.split(name).evaluation_batches(n, n)) for name, n in
             (("train", 3), ("test", 2))]  # fmt: skip
    images = np.concatenate([np.rint(part.images * 255) for part in parts])
    # tensorflow-datasets shuffles what it writes.
    assert sorted(image.tolist() for image in images) == PIXELS.tolist()


def test_what_is_prepared_is_left_alone(directory, serving, builder, capsys):
    get()
    capsys.readouterr()
    path = next((directory / "tiny_pictures" / "1.2.3").glob("*train*"))
    before = path.stat().st_mtime_ns
    builder.address = "http://127.0.0.1:9/nothing"
    get()
    assert "tiny is prepared already: " in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("interruption", "expected", "message"),
    [
        (KeyboardInterrupt("now"), KeyboardInterrupt, "now"),
        # The command says that the disk is full.
        (OSError(errno.ENOSPC, "full"), OSError, "full"),
    ],
)
def test_what_is_interrupted_is_not_prepared(
    directory, serving, builder, interruption, expected, message
):
    builder.fails = interruption
    with pytest.raises(expected, match=message):
        get()
    assert versions(directory) == []
    # As a process that was killed leaves it.
    (directory / "tiny_pictures" / "1.2.3.incompleteXYZ").mkdir(parents=True)
    dataset = tfds_dataset(RECIPE)
    with pytest.raises(InputError, match="data get tiny"):
        next(dataset.train.training_batches(1, seed=0))
    builder.fails = None
    get()
    assert tfds_dataset(RECIPE).train.num_examples == 3


def test_no_connection_is_one_message(directory, builder):
    builder.address = "http://127.0.0.1:9/tiny.bin"
    with pytest.raises(InputError, match="tiny cannot be downloaded: no connection"):
        get()
    assert versions(directory) == []


def test_a_file_that_is_not_there_is_one_message(directory, serving, builder):
    builder.address = f"{serving}/other.bin"
    with pytest.raises(InputError, match=r"cannot be downloaded: .*404.*tries again"):
        get()


def test_another_file_than_the_published_one_is_refused(directory, serving, builder):
    builder.published = checksums.UrlInfo(
        size=240, checksum="0" * 64, filename="tiny.bin"
    )
    with pytest.raises(InputError, match=r"not the published one: .*tiny\.bin"):
        get()
    assert versions(directory) == []


def test_a_connection_that_breaks_is_one_message(directory, builder):
    with local_server.serving({"/tiny.bin": b"x" * 100}, missing=140) as address:
        builder.address = f"{address}/tiny.bin"
        with pytest.raises(InputError, match="no connection, or it broke"):
            get()
    assert versions(directory) == []


def test_a_package_that_is_missing_is_named(directory, serving, builder):
    builder.fails = ModuleNotFoundError("No module", name="tensorflow_io")
    with pytest.raises(InputError, match="needs the Python package tensorflow_io"):
        get()


def test_too_small_a_disk_is_found_before_anything_is_written(
    directory, serving, monkeypatch
):
    usage = shutil.disk_usage(directory)._replace(free=3_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(
        InputError, match=rf"tiny needs 4\.0 kB \(4000 bytes\) below {directory}.*3999"
    ):
        get(RECIPE._replace(disk=4_000))
    assert list(directory.iterdir()) == []


def test_without_a_data_directory_the_message_says_what_to_type():
    base.set_data_directory(None)
    with pytest.raises(InputError, match="data get cifar10 --data_dir DIR"):
        cifar10().get()


@pytest.mark.parametrize(
    ("factory", "files", "source"),
    [
        (
            imagenet2012,
            "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar",
            "image-n",
        ),
        (celeb_a_hq, "data128x128.tar", "github.com/tkarras"),
    ],
)
def test_files_that_only_the_user_may_fetch_are_named(
    directory, factory, files, source
):
    message = rf"put {files} into {directory}.downloads.manual\. .*{source}"
    with pytest.raises(InputError, match=message):
        factory().get()
