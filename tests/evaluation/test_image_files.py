"""Folders of images: what is read, in which order, and what is refused."""

import io
import os
import re

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import image_files

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, size=[6, 7, 3], dtype=np.uint8)
GREY = COLOUR[..., :1]


def png(image, **options):
    file = io.BytesIO()
    PIL.Image.fromarray(image.squeeze(), **options).save(file, "PNG")
    return file.getvalue()


def jpeg(image, **options):
    file = io.BytesIO()
    PIL.Image.fromarray(image.squeeze()).save(file, "JPEG", **options)
    return file.getvalue()


def write(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pixels(source, batch_size=2):
    batches = source.evaluation_batches(source.num_examples, batch_size)
    images = np.concatenate([batch.images for batch in batches])
    assert images.dtype == np.float32
    return np.round(images * 255).astype(np.uint8)


def test_images_come_in_the_order_of_their_paths_from_all_folders(tmp_path):
    images = [COLOUR, COLOUR[::-1], 255 - COLOUR, COLOUR[:, ::-1]]
    names = ["a/2.png", "a/b/1.PNG", "a-b/0.png", "c.png"]
    files = dict(zip(names, map(png, images), strict=True))
    files |= {".hidden/x.png": b"", "a/.x.png": b"", "notes.txt": b"no image"}
    source = image_files.open_folder(write(tmp_path, files))
    assert source.image_shape == (6, 7, 3)
    # As paths, not as text, in which "a-b/0.png" comes before "a/2.png".
    np.testing.assert_array_equal(pixels(source), images)
    assert source.labels is None


def test_a_linked_folder_is_read_and_a_circle_of_links_ends(tmp_path):
    elsewhere = write(tmp_path / "elsewhere", {"0.png": png(COLOUR)})
    folder = write(tmp_path / "folder", {"0.png": png(COLOUR)})
    os.symlink(elsewhere, folder / "linked")
    os.symlink(folder, folder / "circle")
    assert image_files.open_folder(folder).num_examples == 2


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_is_decoded_as_pil_does(tmp_path, subsampling):
    smooth = np.cumsum(np.cumsum(RNG.normal(size=[33, 47, 3]), 0), 1)
    smooth = 255 * (smooth - smooth.min()) / np.ptp(smooth)
    data = jpeg(smooth.astype(np.uint8), quality=80, subsampling=subsampling)
    source = image_files.open_folder(write(tmp_path, {"0.jpeg": data}))
    expected = np.asarray(PIL.Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(pixels(source)[0], expected)


def test_greyscale_has_one_channel_and_a_palette_three(tmp_path):
    grey = write(tmp_path / "grey", {"0.png": png(GREY), "1.jpg": jpeg(GREY)})
    assert image_files.open_folder(grey).image_shape == (6, 7, 1)
    file = io.BytesIO()
    PIL.Image.fromarray(COLOUR).quantize(256).save(file, "PNG")
    palette = write(tmp_path / "palette", {"0.png": file.getvalue()})
    source = image_files.open_folder(palette)
    expected = np.asarray(PIL.Image.open(file).convert("RGB"))
    np.testing.assert_array_equal(pixels(source)[0], expected)


def test_folders_are_classes(tmp_path):
    files = {f"{name}/x/{i}.png": png(COLOUR) for name in "ba" for i in range(2)}
    source = image_files.open_folder(write(tmp_path / "names", files))
    assert list(source.labels) == [0, 0, 1, 1]
    assert source.class_names == ("a", "b")
    (batch,) = source.evaluation_batches(4, 4)
    np.testing.assert_array_equal(np.argmax(batch.labels, axis=1), source.labels)
    files = {f"{name}/0.png": png(COLOUR) for name in ("10", "9", "2")}
    source = image_files.open_folder(write(tmp_path / "numbers", files))
    assert list(source.labels) == [10, 2, 9]
    assert source.class_names is None


def test_labels_may_be_in_a_file(tmp_path):
    files = {"0.png": png(COLOUR), "1.png": png(COLOUR)}
    files["labels.csv"] = b"file,label\n1.png,7\n0.png,3\n"
    source = image_files.open_folder(write(tmp_path, files))
    assert list(source.labels) == [3, 7]
    (tmp_path / "labels.csv").write_text("file,label\n1.png,7\n")
    with pytest.raises(InputError, match=r"labels.csv .* has no '0.png'"):
        image_files.open_folder(tmp_path)


def test_the_hash_is_of_content_and_labels_and_not_of_names(tmp_path):
    one = write(tmp_path / "one", {"0.png": png(COLOUR), "1.png": png(255 - COLOUR)})
    two = write(tmp_path / "two", {"a.png": png(COLOUR), "b.png": png(255 - COLOUR)})
    other = write(tmp_path / "other", {"0.png": png(COLOUR), "1.png": png(COLOUR)})
    labelled = write(tmp_path / "labelled", {"a/0.png": png(COLOUR)})
    (labelled / "b").mkdir()
    (labelled / "b" / "1.png").write_bytes(png(255 - COLOUR))
    folders = [one, two, other, labelled]
    hashes = [image_files.open_folder(folder).content_hash for folder in folders]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_images_of_several_sizes_are_prepared_one_by_one(tmp_path):
    files = {"0.png": png(COLOUR), "1.png": png(COLOUR[:4, :4])}
    source = image_files.open_folder(write(tmp_path, files))
    assert source.image_shape is None
    with pytest.raises(InputError, match=r"1.png is 4x4, but .*0.png is 7x6: .*equal"):
        next(source.evaluation_batches(2, 2))
    prepared = source._replace(prepare=lambda x: tf.image.resize(x, [3, 3]))
    (batch,) = prepared.evaluation_batches(2, 2)
    for image, original in zip(batch.images, (COLOUR, COLOUR[:4, :4]), strict=True):
        np.testing.assert_allclose(
            image, tf.image.resize(original, [3, 3]) / 255, atol=1e-6
        )


SIXTEEN = np.arange(42, dtype=np.uint16).reshape(6, 7) * 1000
ALPHA = np.concatenate([COLOUR, GREY], axis=2)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no PNG or JPEG files"),
        ({"a.webp": b"x"}, r"a.webp: images are PNG or JPEG, not .webp"),
        ({"a.png": png(ALPHA)}, "a.png cannot be scored: it has an alpha channel"),
        ({"a.png": png(SIXTEEN)}, "it has 16 bits per channel"),
        ({"a.png": png(COLOUR)[:-30]}, "truncated: the end of the PNG"),
        ({"a.jpg": jpeg(COLOUR)[:-30]}, "truncated: the end of the JPEG"),
        ({"a.jpg": jpeg(COLOUR)[:30]}, "truncated: the JPEG ends before"),
        ({"a.jpg": jpeg(ALPHA[..., :3].repeat(1, 2))[:2]}, "neither a PNG nor a JPEG"),
        ({"a.png": b""}, "it is empty"),
        ({"a.png": png(COLOUR), "b.png": png(GREY)}, "b.png has 1 .*a.png has 3"),
    ],
)
def test_what_is_no_image_is_refused_by_name(tmp_path, files, message):
    with pytest.raises(InputError, match=re.compile(message, re.DOTALL)):
        image_files.open_folder(write(tmp_path, files))


def test_cmyk_is_refused(tmp_path):
    file = io.BytesIO()
    PIL.Image.fromarray(COLOUR).convert("CMYK").save(file, "JPEG")
    with pytest.raises(InputError, match="4 channels"):
        image_files.open_folder(write(tmp_path, {"a.jpg": file.getvalue()}))


def test_a_damaged_file_is_named_when_it_is_decoded(tmp_path):
    damaged = bytearray(png(COLOUR))
    damaged[60] ^= 255
    files = {f"{i}.png": png(COLOUR) for i in range(5)} | {"3.png": bytes(damaged)}
    source = image_files.open_folder(write(tmp_path, files))
    with pytest.raises(InputError, match=r"3.png cannot be decoded"):
        pixels(source)
