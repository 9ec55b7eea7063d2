import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import resize

RNG = np.random.default_rng(0)
SHAPES = [(32, 32), (28, 45), (299, 299), (512, 330), (1, 7)]


def _levels(height, width, channels=3, num=2):
    return RNG.integers(0, 256, (num, height, width, channels)).astype(np.float32)


def _positions(inputs, half_pixel):
    """Where each of 299 pixels lies between the pixels there are, and how far."""
    offset = 0.5 if half_pixel else 0.0
    at = (np.arange(299) + offset) * (inputs / 299) - offset
    at = np.clip(at, 0, inputs - 1)
    low = np.floor(at).astype(int)
    return low, np.minimum(low + 1, inputs - 1), at - low


def _bilinear(levels, half_pixel):
    low, high, part = _positions(levels.shape[1], half_pixel)
    part = part[:, None, None]
    rows = levels[:, low] * (1 - part) + levels[:, high] * part
    low, high, part = _positions(levels.shape[2], half_pixel)
    part = part[:, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, high] * part


def _bicubic(levels):
    """As PIL does it, each channel for itself in floating point."""
    resized = np.empty((*levels.shape[:1], 299, 299, levels.shape[-1]), np.float32)
    for i, c in np.ndindex(levels.shape[0], levels.shape[-1]):
        channel = Image.fromarray(np.ascontiguousarray(levels[i, :, :, c]))
        resized[i, :, :, c] = channel.resize((299, 299), Image.Resampling.BICUBIC)
    return np.clip(resized, 0, 255)


@pytest.mark.parametrize("shape", SHAPES)
def test_legacy_is_bilinear_without_half_pixel_centres(shape):
    levels = _levels(*shape)
    expected = _bilinear(levels.astype(np.float64), half_pixel=False)
    np.testing.assert_allclose(resize.resize(levels, "legacy"), expected, atol=1e-2)


@pytest.mark.parametrize("shape", SHAPES)
def test_pytorch_is_bilinear_with_half_pixel_centres(shape):
    levels = _levels(*shape)
    expected = _bilinear(levels.astype(np.float64), half_pixel=True)
    np.testing.assert_allclose(resize.resize(levels, "pytorch"), expected, atol=1e-2)


@pytest.mark.parametrize("shape", SHAPES)
def test_clean_is_the_bicubic_of_pil_with_antialiasing_and_clipped(shape):
    levels = _levels(*shape)
    found = np.asarray(resize.resize(levels, "clean"))
    np.testing.assert_allclose(found, _bicubic(levels), atol=1e-4)
    assert found.min() >= 0
    assert found.max() <= 255


def test_the_protocols_differ():
    levels = _levels(32, 32)
    legacy, torch, clean = (resize.resize(levels, p) for p in resize.PROTOCOLS)
    assert np.max(np.abs(legacy - torch)) > 50
    assert np.max(np.abs(clean - torch)) > 10


@pytest.mark.parametrize(
    ("protocol", "black", "white"),
    [("legacy", -1, 127 / 128), ("pytorch", -1, 1), ("clean", -1, 127 / 128)],
)
def test_black_and_white_become_what_the_network_was_given(protocol, black, white):
    images = np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).astype(np.float32)
    prepared = resize.prepare(tf.constant(images), protocol)
    assert prepared.shape == (2, 299, 299, 3)
    np.testing.assert_allclose(prepared[0], black, atol=1e-6)
    np.testing.assert_allclose(prepared[1], white, atol=1e-6)


def test_one_channel_is_repeated_to_three():
    images = tf.constant(_levels(8, 8, channels=1) / np.float32(255))
    alone = resize.prepare(images, "legacy")
    repeated = resize.prepare(tf.repeat(images, 3, axis=-1), "legacy")
    np.testing.assert_array_equal(alone, repeated)


def test_every_level_is_met_exactly():
    levels = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1)
    prepared = resize.prepare(tf.constant(levels / np.float32(255)), "legacy")
    np.testing.assert_array_equal(
        prepared, (resize.resize(np.repeat(levels, 3, -1), "legacy") - 128) / 128
    )


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(InputError, match=r"1 or 3 channels, not 2.*random_conv"):
        resize.prepare(tf.zeros([1, 8, 8, 2]), "legacy")


@pytest.mark.conformance
@pytest.mark.parametrize("shape", SHAPES[:4])
def test_protocols_equal_those_of_other_libraries(shape):
    import torch
    import torchvision_stand_in

    torchvision_stand_in.install()
    from cleanfid.resize import build_resizer
    from torch_fidelity.interpolate_compat_tensorflow import (
        interpolate_bilinear_2d_like_tensorflow1x,
    )

    levels = _levels(*shape)
    channels_first = torch.from_numpy(levels.transpose(0, 3, 1, 2).copy())
    size = (299, 299)
    legacy = interpolate_bilinear_2d_like_tensorflow1x(
        channels_first, size=size, align_corners=False
    )
    bilinear = torch.nn.functional.interpolate(
        channels_first, size=size, mode="bilinear", align_corners=False
    )
    clean = [build_resizer("clean")(image) for image in levels.astype(np.uint8)]
    for protocol, expected, tolerance in [
        ("legacy", legacy.numpy().transpose(0, 2, 3, 1), 1e-5),
        ("pytorch", bilinear.numpy().transpose(0, 2, 3, 1), 1e-3),
        ("clean", np.stack(clean), 1e-4),
    ]:
        found = np.asarray(resize.resize(levels, protocol))
        np.testing.assert_allclose(found, expected, atol=tolerance, err_msg=protocol)
