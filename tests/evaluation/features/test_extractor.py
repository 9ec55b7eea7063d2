import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.digits import digits
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.features.random_convolutions import random_convolutions
from compare_ssgan.evaluation.features.small_classifier import (
    WEIGHTS_DIRECTORY,
    digits_cnn,
)

RNG = np.random.default_rng(0)
WEIGHTS = WEIGHTS_DIRECTORY / "digits_cnn.npz"


def _images(num, size=32, channels=1):
    return RNG.random((num, size, size, channels)).astype(np.float32)


def _counting_network():
    calls = []

    def network(images):
        calls.append(tuple(images.shape))
        means = tf.reduce_mean(images, axis=[1, 2])
        return means, 10 * means

    return calls, network


def _extractor(network, **options):
    return FeatureExtractor(
        "test", network, weights_hash="", feature_size=1, num_logits=1, **options
    )


def test_the_digits_classifier_is_right_on_at_least_97_percent_of_the_test_split():
    test = digits().test
    batch = next(test.evaluation_batches(600, 600))
    logits = digits_cnn()(batch.images).logits
    correct = np.sum(np.argmax(logits, 1) == np.argmax(batch.labels, 1))
    assert correct >= 0.97 * 600
    with np.load(WEIGHTS, allow_pickle=False) as file:
        assert correct == file["about_test_correct"]


def test_the_digits_classifier_belongs_to_the_present_split_and_is_small():
    with np.load(WEIGHTS, allow_pickle=False) as file:
        assert str(file["about_train_hash"]) == digits().train.content_hash
        assert str(file["about_test_hash"]) == digits().test.content_hash
    assert WEIGHTS.stat().st_size < 1_000_000


def test_features_of_digits_have_a_mean_square_of_about_one():
    batch = next(digits().train.evaluation_batches(500, 500))
    features = digits_cnn()(batch.images).features
    assert features.shape == (500, digits_cnn().feature_size)
    assert 0.9 < np.mean(np.square(features)) < 1.1


def test_any_number_of_images_is_one_compilation():
    calls, network = _counting_network()
    extractor = _extractor(network, batch_size=4)
    for num in (1, 3, 4, 5, 11):
        images = _images(num, size=8)
        levels = np.rint(images * 255) / 255
        found = extractor(images)
        expected = levels.mean(axis=(1, 2))
        np.testing.assert_allclose(found.features, expected, rtol=1e-5)
        np.testing.assert_allclose(found.logits, 10 * expected, rtol=1e-5)
    assert calls == [(4, 8, 8, 1)]


def test_features_of_an_image_do_not_depend_on_its_batch():
    images = _images(5)
    extractor = digits_cnn()
    together = extractor(images).features
    alone = np.concatenate([extractor(image[None]).features for image in images])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_images_count_as_they_would_from_a_file():
    images = _images(3)
    saved = np.rint(images * 255).astype(np.uint8)
    from_file = digits_cnn()(saved.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(digits_cnn()(images).features, from_file.features)


def test_an_image_that_is_not_finite_has_features_that_are_nan():
    images = _images(3)
    images[1, 5, 5, 0] = np.nan
    found = digits_cnn()(images)
    assert np.isnan(found.features).all(axis=1).tolist() == [False, True, False]
    assert np.isnan(found.logits).all(axis=1).tolist() == [False, True, False]


def test_a_factory_called_twice_compiles_once():
    assert digits_cnn() is digits_cnn()
    assert random_convolutions() is random_convolutions(64, 0)


@pytest.mark.parametrize(("size", "channels"), [(4, 1), (32, 3), (33, 2)])
def test_random_features_are_for_images_of_any_shape(size, channels):
    found = random_convolutions(feature_size=8)(_images(3, size, channels))
    assert found.features.shape == (3, 8)
    assert found.logits.shape == (3, 0)


def test_other_random_weights_have_another_name_and_hash():
    default, other = random_convolutions(), random_convolutions(seed=1)
    assert default.name == "random"
    assert other.name == "random64seed1"
    assert default.weights_hash != other.weights_hash
    images = _images(2)
    assert not np.allclose(default(images).features, other(images).features)


def test_a_network_refuses_images_it_was_not_made_for():
    with pytest.raises(InputError, match=r"\(32, 32, 1\).*\(64, 64, 3\).*random_conv"):
        digits_cnn().check((64, 64, 3))
    random_convolutions().check((64, 64, 3))
    digits_cnn().check((32, 32, 1))


def test_no_features_are_refused():
    with pytest.raises(InputError, match="0 features"):
        random_convolutions(feature_size=0)
