import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from compare_ssgan.datasets import digits as module
from compare_ssgan.datasets.digits import digits
from compare_ssgan.errors import InputError


def _all(split):
    batch = next(split.evaluation_batches(split.num_examples, split.num_examples))
    return batch.images.numpy(), batch.labels.numpy()


def test_sizes_are_those_of_the_published_set():
    dataset = digits()
    assert dataset.image_shape == (32, 32, 1)
    assert dataset.num_classes == 10
    assert dataset.train.num_examples == 1197
    assert dataset.test.num_examples == 600


def test_the_test_split_has_60_examples_of_each_class_and_classes_take_turns():
    _, labels = _all(digits().test)
    np.testing.assert_array_equal(labels, np.tile(np.eye(10), (60, 1)))


def test_the_splits_share_no_example_and_lose_none():
    labels = load_digits().target
    train, test = module._split(labels)
    assert sorted([*train, *test]) == list(range(1797))


def test_the_split_is_frozen():
    # Changing the split or the enlargement would change every published number.
    dataset = digits()
    assert dataset.test.content_hash.startswith("f637088bdda6")
    assert dataset.train.content_hash.startswith("3297b5114f5e")


def test_images_are_grey_levels_in_the_unit_interval():
    images, _ = _all(digits().train)
    assert images.shape == (1197, 32, 32, 1)
    assert images.min() == 0.0
    assert images.max() == 1.0


def test_enlargement_is_cubic_interpolation():
    raw = load_digits().images[:20]
    expected = tf.image.resize(raw[..., None], (32, 32), "bicubic").numpy()
    expected = np.clip(expected, 0, 16) / 16
    ours = module._enlarge(raw) / 255
    # At the border TensorFlow renormalizes where we repeat the last pixel.
    inner = np.s_[:, 6:-6, 6:-6]
    np.testing.assert_allclose(ours[inner], expected[inner], atol=0.5001 / 255)


def test_enlarging_a_constant_image_keeps_it_constant():
    image = np.full((1, 8, 8), 8.0)
    assert set(module._enlarge(image).ravel()) == {128}


def test_an_unknown_split_is_refused():
    with pytest.raises(InputError, match=r"'train' and 'test', not 'validation'"):
        digits().split("validation")
