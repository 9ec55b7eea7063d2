import numpy as np
import pytest
import tensorflow as tf
import tfgan_module

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import evaluate
from compare_ssgan.evaluation.features import saved_model
from compare_ssgan.evaluation.features.inception import inception
from compare_ssgan.evaluation.metrics.inception_score import inception_score

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tfgan_module.save(tmp_path_factory.mktemp("module") / "inception")


def _close(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_features_and_logits_are_what_the_module_calls_so(path):
    network = saved_model.load(path, 2048)
    assert (network.feature_size, network.num_logits) == (5, 4)
    images = RNG.normal(size=(3, 299, 299, 3)).astype(np.float32)
    _close(tf.function(network.apply)(images), tfgan_module.expected(images))


def test_a_module_with_signatures_only_is_read_too(tmp_path):
    module = tf.saved_model.load(str(tfgan_module.save(tmp_path / "whole")))
    bare = tf.Module()
    bare.kept = module
    tf.saved_model.save(bare, str(tmp_path / "bare"), module.signatures)
    network = saved_model.load(tmp_path / "bare", 2048)
    images = RNG.normal(size=(2, 299, 299, 3)).astype(np.float32)
    _close(tf.function(network.apply)(images), tfgan_module.expected(images))


def test_the_factory_takes_a_module_and_names_its_logits(path):
    features = inception(weights=str(path))
    white = np.full((2, 299, 299, 3), 127 / 128, np.float32)
    found = features(np.ones((2, 8, 8, 1), np.float32))
    _close((found.features, found.logits), tfgan_module.expected(white))
    (name,) = evaluate.names_of(inception_score(), 10, features)
    assert name == f"is10_{features.name}_tfgan"


def test_its_logits_can_be_the_features(path):
    network = saved_model.load(path, "logits")
    images = RNG.normal(size=(2, 299, 299, 3)).astype(np.float32)
    features, logits = tf.function(network.apply)(images)
    np.testing.assert_array_equal(features, logits)


def test_what_the_module_does_not_show_is_refused(path):
    with pytest.raises(InputError, match=r"no features 64.*inception\.tap"):
        saved_model.load(path, 64)
    with pytest.raises(InputError, match=r"no choice of logits.*inception\.logits"):
        inception(weights=str(path), logits="biased")


def test_other_modules_and_directories_are_refused(tmp_path):
    other = tfgan_module.save(tmp_path / "other", names=("features", "logits"))
    with pytest.raises(InputError, match=r"not TF-GAN's.*'pool_3' and 'logits'"):
        saved_model.load(other, 2048)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "saved_model.pb").write_bytes(b"nothing")
    with pytest.raises(InputError, match="none is no SavedModel"):
        saved_model.load(tmp_path / "none", 2048)
