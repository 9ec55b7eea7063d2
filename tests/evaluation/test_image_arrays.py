"""Files of arrays: images and features that are read, and those refused."""

import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import image_arrays

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, size=[5, 4, 3, 3], dtype=np.uint8)
LABELS = np.array([2, 0, -1, 1, 2])
VECTORS = RNG.normal(size=[6, 4]).astype(np.float32)


def save(path, **arrays):
    if path.suffix == ".npy":
        np.save(path, *arrays.values())
    else:
        np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("a.npy", {"images": IMAGES}),
        ("a.npz", {"images": IMAGES, "other": VECTORS}),
        ("a.npz", {"arr_0": IMAGES}),
        ("a.npz", {"images": np.asfortranarray(IMAGES)}),
    ],
)
def test_images_are_read_in_batches(tmp_path, name, arrays):
    source = image_arrays.open_images(save(tmp_path / name, **arrays))
    assert (source.num_examples, source.image_shape) == (5, (4, 3, 3))
    batches = list(source.evaluation_batches(5, 2))
    assert [len(batch.images) for batch in batches] == [2, 2, 1]
    images = np.concatenate([batch.images for batch in batches])
    np.testing.assert_array_equal(images, IMAGES.astype(np.float32) / np.float32(255))
    assert batches[0].labels is None
    assert len(next(source.evaluation_batches(1, 2)).images) == 1


def test_an_archive_may_have_labels(tmp_path):
    path = save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    source = image_arrays.open_images(path)
    (batch,) = source.evaluation_batches(5, 10)
    expected = [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(batch.labels, expected)


def test_the_hash_is_of_content_and_not_of_the_file(tmp_path):
    files = [
        save(tmp_path / "a.npy", images=IMAGES),
        save(tmp_path / "b.npz", x=IMAGES),
        save(tmp_path / "c.npz", x=IMAGES[::-1]),
        save(tmp_path / "d.npz", x=IMAGES, labels=LABELS),
    ]
    hashes = [image_arrays.open_images(path).content_hash for path in files]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": IMAGES / 255}, r"float64 .*np.round\(255 \* x\).astype\(np.uint8\)"),
        ({"x": IMAGES.astype(np.int64)}, "int64 .* images are uint8"),
        ({"x": IMAGES[..., 0]}, r"axis for the channel: x\[..., None\]"),
        ({"x": IMAGES.transpose(0, 3, 1, 2)[..., :2]}, r"x.transpose\(0, 2, 3, 1\)"),
        ({"x": IMAGES[:, :, :, [0, 0, 1, 2]]}, "and no transparency"),
        ({"x": IMAGES[:0]}, r"uint8 \[0, 4, 3, 3\]"),
        ({"x": VECTORS}, "Features are scored with --features none"),
        ({"x": IMAGES, "y": IMAGES}, "has the arrays x, y; which .* images"),
        ({"x": IMAGES, "labels": LABELS[:3]}, r"labels are int64 \[3\]; .* 5 examples"),
        ({"x": IMAGES, "labels": LABELS / 2}, "labels are float64"),
    ],
)
def test_what_are_no_images_is_refused(tmp_path, arrays, message):
    path = save(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=message):
        image_arrays.open_images(path)


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_a_file_of_something_else_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"There is no .*{name}"):
        image_arrays.open_images(tmp_path / name)
    (tmp_path / name).write_text("no array")
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        image_arrays.open_images(tmp_path / name)
    whole = save(tmp_path / name, images=IMAGES).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        image_arrays.open_images(tmp_path / name)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_features_are_read(tmp_path, name, dtype):
    path = save(tmp_path / name, features=VECTORS.astype(dtype))
    source = image_arrays.open_features(path)
    np.testing.assert_array_equal(source.features, VECTORS.astype(dtype))
    assert source.features.dtype == (np.float64 if dtype is np.float64 else np.float32)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (IMAGES, "features are floating point .*Images are scored without"),
        (VECTORS.astype(int), r"int64 \[6, 4\]; features are floating"),
        (np.where(VECTORS[3, 1] == VECTORS, np.nan, VECTORS), "row 3, is not finite"),
    ],
)
def test_what_are_no_features_is_refused(tmp_path, vectors, message):
    with pytest.raises(InputError, match=message):
        image_arrays.open_features(save(tmp_path / "a.npy", x=vectors))


@pytest.mark.parametrize("kind", ["images", "features"])
def test_an_archive_with_a_wrong_byte_is_damaged(tmp_path, kind):
    path = tmp_path / "a.npz"
    arrays = {"images": np.repeat(IMAGES, 99, axis=0), "features": np.tile(VECTORS, 99)}
    np.savez(path, **{kind: arrays[kind]})
    content = bytearray(path.read_bytes())
    # Beyond what is read with the header.
    content[-1000] ^= 1
    path.write_bytes(content)
    read = {
        "images": lambda: image_arrays.open_images(path).content_hash,
        "features": lambda: image_arrays.open_features(path),
    }
    with pytest.raises(InputError, match=r"a\.npz is damaged: Bad CRC-32"):
        read[kind]()
