"""Directories that tensorflow-datasets wrote, read as cifar10 and others."""

import shutil

import numpy as np
import pytest
import tfds_files

from compare_ssgan import cache
from compare_ssgan.datasets import base
from compare_ssgan.datasets.cifar10 import cifar10
from compare_ssgan.datasets.imagenet2012 import imagenet2012
from compare_ssgan.datasets.lsun import lsun
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.errors import InputError

COMMAND = "compare_ssgan data get cifar10 --data_dir"


@pytest.fixture
def data(prepared):
    """The directory with all sets as what --data_dir names."""
    base.set_data_directory(prepared)
    yield prepared
    base.set_data_directory(None)


@pytest.fixture
def copied(directory, prepared):
    """A copy of CIFAR-10's directory of a version, to be damaged."""
    path = directory / "cifar10" / "3.0.2"
    shutil.copytree(prepared / "cifar10" / "3.0.2", path)
    return path


def pixels(batch):
    return np.rint(batch.images.numpy() * 255).astype(np.uint8)


def everything(split):
    return next(split.evaluation_batches(split.num_examples, split.num_examples))


def of_tfds(data, name, split):
    """Yields the examples that tensorflow-datasets itself reads."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(data / name / "3.0.2")
    config = tfds.ReadConfig(interleave_cycle_length=1)
    return tfds.as_numpy(builder.as_dataset(split=split, read_config=config))


def test_images_and_labels_are_those_that_tfds_reads(data):
    batch = everything(cifar10().train)
    expected = list(of_tfds(data, "cifar10", "train"))
    np.testing.assert_array_equal(pixels(batch), [each["image"] for each in expected])
    np.testing.assert_array_equal(
        np.argmax(batch.labels, 1), [each["label"] for each in expected]
    )
    np.testing.assert_array_equal(batch.ids, np.arange(200))


def test_images_in_jpeg_and_several_files_are_those_that_tfds_reads(data):
    test = imagenet2012(size=64).test
    assert len(list((data / "imagenet2012" / "3.0.2").glob("*validation*"))) == 3
    batch = everything(test)
    expected = list(of_tfds(data, "imagenet2012", "validation"))
    np.testing.assert_array_equal(test.labels, [each["label"] for each in expected])
    # On TensorFlow 1's grid pixel 32 of 64 is pixel 45 of the central 90.
    squares = np.array([each["image"][:, 15:105] for each in expected], float)
    difference = pixels(batch)[:, 32, 32] - squares[:, 45, 45]
    # Decoders of JPEG differ a little.
    assert np.abs(difference).max() <= 3


def test_a_range_of_a_split_keeps_the_positions_in_it(data):
    dataset = lsun()
    assert (dataset.train.num_examples, dataset.test.num_examples) == (99, 1)
    assert dataset.test.ids.tolist() == [99]
    np.testing.assert_array_equal(dataset.train.ids, np.arange(99))
    batch = everything(dataset.test)
    assert batch.ids.numpy().tolist() == [99]
    assert batch.labels is None
    image = list(of_tfds(data, "lsun/bedroom", "train"))[99]["image"]
    # The central 128 of 256 x 300 pixels, not resized; TFDS decodes with another DCT.
    difference = pixels(batch)[0].astype(int) - image[64:192, 86:214]
    assert np.abs(difference).max() <= 5


def test_a_complete_set_has_its_own_name_and_class_names(data):
    recipe = Recipe(
        name="garments",
        builder="fashion_mnist",
        train=Source({"train": 20}),
        test=Source({"test": 10}),
        preparation=Preparation(28, 28, 1, crop="none"),
        num_classes=10,
        variant="_grey",
    )
    dataset = tfds_dataset(recipe)
    assert dataset.name == "garments_grey"
    assert dataset.files == data / "fashion_mnist" / "3.0.2"
    assert dataset.class_names[:2] == ("T-shirt/top", "Trouser")
    smaller = recipe._replace(test=Source({"test": 11}))
    assert tfds_dataset(smaller).name == "garments_grey_subset"


def test_array_records_hold_the_same_examples(directory, data):
    expected = everything(cifar10().test)
    base.set_data_directory(directory)
    path = tfds_files.write(directory, "cifar10", file_format="array_record")
    assert list(path.glob("*.array_record*"))
    found = everything(cifar10().test)
    np.testing.assert_array_equal(found.images, expected.images)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_the_newest_complete_version_is_read(copied):
    old = copied.parent / "2.10.0"
    shutil.copytree(copied, old)
    (copied.parent / "3.0.3.incompleteA1B2C3").mkdir()
    (old / "dataset_info.json").unlink()
    assert cifar10().name == "cifar10_subset"
    copied.rename(copied.parent / "2.9.0")
    with pytest.raises(InputError, match=r"2\.10\.0 has no dataset_info\.json"):
        cifar10()


def test_labels_are_read_once_and_kept(data, monkeypatch):
    labels = cifar10().train.labels
    np.testing.assert_array_equal(labels, np.arange(200) % 10)
    monkeypatch.setattr(
        "compare_ssgan.datasets.stores.tfds_records.TfdsRecords._values", None
    )
    np.testing.assert_array_equal(cifar10().train.labels, labels)


def test_without_a_cache_labels_are_read_every_time(data, tmp_path, monkeypatch):
    # Whoever runs the tests may be allowed to write anywhere: no directory can be here.
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    np.testing.assert_array_equal(cifar10().train.labels, np.arange(200) % 10)


def test_the_content_hash_is_that_of_records_labels_and_preparation(copied, data):
    whole = cifar10()
    before = whole.train.content_hash
    assert before == cifar10().train.content_hash != whole.test.content_hash
    base.set_data_directory(copied.parent.parent)
    assert cifar10().train.content_hash == before
    images = tfds_files.images("cifar10", "train")
    images[7, 0, 0, 0] ^= 1
    shutil.rmtree(copied)
    tfds_files.write(copied.parent.parent, "cifar10", images_of={"train": images})
    assert cifar10().train.content_hash != before
    assert cifar10().test.content_hash == whole.test.content_hash


def test_without_files_the_dataset_can_be_described(directory):
    dataset = cifar10()
    assert dataset.name == "cifar10"
    assert dataset.image_shape == (32, 32, 3)
    assert (dataset.train.num_examples, dataset.test.num_examples) == (50_000, 10_000)
    for split in (dataset.train, dataset.test):
        with pytest.raises(InputError, match=f"{directory}, .*`{COMMAND} {directory}`"):
            next(split.evaluation_batches(1, 1))


def test_without_a_data_directory_the_message_says_what_to_type():
    base.set_data_directory(None)
    with pytest.raises(InputError, match=f"none is named.*`{COMMAND} DIR`"):
        next(cifar10().train.training_batches(8, seed=0))


def test_a_file_of_arrays_is_not_taken_and_the_message_says_how(directory):
    (directory / "cifar10.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"cifar10\.npz instead: --dataset arrays"):
        next(cifar10().train.training_batches(8, seed=0))


def _remove_info(path):
    (path / "dataset_info.json").unlink()


def _break_info(path):
    (path / "dataset_info.json").write_text('{"name": ')


def _remove_features(path):
    (path / "features.json").unlink()


def _remove_shard(path):
    next(path.glob("*train*")).unlink()


def _other_set(path):
    other = path.parents[2] / "cifar100" / "3.0.2"
    shutil.rmtree(path)
    tfds_files.write(path.parents[2], "cifar100", sizes={"train": 3, "test": 3})
    shutil.move(other, path)


def _no_test(path):
    shutil.rmtree(path)
    tfds_files.write(path.parents[1], "cifar10", sizes={"train": 3})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove_info, r"3\.0\.2 has no dataset_info\.json"),
        (_break_info, r"3\.0\.2 cannot be read by tensorflow-datasets: ParseError"),
        (_remove_features, r"3\.0\.2 cannot be read by tensorflow-datasets"),
        (_remove_shard, r"has no cifar10-train\S+00001: 1 of 1 files are missing"),
        (_other_set, "has 100 classes as 'label', and cifar10 has 10"),
        (_no_test, "no examples of the split 'test', which cifar10 needs"),
    ],
)
def test_a_damaged_directory_is_described(copied, damage, message):
    damage(copied)
    with pytest.raises(InputError, match=rf"{message}.*Remove .*`{COMMAND} "):
        cifar10()


def test_a_damaged_record_is_named(copied):
    path = next(copied.glob("*train*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{path.name}.*record \d+"):
        everything(cifar10().train)


def test_files_with_fewer_records_than_tfds_wrote_are_refused(copied):
    shutil.copy(next(copied.glob("*test*")), next(copied.glob("*train*")))
    with pytest.raises(InputError, match=r"should hold 200 records.*holds 40\. Remove"):
        everything(cifar10().train)
