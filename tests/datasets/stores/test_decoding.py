import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.stores import decoding
from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.datasets.stores.encoded import EncodedStore, decodable
from compare_ssgan.errors import InputError


def image(height, width, channels=3, seed=0):
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def ramp(height, width):
    """Every pixel tells where it is: row, column, 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, 0 * rows], axis=-1).astype(np.uint8)


def png(pixels):
    return tf.io.encode_png(pixels).numpy()


def jpeg(pixels):
    return tf.io.encode_jpeg(pixels, quality=95).numpy()


def store(contents, preparation):
    return EncodedStore(
        len(contents),
        lambda ids: [contents[k] for k in ids],
        preparation,
        describe=lambda k: f"file{k}",
        feed=lambda digest: digest.update(b"".join(contents)),
    )


def prepared(content, preparation, number=None):
    numbers = None if number is None else np.array([number])
    return store([content], preparation).read(np.array([0]), numbers)[0]


@pytest.mark.parametrize("resize", ["bilinear", "bicubic", "area", "lanczos3"])
def test_an_image_of_the_right_size_is_taken_as_it_is(resize):
    pixels = image(6, 6)
    found = prepared(png(pixels), Preparation(6, 6, 3, resize=resize))
    np.testing.assert_array_equal(found, pixels)
    # What leaving out the resize has to agree with.
    same = tf.image.resize(pixels, (6, 6), resize, antialias=True)
    np.testing.assert_array_equal(np.round(same), pixels)


@pytest.mark.parametrize("height, width", [(4, 7), (7, 4), (5, 5)])
def test_the_middle_is_the_central_square(height, width):
    side = min(height, width)
    found = prepared(png(ramp(height, width)), Preparation(side, side, 3))
    begin = (height - side) // 2, (width - side) // 2
    np.testing.assert_array_equal(found[0, 0, :2], begin)
    np.testing.assert_array_equal(found, ramp(height, width)[
        begin[0] : begin[0] + side, begin[1] : begin[1] + side])  # fmt: skip


def test_a_window_is_central_and_padded_with_black():
    window = Preparation(4, 4, 3, window=(4, 4))
    found = prepared(png(ramp(8, 6)), window)
    np.testing.assert_array_equal(found, ramp(8, 6)[2:6, 1:5])
    padded = np.zeros((4, 4, 3), np.uint8)
    pixels = image(2, 2)
    padded[1:3, 1:3] = pixels
    np.testing.assert_array_equal(prepared(png(pixels), window), padded)


def test_all_of_the_image_is_taken_without_a_crop():
    pixels = np.repeat(np.repeat(image(3, 2), 2, axis=0), 4, axis=1)
    found = prepared(png(pixels), Preparation(3, 2, 3, crop="none", resize="area"))
    np.testing.assert_array_equal(found, image(3, 2))


def test_random_crops_are_equally_likely_squares_of_the_shorter_side():
    content = png(ramp(4, 8))
    wide = store([content] * 500, Preparation(4, 4, 3, crop="random"))
    numbers = np.random.default_rng(0).integers(0, 2**63, 500)
    found = wide.read(np.arange(500), numbers)
    starts = found[:, 0, 0, 1]
    expected = [ramp(4, 8)[:, start : start + 4] for start in starts]
    np.testing.assert_array_equal(found, expected)
    # 100 each, with a standard deviation of 9.
    assert set(starts) == set(range(5))
    assert np.bincount(starts).min() > 60


def test_distorted_crops_are_squares_of_half_to_all_of_the_area():
    side, num = 100, 300
    content = png(ramp(side, side))
    square = store(
        [content] * num,
        Preparation(side, side, 3, crop="distorted", antialias=False),
    )
    numbers = np.random.default_rng(0).integers(0, 2**63, num)
    found = square.read(np.arange(num), numbers).astype(int)
    # First and last values of rows and columns, half a pixel off at most.
    heights = found[:, -1, 0, 0] - found[:, 0, 0, 0] + 1
    widths = found[:, 0, -1, 1] - found[:, 0, 0, 1] + 1
    assert np.abs(heights - widths).max() <= 1
    areas = heights * widths / side**2
    assert 0.48 < areas.min() < 0.55
    assert 0.95 < areas.max() <= 1
    # Areas are uniform where all places of a square are allowed.
    assert 0.7 < areas.mean() < 0.8


@pytest.mark.parametrize("crop", ["random", "distorted"])
def test_evaluations_take_the_middle_in_place_of_a_random_crop(crop):
    content = jpeg(image(20, 30))
    middle = prepared(content, Preparation(8, 8, 3))
    np.testing.assert_array_equal(
        prepared(content, Preparation(8, 8, 3, crop=crop)), middle
    )
    np.testing.assert_array_equal(
        prepared(content, Preparation(8, 8, 3), number=5), middle
    )
    one, same, other = (
        prepared(content, Preparation(8, 8, 3, crop=crop), number=number)
        for number in (5, 5, 6)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_jpeg_files_are_decoded_without_shortcuts():
    content = jpeg(image(16, 24))
    expected = tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE")
    found = prepared(content, Preparation(16, 24, 3, crop="none"))
    np.testing.assert_array_equal(found, expected)


def test_values_stay_in_range_where_the_kernel_overshoots():
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, 8:] = 255
    found = prepared(png(pixels), Preparation(12, 12, 3, resize="lanczos3"))
    assert (found[:, :3].max(), found[:, -3:].min()) == (0, 255)


def test_a_file_that_cannot_be_decoded_is_named():
    good = jpeg(image(40, 30))
    contents = [good] * 4
    damaged = store(contents, Preparation(8, 8, 3, crop="distorted"))
    for bad in (good[:-100], png(image(40, 30))[:-100], b"", b"no image"):
        contents[2] = bad
        with pytest.raises(InputError, match="file2 cannot be decoded: it is trunc"):
            damaged.read(np.arange(4), np.arange(4))
        assert len(damaged.read(np.array([0, 3]), None)) == 2
        assert decodable(contents).tolist() == [True, True, False, True]


def test_files_of_any_channels_can_be_decoded():
    contents = [png(image(3, 3, channels)) for channels in (1, 2, 3, 4)]
    assert decodable([*contents, jpeg(image(3, 3, 1))]).all()
    assert decodable([]).shape == (0,)


def test_reading_chunks_of_other_sizes_traces_nothing_again(monkeypatch):
    contents = [png(image(5, 6, seed=k)) for k in range(9)]
    read = store(contents, Preparation(4, 4, 3)).read
    read(np.arange(4), None)
    # Tracing again would call it.
    monkeypatch.setattr(decoding, "decode_file", None)
    for num in (1, 9, 5):
        assert len(read(np.arange(num), None)) == num


def test_unknown_settings_are_refused():
    with pytest.raises(InputError, match=r"x.crop must be one of .*, not 'left'"):
        decoding.check(Preparation(4, 4, 3, crop="left"), "x")
    with pytest.raises(InputError, match=r"x.resize must be one of .*, not 'cubic'"):
        decoding.check(Preparation(4, 4, 3, resize="cubic"), "x")


def test_the_grid_of_tensorflow_1_begins_at_the_first_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 10, 3), np.uint8)
    found = prepared(png(pixels), Preparation(4, 4, 3, tf1_grid=True))
    # Pixels 0, 2.5, 5 and 7.5 along each side.
    rows = (pixels[[0, 2, 5, 7]].astype(float) + pixels[[0, 3, 5, 8]]) / 2
    expected = (rows[:, [0, 2, 5, 7]] + rows[:, [0, 3, 5, 8]]) / 2
    assert np.abs(found - expected).max() <= 0.5
