import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.arrays import Layout, npy_dataset
from compare_ssgan.datasets.imagenet import imagenet
from compare_ssgan.errors import InputError


def _arrays(size=64):
    rng = np.random.default_rng(0)
    arrays = {}
    for name, number in (("train", 12), ("test", 6)):
        shape = (number, size, size, 3)
        arrays[f"x_{name}"] = rng.integers(0, 256, shape, np.uint8)
        arrays[f"y_{name}"] = np.arange(number) * 90
    return arrays


def _save(directory, size=64, **changes):
    folder = directory / f"imagenet_{size}"
    folder.mkdir(exist_ok=True)
    for key, array in (_arrays(size) | changes).items():
        if array is not None:
            np.save(folder / f"{key}.npy", array)
    return folder


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_images_and_labels_are_those_of_the_files(directory, size):
    _save(directory, size)
    dataset = imagenet(size=size)
    assert dataset.name == f"imagenet_{size}_subset"
    assert dataset.image_shape == (size, size, 3)
    assert dataset.num_classes == 1000
    batch = next(dataset.test.evaluation_batches(6, 6))
    pixels = np.rint(batch.images * 255)
    np.testing.assert_array_equal(pixels, _arrays(size)["x_test"])
    np.testing.assert_array_equal(np.argmax(batch.labels, 1), np.arange(6) * 90)
    np.testing.assert_array_equal(np.sum(batch.labels, 1), np.ones(6))


def test_images_stay_on_disk(directory):
    folder = _save(directory)
    batches = imagenet(size=64).train.evaluation_batches(1, 1)
    images = np.load(folder / "x_train.npy", mmap_mode="r+")
    images[0] = 7
    images.flush()
    np.testing.assert_array_equal(np.rint(next(batches).images * 255), images[:1])


def test_the_files_are_mapped_and_not_read(directory):
    _save(directory)
    assert isinstance(imagenet(size=64).train.store.arrays.images, np.memmap)


def test_training_batches_hold_every_image_once_per_epoch(directory):
    _save(directory)
    batches = imagenet(size=64).train.training_batches(4, seed=0)
    ids = np.concatenate([next(batches).ids for _ in range(3)])
    assert sorted(ids) == list(range(12))


def _hash(directory, hashed_bytes):
    layout = Layout(
        "imagenet_64", "imagenet_64", (64, 64, 3), 1000, (3, 3), (64, 64, 3)
    )
    return npy_dataset(layout, hashed_bytes=hashed_bytes).train.content_hash


def test_the_content_hash_reads_labels_and_some_images(directory):
    four = 4 * 64 * 64 * 3
    _save(directory)
    before, whole = _hash(directory, four), _hash(directory, 12 * four)
    assert before != whole
    # Of twelve images these four are read: 0, 4, 7, 11.
    for position, seen in ((0, True), (1, False), (4, True), (11, True)):
        images = _arrays()["x_train"]
        images[position, 5, 5, 1] ^= 1
        _save(directory, x_train=images)
        assert (_hash(directory, four) != before) == seen
        assert _hash(directory, 12 * four) != whole
    _save(directory, y_train=_arrays()["y_train"][::-1])
    assert _hash(directory, four) != before
    _save(directory)
    assert _hash(directory, four) == before


def test_a_small_split_is_hashed_whole(directory):
    _save(directory)
    assert imagenet(size=64).train.content_hash == _hash(directory, 2**40)


def test_without_the_directory_the_dataset_can_be_described(directory):
    dataset = imagenet()
    assert dataset.name == "imagenet_128"
    assert dataset.image_shape == (128, 128, 3)
    assert dataset.train.num_examples == 1_281_167
    assert dataset.test.num_examples == 50_000
    with pytest.raises(
        InputError,
        match=rf"imagenet_128 in .*--data_dir.*no {directory}.imagenet_128\. The "
        r"directory holds x_train\.npy \[1281167, 128, 128, 3\].*0 to 999",
    ):
        dataset.train.content_hash  # noqa: B018


def test_without_a_data_directory_the_message_says_what_to_prepare():
    base.set_data_directory(None)
    with pytest.raises(InputError, match=r"--data_dir.*none is named.*y_test\.npy"):
        next(imagenet().test.evaluation_batches(1, 1))


@pytest.mark.parametrize("size", [32, 100])
def test_other_sizes_are_refused(size):
    with pytest.raises(
        InputError, match=rf"not {size}\. Change datasets\.imagenet\.size"
    ):
        imagenet(size=size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": None}, "imagenet_64 has no array y_train"),
        ({"x_test": np.zeros((6, 64, 32, 3), np.uint8)}, r"x_test is uint8 \[6, 64,"),
        ({"x_train": np.zeros((12, 64, 64, 3))}, "x_train is float64"),
        ({"y_test": np.arange(5)}, r"y_test is int64 \[5\], for 6 images"),
        ({"y_test": np.arange(6) + 995}, "y_test goes from 995 to 1000"),
        ({"y_test": np.array([{}] * 6)}, r"y_test\.npy cannot be read"),
    ],
)
def test_wrong_files_are_described(directory, changes, message):
    _save(directory, **changes)
    with pytest.raises(InputError, match=message):
        imagenet(size=64)


@pytest.mark.parametrize("keep", [0, 50, 1000])
def test_truncated_files_are_described(directory, keep):
    path = _save(directory) / "x_train.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"x_train\.npy cannot be read"):
        imagenet(size=64)


def test_an_archive_is_not_taken_for_an_array(directory):
    folder = _save(directory)
    np.savez(folder / "x_train.npy", images=np.zeros(3))
    (folder / "x_train.npy.npz").rename(folder / "x_train.npy")
    with pytest.raises(InputError, match=r"x_train\.npy cannot be read"):
        imagenet(size=64)
