import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.ms_ssim import (
    ms_ssim,
    pairwise_similarities,
    similarity,
)

RNG = np.random.default_rng(0)
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def _images(num, height=32, width=32, channels=1):
    """Random images that are alike, smooth enough for five scales to say something."""
    common = RNG.uniform(0, 255, (height, width, channels))
    own = RNG.uniform(0, 255, (num, height, width, channels))
    images = 0.7 * common + 0.3 * own
    return np.rint(images).astype(np.uint8)


def _value(images, labels=None, seed=0, finite=True, **options):
    fake = ImageSet(images=images, labels=labels, finite=finite)
    return ms_ssim(**options).compute(Evidence(fake, seed=seed))[0]


def _by_loops(x, y):
    """MS-SSIM of two images of one channel, a window at a time, as it is defined."""
    x, y = x.astype(float), y.astype(float)
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = (_halved_by_loops(z) for z in (x, y))
        height, width = x.shape
        rows = columns = min(11, height, width)
        window = np.outer(_gauss(rows), _gauss(columns))
        contrast, whole = [], []
        for i in range(height - rows + 1):
            for j in range(width - columns + 1):
                a = x[i : i + rows, j : j + columns]
                b = y[i : i + rows, j : j + columns]
                mean_a, mean_b = np.sum(window * a), np.sum(window * b)
                covariance = np.sum(window * (a - mean_a) * (b - mean_b))
                variance_a = np.sum(window * (a - mean_a) ** 2)
                variance_b = np.sum(window * (b - mean_b) ** 2)
                cs = (2 * covariance + C2) / (variance_a + variance_b + C2)
                luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
                contrast.append(cs)
                whole.append(cs * luminance)
        last = scale == len(WEIGHTS) - 1
        result *= max(0, np.mean(whole if last else contrast)) ** weight
    return result


def _gauss(size):
    values = [np.exp(-((i - (size - 1) / 2) ** 2) / (2 * 1.5**2)) for i in range(size)]
    return np.array(values) / np.sum(values)


def _halved_by_loops(x):
    height, width = ((size + 1) // 2 for size in x.shape)
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            rows = [2 * i, min(2 * i + 1, x.shape[0] - 1)]
            columns = [2 * j, min(2 * j + 1, x.shape[1] - 1)]
            result[i, j] = np.mean(x[np.ix_(rows, columns)])
    return result


@pytest.mark.parametrize("size", [(32, 32), (28, 28), (13, 22), (8, 5)])
def test_small_images_have_five_scales_with_windows_that_fit(size):
    images = _images(2, *size)
    expected = _by_loops(images[0, ..., 0], images[1, ..., 0])
    assert 0 < expected < 1
    assert similarity(images) == pytest.approx(expected, rel=1e-9)


def test_three_uniform_images_have_the_value_of_the_luminance_term():
    # compare_gan's own test: 0.989989 for images of 1, 0.7 and 0, of at most 255.
    images = np.stack([np.full((64, 64, 3), level) for level in (1.0, 0.7, 0.0)])

    def luminance(x, y):
        return ((2 * x * y + C1) / (x**2 + y**2 + C1)) ** 0.1333

    expected = np.mean([luminance(1, 0.7), luminance(1, 0), luminance(0.7, 0)])
    assert expected == pytest.approx(0.989989, abs=1e-6)
    assert similarity(images) == pytest.approx(expected, rel=1e-12)


def test_tensorflow_finds_the_same_in_images_large_enough_for_its_windows():
    images = _images(3, 176, 192, 3)
    x, y = tf.constant(images[[0, 0]]), tf.constant(images[[1, 2]])
    expected = tf.image.ssim_multiscale(x, y, max_val=255)
    first, second = np.array([0, 0]), np.array([1, 2])
    found = pairwise_similarities(images, first, second)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_tensorflow_finds_the_same_in_one_scale_of_colour_images():
    images = _images(2, 32, 32, 3)
    expected = tf.image.ssim(tf.constant(images[0]), tf.constant(images[1]), 255)
    found = pairwise_similarities(images, np.array([0]), np.array([1]), weights=[1.0])
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


@pytest.mark.conformance
def test_scikit_image_finds_the_same_in_one_scale():
    from skimage.metrics import structural_similarity

    images = _images(2, 48, 40)
    _, local = structural_similarity(
        images[0, ..., 0],
        images[1, ..., 0],
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )
    # Windows that lie within the image, as Wang et al. have it.
    expected = np.mean(local[5:-5, 5:-5])
    found = pairwise_similarities(images, np.array([0]), np.array([1]), weights=[1.0])
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_equal_images_have_similarity_one_and_the_order_does_not_matter():
    images = _images(3)
    assert similarity(images[[0, 0]]) == pytest.approx(1, rel=1e-12)
    assert similarity(images[:2]) == pytest.approx(similarity(images[1::-1]))


def test_an_image_and_its_negative_have_similarity_zero():
    images = _images(1)
    assert similarity(np.concatenate([images, 255 - images])) == 0


def test_the_value_is_that_of_all_pairs_of_all_batches():
    images = _images(8)
    pairs = [(i, j) for i in range(8) for j in range(i)]
    expected = np.mean([similarity(images[[i, j]]) for i, j in pairs])
    found = _value(images, num_batches=1, batch_size=8)
    assert found == pytest.approx(expected, rel=1e-12)


def test_batches_are_drawn_from_all_images_by_the_seed():
    images = _images(12)
    options = {"num_batches": 2, "batch_size": 3}
    values = {_value(images, seed=seed, **options) for seed in range(5)}
    assert len(values) == 5
    assert _value(images, seed=1, **options) == _value(images, seed=1, **options)


def test_a_collapsed_generator_is_seen():
    collapsed = np.repeat(_images(1), 10, axis=0)
    options = {"num_batches": 1, "batch_size": 10}
    assert _value(collapsed, **options) == pytest.approx(1)
    assert _value(_images(10), **options) < 0.9


def test_within_classes_only_images_of_one_label_are_compared():
    # Classes that are of one image each, and unlike each other.
    labels = np.arange(12) % 3
    images = np.stack([_images(1)[0] for _ in range(3)])[labels]
    options = {"num_batches": None, "batch_size": 4}
    assert _value(images, labels, within_class=True, **options) == pytest.approx(1)
    assert _value(images, num_batches=1, batch_size=12) < 0.9


def test_an_unlabelled_image_is_of_no_class():
    images, labels = _images(9), np.array([0, 0, 1, 1, -1, -1, -1, 0, 1])
    same = _value(images[labels >= 0], labels[labels >= 0], 3, within_class=True,
                  batch_size=3)  # fmt: skip
    found = _value(images, labels, 3, within_class=True, batch_size=3)
    assert np.isfinite(found)
    assert abs(found - same) < 0.05


def test_an_image_that_is_no_number_gives_no_similarity():
    assert np.isnan(_value(_images(400), finite=False))


def test_too_few_images_are_refused_with_the_number_needed():
    with pytest.raises(InputError, match=r"5 batches of 64, 320 .*there are 300"):
        _value(np.zeros((300, 8, 8, 1), np.uint8))
    images, labels = np.zeros((10, 8, 8, 1), np.uint8), np.arange(10) % 2
    with pytest.raises(InputError, match=r"8 generated images of each, and one has 5"):
        _value(images, labels, within_class=True, num_batches=4, batch_size=4)


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        ({}, ""),
        ({"num_batches": 5}, ""),
        ({"num_batches": 7}, "_batches7"),
        ({"batch_size": 32}, "_size32"),
        ({"within_class": True}, "_within_class"),
        ({"within_class": True, "num_batches": 5}, "_within_class_batches5"),
        ({"within_class": True, "batch_size": 10}, "_within_class_size10"),
    ],
)
def test_options_that_are_not_the_default_are_in_the_name(options, suffix):
    assert ms_ssim(**options).suffix == suffix


@pytest.mark.parametrize("options", [{"num_batches": 0}, {"batch_size": 1}])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError, match=r"metrics\.ms_ssim"):
        ms_ssim(**options)


def test_within_classes_a_model_must_have_some():
    metric = ms_ssim(within_class=True)
    with pytest.raises(InputError, match="only images"):
        metric.check(None, None)
    ms_ssim().check(None, None)
    assert metric.needs == {"images", "labels"}
