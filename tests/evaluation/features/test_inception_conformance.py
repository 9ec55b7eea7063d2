"""The Inception network beside those of torch-fidelity and pytorch-fid."""

import contextlib
import importlib
import sys

import numpy as np
import pytest
import tensorflow as tf
import torch_format
import torchvision_stand_in

from compare_ssgan.evaluation import weights_store
from compare_ssgan.evaluation.features import resize
from compare_ssgan.evaluation.features.inception import inception, load

pytestmark = pytest.mark.conformance

RNG = np.random.default_rng(0)
SIZES = [(32, 32), (28, 45), (299, 299), (400, 350)]
TAPS = (64, 192, 768, 2048)


@pytest.fixture(scope="module")
def torch_fidelity():
    """torch-fidelity's network with random weights, in place of the published."""
    import torch

    torchvision_stand_in.install()
    from torch_fidelity import feature_extractor_inceptionv3 as module

    network = module.FeatureExtractorInceptionV3
    names = list(network.get_provided_features_list())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(network, "load_state_dict", lambda self, state: None)
        made = network("inception-v3-compat", names)
    state = torch_format.inception_state()
    found = made.load_state_dict(
        {name: torch.from_numpy(value) for name, value in state.items()}, strict=False
    )
    assert not found.unexpected_keys
    assert all("num_batches_tracked" in name for name in found.missing_keys)
    return made


@pytest.fixture(scope="module")
def paths(torch_fidelity, tmp_path_factory):
    """Its weights as torch saves them, in the zip format and in the old one."""
    import torch

    directory, state = tmp_path_factory.mktemp("weights"), torch_fidelity.state_dict()
    found = {}
    for name, zipped in (("zip", True), ("stream", False)):
        found[name] = str(directory / f"{name}.pth")
        torch.save(state, found[name], _use_new_zipfile_serialization=zipped)
    return found


def _images(height, width):
    return RNG.integers(0, 256, (2, height, width, 3), np.uint8)


def _channels_first(images):
    import torch

    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def _features(path, protocol, tap, images):
    """Ours, without the padding of a batch to the size that is compiled."""
    network = load(weights_store.choose(path), tap)
    levels = tf.constant(images, tf.float32)
    return network.apply(resize.prepare(levels / 255, protocol))[0].numpy()


@pytest.mark.parametrize(
    ("size", "saved"), [*((size, "zip") for size in SIZES), (SIZES[0], "stream")]
)
def test_every_tap_equals_that_of_torch_fidelity(paths, torch_fidelity, size, saved):
    images = _images(*size)
    names = torch_fidelity.get_provided_features_list()
    found = torch_fidelity(_channels_first(images))
    expected = {name: x.numpy() for name, x in zip(names, found, strict=True)}
    for tap in (*TAPS, "logits"):
        features = _features(paths[saved], "legacy", tap, images)
        name = "logits_unbiased" if tap == "logits" else str(tap)
        # Neither vanished nor exploded, or the comparison would say nothing.
        assert 0.1 < np.std(expected[name]) < 10
        np.testing.assert_allclose(features, expected[name], atol=1e-4, err_msg=name)
    assert np.max(np.abs(expected["logits"] - expected["logits_unbiased"])) > 0.1


@pytest.mark.parametrize("saved", ["zip", "stream"])
def test_the_compiled_features_equal_those_of_torch_fidelity(
    paths, torch_fidelity, saved
):
    images = _images(32, 32)
    found = torch_fidelity(_channels_first(images))
    given = images.astype(np.float32) / np.float32(255)
    features, logits = inception(weights=paths[saved], logits="biased")(given)
    np.testing.assert_allclose(features, found[-3].numpy(), atol=1e-4)
    np.testing.assert_allclose(logits, found[-1].numpy(), atol=1e-4)


@contextlib.contextmanager
def _torchvision_of(fidelity):
    """Gives pytorch-fid the parts of torchvision's network that it changes."""
    import torchvision

    names = ("BasicConv2d", "InceptionA", "InceptionB", "InceptionC", "InceptionD")
    with pytest.MonkeyPatch.context() as patch:
        parts = importlib.import_module("torchvision.models.inception")
        for name in names:
            patch.setattr(parts, name, getattr(fidelity, name), raising=False)
        patch.setattr(parts, "InceptionE", fidelity.InceptionE_1, raising=False)
        patch.setattr(torchvision, "models", parts.__class__("models"), raising=False)
        patch.setattr(torchvision.models, "inception", parts, raising=False)
        sys.modules.pop("pytorch_fid.inception", None)
        yield torchvision


@pytest.mark.parametrize("size", SIZES)
def test_every_tap_equals_that_of_pytorch_fid(paths, torch_fidelity, size):
    import torch
    from torch_fidelity import feature_extractor_inceptionv3 as fidelity

    with _torchvision_of(fidelity) as torchvision:
        state = torch_fidelity.state_dict()
        torchvision.models.inception_v3 = lambda **_: _unchanged(torch_fidelity)
        module = importlib.import_module("pytorch_fid.inception")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: state)
            network = module.InceptionV3([0, 1, 2, 3]).eval()
    images = _images(*size)
    with torch.no_grad():
        found = network(_channels_first(images).float() / 255)
    for tap, maps in zip(TAPS, found, strict=True):
        features = _features(paths["zip"], "pytorch", tap, images)
        expected = maps.mean([2, 3]).numpy()
        np.testing.assert_allclose(features, expected, atol=1e-4, err_msg=str(tap))


def _unchanged(torch_fidelity):
    """Returns a network whose blocks pytorch-fid replaces by its own."""
    import copy

    return copy.deepcopy(torch_fidelity)


@pytest.mark.parametrize("size", SIZES)
def test_the_clean_protocol_is_clean_fids_preparation_of_the_same_network(
    paths, torch_fidelity, size
):
    import torch
    from cleanfid.resize import build_resizer

    images = _images(*size)
    resized = np.stack([build_resizer("clean")(image) for image in images])
    prepared = (torch.from_numpy(resized.transpose(0, 3, 1, 2).copy()) - 128) / 128
    x = prepared
    with torch.no_grad():
        for name, layer in torch_fidelity.named_children():
            x = x.flatten(1) if name == "fc" else layer(x)
    features = _features(paths["zip"], "clean", 2048, images)
    np.testing.assert_allclose(features, x.numpy(), atol=1e-4)
