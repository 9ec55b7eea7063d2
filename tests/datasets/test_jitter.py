import numpy as np
import pytest

from compare_ssgan.datasets.jitter import Jitter, jitter
from compare_ssgan.errors import InputError

LOAD, CROP = 9, 6


def images(num, channels=2):
    """Every pixel says where it is."""
    rows, columns = np.meshgrid(np.arange(LOAD), np.arange(LOAD), indexing="ij")
    one = np.stack([rows, columns], axis=-1).astype(np.uint8)
    return np.tile(one, (num, 1, 1, channels // 2))


def slow(image, number):
    """One image at a time, in Python's own integers."""
    number = int(number)
    top = number // 2 % 2**31 % (LOAD - CROP + 1)
    left = number // 2**32 % (LOAD - CROP + 1)
    crop = [[image[top + y][left + x] for x in range(CROP)] for y in range(CROP)]
    return [row[::-1] for row in crop] if number % 2 else crop


def test_jitter_is_a_crop_and_a_mirroring_of_each_image():
    numbers = np.random.default_rng(0).integers(0, 2**63, 50)
    given = np.random.default_rng(1).integers(0, 256, (50, LOAD, LOAD, 3), np.uint8)
    expected = [
        slow(image, number) for image, number in zip(given, numbers, strict=True)
    ]
    np.testing.assert_array_equal(jitter(CROP, flip=True)(given, numbers), expected)


def test_all_places_and_both_orientations_are_equally_likely():
    numbers = np.random.default_rng(2).integers(0, 2**63, 8000)
    crops = jitter(CROP, flip=True)(images(len(numbers)), numbers)
    mirrored = crops[:, 0, 0, 1] > crops[:, 0, 1, 1]
    # Five standard deviations.
    assert abs(mirrored.mean() - 0.5) < 5 * np.sqrt(0.25 / len(numbers))
    left = crops[..., 1].min(axis=(1, 2))
    counts = np.bincount(crops[:, 0, 0, 0] * 4 + left, minlength=16)
    share = 1 / 16
    deviation = np.sqrt(share * (1 - share) / len(numbers))
    assert abs(counts / len(numbers) - share).max() < 5 * deviation


def test_without_flips_columns_keep_their_order():
    numbers = np.random.default_rng(3).integers(0, 2**63, 40)
    crops = jitter(CROP, flip=False)(images(40), numbers)
    assert (np.diff(crops[..., 1].astype(int), axis=2) == 1).all()


def test_images_that_were_given_are_not_changed():
    given = images(3)
    jitter(LOAD, flip=True)(given, np.array([1, 3, 5]))
    np.testing.assert_array_equal(given, images(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_size": 300}, r"crop of 300 pixels .* images of 286.*x\.load_size"),
        ({"load_size": 0}, r"x\.load_size must be a positive whole number.*not 0"),
        ({"crop_size": 2.5}, r"x\.crop_size must be .* not 2\.5"),
        ({"crop_size": True}, r"x\.crop_size must be .* not True"),
        ({"resize": "cubic"}, r"x\.resize must be one of .*bicubic.*'cubic'"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    wrong = Jitter(286, 256, True, "bilinear")._replace(**change)
    with pytest.raises(InputError, match=message):
        wrong.check("x")
