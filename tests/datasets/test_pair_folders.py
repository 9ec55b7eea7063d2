"""Aligned and unaligned pairs, from files on disk."""

import itertools
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from compare_ssgan.datasets.aligned_pairs import aligned_pairs
from compare_ssgan.datasets.unaligned_pairs import unaligned_pairs
from compare_ssgan.errors import InputError

HEIGHT, WIDTH = 8, 12
LOAD, CROP = 10, 7
SIZES = {"load_size": LOAD, "crop_size": CROP}


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    tf.io.write_file(str(path), tf.io.encode_png(image))


def photograph(seed, width=WIDTH, channels=3):
    """A smooth random image: resizing methods round alike."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (2, 3, channels)).astype(np.float32)
    return tf.cast(tf.image.resize(small, (HEIGHT, width)), tf.uint8).numpy()


def pair(seed):
    """A target is the source, lighter."""
    source = photograph(seed) // 2
    return source, source + 100


def resized(image, size, method=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(image).resize((size, size), method), np.float32)


@pytest.fixture
def side_by_side(directory):
    for split, seeds in (("train", range(5)), ("val", range(5, 8))):
        for seed in seeds:
            image = np.concatenate(pair(seed), axis=1)
            write(directory / "own" / split / f"{seed}.png", image)
    return directory / "own"


@pytest.fixture
def two_folders(directory):
    for split, seeds in (("train", range(5)), ("val", range(5, 8))):
        for seed in seeds:
            for letter, image in zip("AB", pair(seed), strict=True):
                write(directory / "own" / letter / split / f"{seed}.png", image)
    return directory / "own"


@pytest.fixture
def domains(directory):
    for folder, num in (("trainA", 4), ("trainB", 6), ("testA", 2), ("testB", 3)):
        for number in range(num):
            image = photograph(hash_of(folder, number))
            write(directory / "own" / folder / f"{number}.png", image)
    return directory / "own"


def hash_of(folder, number):
    return ["trainA", "trainB", "testA", "testB"].index(folder) * 100 + number


def aligned(**settings):
    return aligned_pairs(**({"name": "own"} | SIZES | settings))


def unaligned(**settings):
    return unaligned_pairs(**({"name": "own"} | SIZES | settings))


def evaluation(split):
    return next(split.evaluation_batches(split.num_examples, split.num_examples))


def levels(samples):
    return samples.images.numpy() * 255


@pytest.mark.parametrize("layout", ["side_by_side", "two_folders"])
def test_evaluation_images_are_those_of_the_files_resized_to_the_crop(layout, request):
    request.getfixturevalue(layout)
    dataset = aligned()
    assert dataset.name == "own_7"
    assert dataset.source_shape == dataset.target_shape == (CROP, CROP, 3)
    assert (dataset.train.num_examples, dataset.test.num_examples) == (5, 3)
    batch = evaluation(dataset.test)
    for position in range(3):
        for samples, image in zip(batch, pair(position + 5), strict=True):
            expected = resized(image, CROP)
            assert abs(levels(samples)[position] - expected).max() < 1.01


@pytest.mark.parametrize("layout", ["side_by_side", "two_folders"])
def test_training_pairs_are_crops_of_the_same_place(layout, request):
    request.getfixturevalue(layout)
    seen = set()
    for batch in itertools.islice(aligned().train.training_batches(5, seed=0), 8):
        source, target = map(levels, batch)
        # The target is lighter by 100 before both are resized and cropped.
        assert abs(target - source - 100).max() < 1.01
        for number, crop in zip(batch.source.ids.numpy(), source, strict=True):
            large = resized(pair(number)[0], LOAD)
            places = [
                (top, left, step)
                for top, left, step in itertools.product(range(4), range(4), (1, -1))
                if abs(
                    large[top : top + CROP, left : left + CROP][:, ::step] - crop
                ).max()
                < 1.01
            ]
            assert places
            seen.update(places)
    assert len(seen) > 10


def test_the_direction_says_which_side_is_the_source(side_by_side):
    forward, backward = aligned(), aligned(direction="BtoA")
    assert backward.name == "own_7_btoa"
    one, other = evaluation(forward.test), evaluation(backward.test)
    np.testing.assert_array_equal(one.source.images, other.target.images)
    np.testing.assert_array_equal(one.target.images, other.source.images)
    assert forward.test.content_hash != backward.test.content_hash


def test_both_layouts_hold_the_same_pairs(side_by_side, two_folders):
    shutil.rmtree(side_by_side / "train")
    shutil.rmtree(side_by_side / "val")
    apart = evaluation(aligned().test)
    for letter in "AB":
        shutil.rmtree(side_by_side / letter)
    for seed in range(5, 8):
        image = np.concatenate(pair(seed), axis=1)
        write(side_by_side / "val" / f"{seed}.png", image)
    together = evaluation(aligned().test)
    for one, other in zip(apart, together, strict=True):
        np.testing.assert_array_equal(one.images, other.images)


def test_names_match_whatever_their_suffix(two_folders):
    image = pair(5)[1]
    (two_folders / "B" / "val" / "5.png").unlink()
    encoded = tf.io.encode_jpeg(image, quality=100)
    tf.io.write_file(str(two_folders / "B" / "val" / "5.jpg"), encoded)
    batch = evaluation(aligned().test)
    assert abs(levels(batch.target)[0] - resized(image, CROP)).max() < 16


def test_domains_are_read_and_cropped_each_by_itself(domains):
    dataset = unaligned(resize="bicubic")
    assert dataset.name == "own_7_bicubic"
    assert (dataset.train.num_examples, dataset.test.num_examples) == (6, 3)
    batch = evaluation(dataset.test)
    for samples, folder, num in zip(batch, ("testA", "testB"), (2, 3), strict=True):
        for position in range(3):
            image = photograph(hash_of(folder, position % num))
            expected = resized(image, CROP, Image.Resampling.BICUBIC)
            assert abs(levels(samples)[position] - expected).max() < 2.01
    first = next(dataset.train.training_batches(4, seed=0))
    assert first.source.images.shape == first.target.images.shape == (4, CROP, CROP, 3)
    again = next(unaligned(resize="bicubic").train.training_batches(4, seed=0))
    np.testing.assert_array_equal(first.target.images, again.target.images)


def test_one_side_may_be_greyscale(domains, side_by_side):
    write(domains / "testB" / "2.png", photograph(0, channels=1))
    dataset = unaligned(target_channels=1)
    assert dataset.name == "own_7_grey_target"
    batch = evaluation(dataset.test)
    assert batch.source.images.shape == (3, CROP, CROP, 3)
    assert batch.target.images.shape == (3, CROP, CROP, 1)
    grey = resized(photograph(0, channels=1)[..., 0], CROP)
    assert abs(levels(batch.target)[2, ..., 0] - grey).max() < 1.01
    batch = evaluation(aligned(source_channels=1).test)
    assert batch.source.images.shape == (3, CROP, CROP, 1)
    weights = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    image = levels(evaluation(aligned().test).source) @ weights
    assert abs(levels(batch.source)[..., 0] - image).max() < 2


def test_without_files_there_is_a_dataset_to_describe(directory):
    for make, layout in ((aligned, "A on the left"), (unaligned, "trainA, trainB")):
        dataset = make()
        assert dataset.target_shape == (CROP, CROP, 3)
        assert dataset.files == directory / "own"
        with pytest.raises(InputError, match=rf"there is no .*own\. .*{layout}"):
            dataset.train.training_batches(1, seed=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"direction": "AB"}, r"aligned_pairs\.direction must be AtoB or BtoA.*'AB'"),
        ({"test_split": "dev"}, r"aligned_pairs\.test_split must be val or test"),
        ({"crop_size": 11}, r"crop of 11 pixels .* images of 10.*aligned_pairs"),
        ({"source_channels": 4}, r"source_channels must be 3, or 1 .* not 4"),
        ({"name": "a/b"}, r"aligned_pairs\.name .*no path"),
    ],
)
def test_a_wrong_setting_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        aligned(**settings)


def refused(split, message):
    with pytest.raises(InputError, match=message):
        evaluation(split)


def test_a_missing_or_empty_folder_is_told_with_what_belongs_there(side_by_side):
    shutil.rmtree(side_by_side / "val")
    refused(aligned().test, r"no folder .*val\. own holds .* train and val")
    (side_by_side / "val").mkdir()
    refused(aligned().test, r"own/val has no PNG or JPEG files")


def test_a_file_of_odd_width_is_refused(side_by_side):
    write(side_by_side / "val" / "6.png", photograph(0, width=13))
    refused(aligned().test, r"val/6\.png is 13 pixels wide, an odd number")


@pytest.mark.parametrize(("letter", "other"), ["AB", "BA"])
def test_an_image_without_counterpart_is_named(two_folders, letter, other):
    write(two_folders / letter / "val" / "more.png", photograph(0))
    message = rf"1 image.* no counterpart .*own/{other}/val: .*{letter}/val/more\.png"
    refused(aligned().test, message)


def test_counterparts_of_other_sizes_and_of_two_suffixes_are_refused(two_folders):
    write(two_folders / "B" / "val" / "6.png", photograph(0, width=13))
    refused(aligned().test, r"A/val/6\.png is 12x8, .*B/val/6\.png is 13x8.*Resize")
    shutil.copy(two_folders / "A/train/1.png", two_folders / "A/train/1.jpeg")
    refused(aligned().train, r"1\.(png|jpeg) and .*1\.(png|jpeg) have the same name")


def test_both_layouts_at_once_are_refused(side_by_side, two_folders):
    refused(aligned().test, r"own has both val and A or B.*Move one")


def test_greyscale_alpha_and_damaged_files_are_named(domains):
    path = domains / "testB" / "1.png"
    write(path, photograph(0, channels=1))
    refused(
        unaligned().test, r"testB/1\.png is greyscale \(1 of 3 .*target_channels is 3"
    )
    write(path, np.zeros((4, 4, 4), np.uint8))
    refused(unaligned().test, r"testB/1\.png cannot be used: it has an alpha channel")
    path.write_bytes((domains / "testB" / "0.png").read_bytes()[:60])
    refused(unaligned().test, r"testB/1\.png cannot be used: it is trunc.*remove it,")
    (domains / "testB" / "2.png").write_text("none")
    refused(unaligned().test, r"testB/1\.png .* It is one of 2 such files")
    write(domains / "testB" / "2.png", photograph(2))
    # Its ends are in place.
    content = bytearray((domains / "testB" / "0.png").read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    refused(unaligned().test, r"testB/1\.png cannot be decoded")
