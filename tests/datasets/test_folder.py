"""Folders of one's own images: what they become, and what is refused."""

import os
import re

import numpy as np
import PIL.Image
import pytest
from image_bytes import jpeg, png, smooth, write

from compare_ssgan.datasets import base
from compare_ssgan.datasets.folder import folder
from compare_ssgan.errors import InputError

COLOUR = smooth()
GREY = COLOUR[..., :1]
ALPHA = np.concatenate([COLOUR, smooth(channels=1)], axis=2)
SIXTEEN = (np.arange(144, dtype=np.uint16) * 400).reshape(12, 12)


def make(directory, files, **options):
    write(directory / "own", files)
    return folder(**{"name": "own", "size": 12, **options})


def pixels(split):
    (batch,) = split.evaluation_batches(split.num_examples, split.num_examples)
    return np.rint(batch.images * 255).astype(np.uint8)


def classes(names, number=2):
    return {f"{c}/{i}.png": png(smooth()) for c in names for i in range(number)}


def test_images_are_those_of_the_files(directory):
    images = {f"{part}/{i}.png": smooth() for part in ("train", "test") for i in (0, 1)}
    dataset = make(directory, {name: png(x) for name, x in images.items()})
    assert dataset.name == "own_12"
    assert (dataset.image_shape, dataset.num_classes) == ((12, 12, 3), 0)
    for part in ("train", "test"):
        split = dataset.split(part)
        expected = [images[f"{part}/{i}.png"] for i in split.ids]
        np.testing.assert_array_equal(pixels(split), expected)
        assert sorted(split.ids) == [0, 1]


def test_the_central_square_is_resized_without_aliases(directory):
    image = smooth(24, 40)
    dataset = make(directory, {f"{i}.png": png(image) for i in range(2)})
    square = PIL.Image.fromarray(image[:, 8:32])
    # PIL's filter is antialiased, too.
    expected = square.resize((12, 12), PIL.Image.Resampling.BILINEAR)
    difference = pixels(dataset.train)[0].astype(int) - np.asarray(expected)
    assert abs(difference).max() <= 1
    stripes = np.zeros([24, 24, 3], np.uint8)
    stripes[:, 1::2] = 255
    assert abs(_shrunk(directory, stripes, "a") - 127.5)[:, 2:-2].max() < 16
    assert np.isin(_shrunk(directory, stripes, "b", resize="area"), (127, 128)).all()


def _shrunk(directory, image, name, **options):
    write(directory / name, {f"{i}.png": png(image) for i in range(2)})
    return pixels(folder(name=name, size=12, **options).train)[0]


@pytest.mark.parametrize("test", ["test", "valid", "val", "validation"])
def test_folders_to_train_and_to_test_on_are_taken_as_they_are(directory, test):
    files = classes(("train/cat", "train/dog"), 3) | classes(
        (f"{test}/cat", f"{test}/dog")
    )
    dataset = make(directory, files)
    assert (dataset.num_classes, dataset.class_names) == (2, ("cat", "dog"))
    assert dataset.train.num_examples == 6
    by_id = dataset.test.labels[np.argsort(dataset.test.ids)]
    assert list(by_id) == [0, 0, 1, 1]


def test_a_fixed_share_of_each_class_is_held_out(directory):
    files = classes("ab", 20) | classes("c", 2)
    dataset = make(directory, files, test_share=0.25)
    assert list(np.bincount(dataset.test.labels)) == [5, 5, 1]
    assert list(np.bincount(dataset.train.labels)) == [15, 15, 1]
    ids = np.concatenate([dataset.train.ids, dataset.test.ids])
    assert sorted(ids) == list(range(42))
    assert dataset.name == "own_12_test_0.25"
    again = make(directory, {}, test_share=0.25)
    np.testing.assert_array_equal(dataset.test.ids, again.test.ids)
    # The first images of a split are of all classes.
    assert set(dataset.train.labels[:10]) >= {0, 1}
    assert make(directory, {}).test.num_examples == 2 + 2 + 1


def test_more_files_move_few_others_between_the_parts(directory):
    write(directory / "one", {f"{i}.png": png(COLOUR) for i in range(40)})
    write(directory / "two", {f"{i}.png": png(COLOUR) for i in range(44)})
    held = []
    for name in ("one", "two"):
        dataset = folder(name=name, size=12, test_share=0.25)
        names = sorted(path.name for path in (directory / name).iterdir())
        held.append({names[i] for i in dataset.test.ids})
    moved = held[0] - held[1]
    assert len(held[0]) == 10
    assert len(moved) <= 3


def test_labels_may_be_in_a_file(directory):
    files = {f"{i}.png": png(smooth()) for i in range(6)}
    rows = "".join(f"{i}.png,{label}\n" for i, label in enumerate((1, 0, 1, 0, -1, "")))
    dataset = make(directory, files | {"labels.csv": f"file,label\n{rows}".encode()})
    assert (dataset.num_classes, dataset.class_names) == (2, None)
    splits = (dataset.train, dataset.test)
    known = {i: k for s in splits for i, k in zip(s.ids, s.labels, strict=True)}
    assert [known[i] for i in range(6)] == [1, 0, 1, 0, -1, -1]


def test_the_hash_is_of_contents_and_labels_and_of_what_is_done(directory):
    files = classes("ab")
    hashes = [make(directory, files).train.content_hash]
    os.rename(directory / "own", directory / "elsewhere")
    assert folder(name="elsewhere", size=12).train.content_hash == hashes[0]
    hashes.append(make(directory, files, size=8).train.content_hash)
    hashes.append(make(directory, {}, labelled=False).train.content_hash)
    hashes.append(make(directory, {"b/0.png": png(COLOUR)}).train.content_hash)
    assert len(set(hashes)) == 4


def test_a_greyscale_set_has_one_channel(directory):
    files = {"0.png": png(GREY), "1.jpg": jpeg(GREY)}
    dataset = make(directory, files, channels=1)
    assert (dataset.name, dataset.image_shape) == ("own_12_grey", (12, 12, 1))
    assert pixels(dataset.train).shape == (1, 12, 12, 1)


PALETTE = PIL.Image.fromarray(COLOUR).quantize(16)


@pytest.mark.parametrize(
    ("options", "files"),
    [
        # JPEG loses a little.
        (
            {"convert": ["greyscale", "cmyk"], "alpha": "drop"},
            {
                "0.png": (png(GREY), GREY.repeat(3, 2), 0),
                "1.jpg": (jpeg(COLOUR, "CMYK"), COLOUR, 20),
                "2.png": (png(PALETTE), np.asarray(PALETTE.convert("RGB")), 0),
                "3.png": (png(ALPHA), COLOUR, 0),
                "4.png": (
                    png(PALETTE, transparency=0),
                    np.asarray(PALETTE.convert("RGB")),
                    0,
                ),
            },
        ),
        # libpng's and PIL's weights of red, green and blue differ.
        (
            {"convert": ["colour", "16_bits"], "channels": 1},
            {
                "0.png": (
                    png(COLOUR),
                    np.asarray(PIL.Image.fromarray(COLOUR).convert("L"))[..., None],
                    3,
                ),
                "1.png": (png(SIXTEEN), (SIXTEEN >> 8)[..., None], 0),
            },
        ),
        (
            {"alpha": "white"},
            {
                "0.png": (
                    png(ALPHA),
                    np.rint(255 + (COLOUR - 255.0) * ALPHA[..., 3:] / 255),
                    0,
                ),
                "1.png": (png(COLOUR), COLOUR, 0),
            },
        ),
    ],
    ids=["colour", "greyscale", "white"],
)
def test_what_the_user_allows_is_converted(directory, options, files):
    contents = {
        f"{part}/{k}": v[0] for k, v in files.items() for part in ("train", "test")
    }
    split = make(directory, contents, **options).train
    wanted = [*files.values()]
    for row, found in zip(split.ids, pixels(split).astype(int), strict=True):
        _, expected, most = wanted[row]
        assert abs(found - expected).max() <= most


def damaged():
    data = bytearray(png(COLOUR))
    data[60] ^= 255
    return bytes(data)


def without_tables():
    """A JPEG whose header is whole, with Huffman tables that cannot be."""
    data = bytearray(jpeg(COLOUR))
    tables = data.index(b"\xff\xc4") + 5
    data[tables : tables + 16] = b"\xff" * 16
    return bytes(data)


GOOD = {f"good{i}.png": png(COLOUR) for i in range(2)}
REFUSED = [
    ({}, {}, "has no PNG or JPEG files"),
    ({"0.tif": b"x"}, {}, r"0.tif: images are PNG or JPEG, not .tif. Convert it"),
    ({"0.png": b""}, {}, r"0.png is no image: it is empty. .* = 'skip'"),
    ({"0.png": b"", "1.png": b""}, {}, r"0.png .* \(one of 2 such files\)"),
    ({"0.png": png(COLOUR)[:-30]}, {}, "0.png is no image: it is truncated"),
    ({"0.jpg": jpeg(COLOUR)[:-30]}, {}, "0.jpg is no image: it is truncated"),
    ({"0.png": b""}, {"corrupt": "skip"}, "There is no image. .*0.png: it is empty"),
    (
        {"0.png": png(GREY)},
        {},
        r"is greyscale, not in colour. .*folder.convert = "
        r"\['greyscale'\]. A greyscale set has datasets.folder.channels = 1",
    ),
    ({"0.png": png(COLOUR)}, {"channels": 1}, r"is in colour.* = \['colour'\]"),
    ({"0.jpg": jpeg(COLOUR, "CMYK")}, {}, r"colours CMYK. .*convert = \['cmyk'\]"),
    ({"0.png": png(SIXTEEN)}, {"channels": 1}, r"16 bits .*convert = \['16_bits'\]"),
    ({"0.png": png(ALPHA)}, {}, "has an alpha channel. .*alpha = 'white' or 'drop'"),
    ({"0.png": png(PALETTE, transparency=0)}, {}, "has an alpha channel"),
    (
        {"0.png": png(smooth(11, 20))},
        {},
        "0.png is too small to be 12x12. .*enlarge = ",
    ),
    (
        {"0.png": png(smooth(12, 20))},
        {"crop": "none"},
        "distorted to 12x12.*stretch = T",
    ),
    ({"0.png": png(COLOUR)}, {}, "has one image only: none could be held out"),
    ({"a/0.png": png(COLOUR)}, {}, "has one image of class 'a' only"),
    (
        classes("a") | {"b/notes.txt": b""},
        {},
        r"own/b is the folder of a class, and has no",
    ),
    (
        classes("a") | GOOD,
        {},
        "good0.png is in no folder of a class. .*labelled = False",
    ),
    (GOOD, {"labelled": True}, "good0.png is in no folder of a class"),
    (GOOD, {"num_classes": 3}, "has no labels, but datasets.folder.num_classes is 3"),
    (classes("ab"), {"num_classes": 1}, "from 0 to 1, that is 2 .*num_classes is 1"),
    (classes("13"), {}, "no image of class 0. .*folder.num_classes = 4"),
    (
        classes(("train/a", "test/a", "test/b")),
        {},
        "'b' has .*own/test, and none in .*train",
    ),
    (
        classes(("train/a", "train/b", "test/a")),
        {},
        "'b' has .*own/train, and none in .*test",
    ),
    (classes(("train/a", "test")), {}, "own/test has no labels, unlike the other"),
    (classes(("train", "test", "val")), {}, "test and val. .*test_folder = 'test'"),
    (classes(("train", "test", "extra")), {}, "and images in extra beside it"),
    (classes(("train", "test")) | GOOD, {}, "and images in good..png beside it"),
    (classes(("test", "a")), {}, "has the folder test, but no folder train"),
    (classes("a"), {"test_folder": "val"}, "has no folders train and val"),
    (classes(("train", "test")), {"test_share": 0.1}, "nothing is held out. Remove"),
    (
        GOOD | {"labels.csv": b"file,label\ngood0.png,1\n"},
        {},
        "labels.csv .* 'good1.png'",
    ),
    (
        GOOD | {"labels.csv": b"file,label\ngood0.png,0\ngood1.png,1\nx.png,0\n"},
        {},
        "has a row for 'x.png', and there is no such",
    ),
    (
        GOOD | {"labels.csv": b"file,label\ngood0.png,0\ngood0.png,1\ngood1.png,1\n"},
        {},
        "more than one row for 'good0.png'",
    ),
    (
        GOOD | {"labels.csv": b"file,label\ngood0.png,0\ngood1.png\n"},
        {},
        "has no label",
    ),
    (
        GOOD | {"labels.csv": b"name\ngood0.png\n"},
        {},
        "needs the columns file and label",
    ),
    (GOOD | {"labels.csv": b"\xff\xfe\x00"}, {}, "Cannot read .*labels.csv"),
    (
        classes(("train", "test")) | {"labels.csv": b"file,label\n"},
        {},
        "labels images of",
    ),
]


@pytest.mark.parametrize(("files", "options", "message"), REFUSED)
def test_wrong_files_are_named_with_what_to_do(directory, files, options, message):
    (directory / "own").mkdir()
    with pytest.raises(InputError, match=re.compile(message, re.DOTALL)):
        make(directory, files, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "a/b"}, r"datasets.folder.name .* no path: 'a/b'"),
        ({"name": ".."}, r"no path: '\.\.'"),
        ({"name": ""}, "no path: ''"),
        ({"size": 0}, "size must be positive, not 0"),
        ({"channels": 4}, "channels must be 1 or 3, not 4"),
        ({"crop": "left"}, "crop must be one of .*, not 'left'"),
        ({"alpha": "black"}, "alpha must be one of refuse, drop, white, not 'black'"),
        ({"corrupt": "repair"}, "corrupt must be one of refuse, skip"),
        ({"convert": "cmyk"}, "convert is a list of .*, not 'cmyk'"),
        ({"convert": ["gray"]}, "convert is a list of 'greyscale', .*'gray'"),
        ({"test_share": 1.0}, "test_share must be between 0 and 1, not 1.0"),
    ],
)
def test_wrong_options_are_told(directory, options, message):
    with pytest.raises(InputError, match=message):
        make(directory, GOOD, **options)


def test_a_folder_that_is_not_there_is_told_with_what_belongs_there(directory):
    message = f"--data_dir names, and there is no {directory}.flowers.*per class"
    with pytest.raises(InputError, match=message):
        folder(name="flowers", num_classes=5)
    base.set_data_directory(None)
    with pytest.raises(InputError, match="names, and none is named"):
        folder(name="flowers")


@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_damage_inside_a_file_is_named_when_a_batch_reads_it(directory, name):
    data = damaged() if name == "x.png" else without_tables()
    dataset = make(directory, {f"train/{name}": data, "test/0.png": png(COLOUR)})
    with pytest.raises(InputError, match=f"{name} cannot be decoded"):
        pixels(dataset.train)


def test_damaged_files_are_left_out_where_the_user_says_so(directory, caplog):
    files = {f"{i}.png": png(smooth()) for i in range(8)}
    whole = make(directory, files)
    files |= {"2.png": damaged(), "3.png": b"", "5.png": without_tables()}
    dataset = make(directory, files, corrupt="skip")
    assert "3 of 8 images are left out" in caplog.text
    assert "2.png: it is truncated or damaged" in caplog.text
    assert dataset.name == "own_12_subset"
    ids = {*dataset.train.ids, *dataset.test.ids}
    assert ids == {0, 1, 4, 6, 7}
    assert {*whole.train.ids, *whole.test.ids} == set(range(8))
    assert len(pixels(dataset.train)) == 4
    # Without the option, those that show when they are decoded are named then.
    with pytest.raises(InputError, match=r"2.png is no image"):
        make(directory, {})


def test_a_file_that_cannot_be_read_is_named(directory):
    write(directory / "own", GOOD)
    os.symlink("nowhere", directory / "own" / "x.png")
    with pytest.raises(InputError, match=r"Cannot read .*x.png: No such file"):
        make(directory, {})


def test_a_circle_of_links_ends(directory):
    write(directory / "own", classes("ab"))
    os.symlink(directory / "own", directory / "own" / "a" / "circle")
    assert make(directory, {}).num_classes == 2
