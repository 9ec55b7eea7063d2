import time

import numpy as np
import pytest
import torch_format

from compare_ssgan import config
from compare_ssgan.datasets.digits import digits
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import evaluate, weights_store
from compare_ssgan.evaluation.features import inception_network, resize
from compare_ssgan.evaluation.features.inception import inception
from compare_ssgan.evaluation.metrics.fid import fid
from compare_ssgan.evaluation.metrics.inception_score import inception_score

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def state():
    return torch_format.inception_state()


@pytest.fixture(scope="module")
def path(state, tmp_path_factory):
    directory = tmp_path_factory.mktemp("inception")
    return str(torch_format.save(directory / "random.pth", state, zipped=True))


@pytest.fixture
def published(path, monkeypatch):
    """Random weights in the place of the published ones."""
    (digest,) = {weights_store.choose(path).sha256}
    monkeypatch.setattr(weights_store, "SHA256", digest)
    return path


def test_features_are_of_rounded_images_prepared_by_the_protocol(path, state):
    images = RNG.random((2, 20, 24, 1)).astype(np.float32)
    found = inception("clean", 64, path)(images)
    levels = np.rint(images * 255).repeat(3, axis=-1).astype(np.float32)
    prepared = (resize.resize(levels, "clean") - 128) / 128
    weights = inception_network.fold(state)
    expected = inception_network.network(weights, prepared, 64)
    np.testing.assert_allclose(found.features, expected, atol=1e-5)
    assert found.logits.shape == (2, 0)


def test_features_and_logits_are_those_of_the_network(path, state):
    images = RNG.random((1, 32, 32, 3)).astype(np.float32)
    found = inception(weights=path)(images)
    assert found.features.shape == (1, 2048)
    expected = found.features @ state["fc.weight"].T
    np.testing.assert_allclose(found.logits, expected, atol=1e-4)


def test_names_state_protocol_and_tap(published):
    assert inception(weights=published).name == "inception_legacy"
    assert inception("pytorch", weights=published).name == "inception_pytorch"
    assert inception("clean", 64, weights=published).name == "inception64_clean"
    found = inception(tap="logits", weights=published)
    assert found.name == "inceptionlogits_legacy"
    assert found.feature_size == found.num_logits == 1008


def test_weights_that_are_not_the_published_ones_are_named(path):
    digest = weights_store.choose(path).sha256
    assert inception(weights=path).name == f"inception_legacy_{digest[:8]}"


def test_metrics_of_logits_state_which_these_are(published):
    def names(features):
        return [
            evaluate.names_of(metric, 10, features)
            for metric in (fid(), inception_score())
        ]

    usual = names(inception(weights=published))
    assert usual == [["fid10_inception_legacy"], ["is10_inception_legacy"]]
    biased = names(inception(weights=published, logits="biased"))
    assert biased == [["fid10_inception_legacy"], ["is10_inception_legacy_biased"]]


def test_hashes_depend_on_values_protocol_and_tap_not_on_files(path, state, tmp_path):
    again = torch_format.save(tmp_path / "b.pth", state, zipped=False)
    default = inception(weights=path).weights_hash
    assert inception(weights=str(again)).weights_hash == default
    others = [
        inception("clean", weights=path),
        inception(tap=64, weights=path),
        inception(logits="biased", weights=path),
    ]
    changed = state | {"fc.bias": state["fc.bias"] + 1}
    torch_format.save(tmp_path / "c.pth", changed, zipped=True)
    others.append(inception(weights=str(tmp_path / "c.pth")))
    assert len({default, *(other.weights_hash for other in others)}) == 5


def test_a_factory_called_twice_loads_once(path):
    assert inception(weights=path) is inception("legacy", 2048, path, "unbiased")


def test_loading_takes_less_than_three_seconds(state, tmp_path):
    path = torch_format.save(tmp_path / "a.pth", state, zipped=True)
    start = time.perf_counter()
    inception(weights=str(path))
    assert time.perf_counter() - start < 3


def test_without_weights_one_message_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"weights get.*weights add PATH") as error:
        inception()
    assert str(tmp_path / "weights") in str(error.value)
    assert weights_store.PUBLISHED["pt_inception-2015-12-05-6726825d.pth"] in str(
        error.value
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "bicubic"}, r"'bicubic' is not one of 'legacy'.*\.protocol"),
        ({"tap": 100}, r"100 is not one of 64, .*inception\.tap"),
        ({"logits": "soft"}, r"'soft' is not one of 'unbiased'.*\.logits"),
    ],
)
def test_unknown_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        inception(**settings)


def test_a_choice_of_logits_where_there_are_none_is_refused(path):
    with pytest.raises(InputError, match=r"no choice of logits.*inception\.logits"):
        inception(tap=64, weights=path, logits="biased")


def test_it_is_registered():
    assert "features.inception" in config.registered()


def test_the_images_of_any_dataset_are_accepted(path):
    features = inception(tap=64, weights=path)
    assert features.image_shape is None
    features.check(digits().image_shape)
    features.check((128, 128, 3))
