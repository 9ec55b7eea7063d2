"""NumPy files of one's own images."""

import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.arrays import arrays
from compare_ssgan.errors import InputError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 4, 5, 3), np.uint8)
LABELS = np.arange(30) % 3
KERAS = {
    "x_train": IMAGES[:20],
    "y_train": LABELS[:20].astype(np.uint8),
    "x_test": IMAGES[20:],
    "y_test": LABELS[20:].astype(np.uint8),
}


def save(path, found):
    """Writes an .npz, a .npy or a folder of .npy files."""
    found = {key: array for key, array in found.items() if array is not None}
    if path.suffix == ".npz":
        np.savez(path, **found)
    elif path.suffix == ".npy":
        (array,) = found.values()
        np.save(path, array)
    else:
        path.mkdir(exist_ok=True)
        for key, array in found.items():
            np.save(path / f"{key}.npy", array)
    return path


def everything(split):
    (batch,) = split.evaluation_batches(split.num_examples, split.num_examples)
    labels = None if batch.labels is None else np.asarray(batch.labels)
    return np.rint(batch.images * 255).astype(np.uint8), labels


@pytest.mark.parametrize("file", ["own.npz", "own"])
@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels")])
def test_parts_and_labels_are_those_of_the_files(directory, file, names):
    renamed = {
        (key if names[0] == "x" else f"{part}_{names['xy'.index(key[0])]}"): array
        for key, array in KERAS.items()
        for part in [key[2:]]
    }
    save(directory / file, renamed)
    dataset = arrays(name="own")
    assert (dataset.name, dataset.image_shape) == ("own", (4, 5, 3))
    assert dataset.num_classes == 3
    for split, rows in ((dataset.train, slice(20)), (dataset.test, slice(20, 30))):
        images, labels = everything(split)
        np.testing.assert_array_equal(images, IMAGES[rows])
        np.testing.assert_array_equal(labels, np.eye(3)[LABELS[rows]])


def test_the_files_of_keras_are_taken(directory):
    # mnist.npz has no axis of channels, and CIFAR-10 its labels in a column.
    save(
        directory / "mnist.npz",
        KERAS | {k: KERAS[k][..., 0] for k in ("x_train", "x_test")},
    )
    assert arrays(name="mnist").image_shape == (4, 5, 1)
    columns = {k: KERAS[k][:, None] for k in ("y_train", "y_test")}
    save(directory / "cifar10.npz", KERAS | columns)
    assert list(arrays(name="cifar10").test.labels) == list(LABELS[20:])


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("own.npz", {"images": IMAGES, "labels": LABELS}),
        ("own.npz", {"faces": IMAGES, "labels": LABELS}),
        ("own.npz", {"x_train": IMAGES, "y_train": LABELS}),
        ("own", {"images": IMAGES, "labels": LABELS}),
    ],
)
def test_a_share_of_each_class_is_held_out(directory, file, found):
    save(directory / file, found)
    dataset = arrays(name="own", test_share=0.2)
    assert dataset.name == "own_test_0.2"
    assert list(np.bincount(dataset.test.labels)) == [2, 2, 2]
    ids = np.concatenate([dataset.train.ids, dataset.test.ids])
    assert sorted(ids) == list(range(30))
    for split in (dataset.train, dataset.test):
        images, labels = everything(split)
        np.testing.assert_array_equal(images, IMAGES[split.ids])
        np.testing.assert_array_equal(labels, np.eye(3)[LABELS[split.ids]])
    assert list(arrays(name="own", test_share=0.2).test.ids) == list(dataset.test.ids)


def test_one_array_alone_has_no_labels(directory):
    save(directory / "own.npy", {"x": IMAGES})
    dataset = arrays(name="own")
    assert (dataset.num_classes, dataset.train.labels) == (0, None)
    assert dataset.test.num_examples == 3


@pytest.mark.parametrize("file", ["own.npz", "own"])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numbers_from_0_to_1_become_bytes(directory, file, kind):
    save(directory / file, {"images": (IMAGES / 255).astype(kind)})
    dataset = arrays(name="own")
    images, _ = everything(dataset.train)
    np.testing.assert_array_equal(images, IMAGES[dataset.train.ids])


def test_bytes_of_a_folder_stay_on_disk(directory):
    folder = save(directory / "own", KERAS)
    dataset = arrays(name="own")
    images = np.load(folder / "x_train.npy", mmap_mode="r+")
    images[0] = 7
    images.flush()
    assert (everything(dataset.train)[0][0] == 7).all()


def test_labels_may_be_soft_or_missing(directory):
    soft = np.repeat([[0.5, 0.5, 0], [0, 0, 0], [0, 0.25, 0.75]], 10, axis=0)
    save(directory / "own.npz", {"images": IMAGES, "labels": soft})
    dataset = arrays(name="own")
    assert dataset.num_classes == 3
    np.testing.assert_array_equal(everything(dataset.train)[1], soft[dataset.train.ids])
    save(
        directory / "own.npz",
        {"images": IMAGES, "labels": np.where(LABELS, LABELS - 1, -1)},
    )
    dataset = arrays(name="own", num_classes=4)
    assert dataset.num_classes == 4
    unlabelled = everything(dataset.train)[1].sum(axis=1) == 0
    np.testing.assert_array_equal(unlabelled, LABELS[dataset.train.ids] == 0)


def test_what_nobody_reads_is_told(directory, caplog):
    save(directory / "own.npz", KERAS | {"val_images": IMAGES})
    arrays(name="own")
    assert "own.npz: nothing reads val_images" in caplog.text


def test_the_hash_is_of_images_and_labels(directory):
    hashes = set()
    for changes in ({}, {"x_train": 255 - KERAS["x_train"]}, {"y_train": LABELS[1:21]}):
        save(directory / "own.npz", KERAS | changes)
        hashes.add(arrays(name="own").train.content_hash)
    assert len(hashes) == 3
    save(directory / "other", KERAS)
    assert arrays(name="other").train.content_hash in hashes


WHOLE = {"images": IMAGES, "labels": LABELS}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            {"images": IMAGES / 127.5 - 1},
            r"from -1 to 1; .* in \[0, 1\]. .*\(x \+ 1\) / 2",
        ),
        (
            {"images": IMAGES * 1.0},
            r"from 0 to 255; .*np.round\(x\).astype\(np.uint8\)",
        ),
        ({"images": np.where(IMAGES > 9, np.nan, 0)}, "values from nan to nan"),
        ({"images": IMAGES.astype(int)}, r"int64 \[30.* Convert them: x.astype"),
        ({"images": IMAGES.transpose(0, 3, 1, 2)}, r"x.transpose\(0, 2, 3, 1\)"),
        ({"images": IMAGES[..., [0, 0, 1, 2]]}, "and no transparency"),
        ({"images": IMAGES[0]}, "A single image is no set"),
        ({"images": IMAGES[:0]}, r"uint8 \[0, 4, 5, 3\]"),
        ({"images": IMAGES, "x": IMAGES}, "has both images and x"),
        (
            {"a": IMAGES, "b": IMAGES},
            "has the arrays a, b; which of them are the images",
        ),
        ({"x_test": IMAGES}, "which of them are the images"),
        ({"x_test": IMAGES, "images": IMAGES}, "which of them are the images"),
        ({}, r"has the arrays \(none\)"),
        (WHOLE | {"labels": LABELS[:9]}, r"labels, is int64 \[9\], for 30 images"),
        (WHOLE | {"labels": LABELS / 2}, r"float64 \[30\], for 30 images"),
        (WHOLE | {"labels": LABELS - 2}, "has -2; labels are from 0 on"),
        (WHOLE | {"labels": np.eye(3)[LABELS] * 2}, "row 0, is no distribution.*not 2"),
        (
            WHOLE | {"labels": LABELS * 2},
            "no image of class 1. .*arrays.num_classes = 5",
        ),
        (WHOLE | {"labels": LABELS * 0 - 1}, "no image has a label"),
        (WHOLE | {"labels": np.arange(30) // 29}, "one image of class 1 only"),
        (WHOLE | {"labels": np.array([{}] * 30)}, "cannot be read"),
        (KERAS | {"y_test": None}, "only the images to train on have labels"),
        (
            KERAS | {"y_test": LABELS[20:] + 1},
            "class 3 has images to test on, and none",
        ),
        (KERAS | {"y_test": np.eye(3)[LABELS[20:]]}, "are of different kinds"),
        (KERAS | {"x_test": IMAGES[20:, :3]}, r"\[4, 5, 3\], and .* \[3, 5, 3\]"),
    ],
)
def test_wrong_arrays_are_described(directory, found, message):
    save(directory / "own.npz", found)
    with pytest.raises(InputError, match=message):
        arrays(name="own")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 2}, "that is 3 classes, but datasets.arrays.num_classes is 2"),
        ({"test_share": 0.1}, "to test on, in x_test: nothing is held out. Remove"),
        ({"test_share": 0.0}, "must be between 0 and 1, not 0.0"),
        ({"name": "../own"}, "datasets.arrays.name .* no path: '../own'"),
        ({"name": "other"}, "--data_dir names, and there is no .*other with arrays"),
    ],
)
def test_wrong_options_are_told(directory, options, message):
    save(directory / "own.npz", KERAS)
    with pytest.raises(InputError, match=message):
        arrays(**{"name": "own", **options})


def test_two_sources_of_one_name_are_refused(directory):
    save(directory / "own.npz", KERAS)
    save(directory / "own", KERAS)
    with pytest.raises(InputError, match=r"own.npz and .*own. Which of them is meant"):
        arrays(name="own")


def test_without_a_data_directory_the_message_says_so():
    base.set_data_directory(None)
    with pytest.raises(InputError, match="--data_dir names, and none is named"):
        arrays(name="own")


@pytest.mark.parametrize("keep", [0, 300, -40])
@pytest.mark.parametrize("file", ["own.npz", "own.npy"])
def test_truncated_files_are_described(directory, file, keep):
    path = save(directory / file, {"images": IMAGES})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=f"{file} cannot be read"):
        arrays(name="own")


def test_a_damaged_archive_is_described(directory):
    path = save(directory / "own.npz", {"images": IMAGES})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"own.npz .*: Bad CRC-32"):
        arrays(name="own")
