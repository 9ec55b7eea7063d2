"""Augmentations: values against NumPy, ranges, gradients, refusals."""

import time

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.errors import InputError
from compare_ssgan.gans import augmentations, penalties
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.types import Samples


def images(num=64, size=16, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=[num, size, size, channels]).astype(np.float32)


def apply(augmentation, x, seed=0):
    rng = tf.random.Generator.from_seed(seed)
    return augmentation(Samples(tf.constant(x)), rng).images.numpy()


def draws(seed=0):
    """The same random numbers again, for an independent implementation."""
    return tf.random.Generator.from_seed(seed)


def moved(image, down, right, padding, fill=0.0):
    """One image moved by looking up padded pixels."""
    height, width, _ = image.shape
    margins = [(abs(down),) * 2, (abs(right),) * 2, (0, 0)]
    options = {"constant_values": fill} if padding == "constant" else {}
    padded = np.pad(image, margins, padding, **options)
    top, left = abs(down) - down, abs(right) - right
    return padded[top : top + height, left : left + width]


@pytest.mark.parametrize("channels", [1, 3])
def test_color_is_the_papers_formula_on_images_in_minus_one_to_one(channels):
    x = images(channels=channels)
    rng, shape = draws(), [64, 1, 1, 1]
    brightness = rng.uniform(shape, -0.5, 0.5).numpy()
    saturation = rng.uniform(shape, 0, 2).numpy()
    contrast = rng.uniform(shape, 0.5, 1.5).numpy()
    u = 2 * x - 1 + brightness
    grey = u.mean(axis=3, keepdims=True)
    u = grey + saturation * (u - grey)
    mean = u.mean(axis=(1, 2, 3), keepdims=True)
    u = mean + contrast * (u - mean)
    result = apply(augmentations.diff_augment(["color"]), x)
    np.testing.assert_allclose(result, (u + 1) / 2, atol=1e-5)


def test_saturation_of_one_channel_is_the_identity():
    x = images(channels=1)
    result = apply(augmentations.diff_augment(["color"]), x)
    # Of colour, only contrast changes how much pixels of an image differ.
    ratios = result.std(axis=(1, 2, 3)) / x.std(axis=(1, 2, 3))
    assert 0.5 <= ratios.min() < 0.7
    assert 1.3 < ratios.max() <= 1.5


# The authors' code rounds an eighth of 28 pixels up.
@pytest.mark.parametrize(("size", "limit"), [(24, 3), (28, 4)])
def test_translation_moves_each_image_and_fills_with_grey(size, limit):
    x = images(size=size)
    rng = draws()
    down = rng.uniform([64, 1], -limit, limit + 1, tf.int32).numpy()[:, 0]
    right = rng.uniform([64, 1], -limit, limit + 1, tf.int32).numpy()[:, 0]
    expected = [
        moved(image, d, r, "constant", fill=0.5)
        for image, d, r in zip(x, down, right, strict=True)
    ]
    result = apply(augmentations.diff_augment(["translation"]), x)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    # In both directions, limits included.
    assert set(down) == set(right) == set(range(-limit, limit + 1))


@pytest.mark.parametrize(("size", "hole"), [(16, 8), (10, 5)])
def test_cutout_greys_a_rectangle_around_a_uniform_centre(size, hole):
    x = images(num=400, size=size)
    rng = draws()
    places = size + 1 - hole % 2
    row = rng.uniform([400, 1], 0, places, tf.int32).numpy()[:, 0] - hole // 2
    column = rng.uniform([400, 1], 0, places, tf.int32).numpy()[:, 0] - hole // 2
    expected = x.copy()
    for image, top, left in zip(expected, row, column, strict=True):
        image[max(top, 0) : top + hole, max(left, 0) : left + hole] = 0.5
    result = apply(augmentations.diff_augment(["cutout"]), x)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    # By symmetry as many pixels are lost at the left as at the right.
    lost = np.mean(result == 0.5, axis=(0, 1, 3))
    np.testing.assert_allclose(lost, lost[::-1], atol=0.1)


def test_the_order_of_the_policy_is_the_order_of_the_changes():
    x = images()
    late_colour = apply(augmentations.diff_augment(["cutout", "color"]), x)
    early_colour = apply(augmentations.diff_augment(["color", "cutout"]), x)
    # What was cut out last is grey, what was cut out first was coloured since.
    assert np.all(np.any(early_colour == 0.5, axis=(1, 2, 3)))
    assert np.mean(late_colour == 0.5) < 0.01


def test_every_image_is_changed_in_its_own_way():
    x = np.repeat(images(num=1), 8, axis=0)
    for policy in (["color"], ["translation"], ["cutout"]):
        result = apply(augmentations.diff_augment(policy), x)
        assert len({image.tobytes() for image in result}) > 4, policy


def test_labels_latents_and_ids_stay_what_they_are():
    batch = tiny.batch()._replace(latents=tf.ones([8, 2]))
    both = augmentations.chain(
        [augmentations.random_flip(), augmentations.diff_augment()]
    )
    result = both(batch, draws())
    assert result.labels is batch.labels
    assert result.latents is batch.latents
    assert result.ids is batch.ids


def test_gradients_reach_every_pixel_that_is_left():
    augmentation = augmentations.diff_augment(["translation", "cutout"])
    x = tf.constant(images(num=8))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = augmentation(Samples(x), draws()).images
        total = tf.reduce_sum(y)
    gradient = tape.gradient(total, x).numpy()
    # Each pixel goes to one place or to none.
    np.testing.assert_allclose(gradient, np.round(gradient), atol=1e-6)
    assert set(np.round(gradient).ravel()) == {0.0, 1.0}
    kept = np.sum(np.abs(y.numpy() - 0.5) > 1e-6)
    assert np.sum(gradient) == pytest.approx(kept, rel=1e-3)


def test_random_shift_reflects_at_the_border_or_fills_with_black():
    x = images()
    for padding, mode in (("reflect", "reflect"), ("zero", "constant")):
        rng = draws()
        down = rng.uniform([64, 1], -4, 5, tf.int32).numpy()[:, 0]
        right = rng.uniform([64, 1], -4, 5, tf.int32).numpy()[:, 0]
        expected = [
            moved(image, d, r, mode) for image, d, r in zip(x, down, right, strict=True)
        ]
        result = apply(augmentations.random_shift(padding=padding), x)
        np.testing.assert_allclose(result, expected, atol=1e-6)


def test_the_limit_of_a_shift_is_pixels_or_a_share_of_the_size():
    x = images()
    by_pixels = apply(augmentations.random_shift(pixels=2), x)
    by_ratio = apply(augmentations.random_shift(ratio=1 / 8), x)
    np.testing.assert_array_equal(by_pixels, by_ratio)


def test_random_flip_mirrors_about_half_of_the_images():
    x = images(num=400, size=4)
    result = apply(augmentations.random_flip(), x)
    same = np.all(result == x, axis=(1, 2, 3))
    mirrored = np.all(result == x[:, :, ::-1], axis=(1, 2, 3))
    assert np.all(same ^ mirrored)
    assert 0.4 < np.mean(mirrored) < 0.6
    both = apply(augmentations.random_flip(vertical=True), x)
    turned = np.all(both == x[:, ::-1, ::-1], axis=(1, 2, 3))
    assert 0.15 < np.mean(turned) < 0.35


def test_a_chain_applies_its_parts_in_order():
    x = images()
    parts = [augmentations.random_flip(), augmentations.random_shift()]
    rng = draws()
    expected = parts[1](parts[0](Samples(tf.constant(x)), rng), rng).images
    result = apply(augmentations.chain(parts), x)
    np.testing.assert_array_equal(result, expected)


def test_a_policy_takes_milliseconds_on_the_batch_of_a_step():
    augmentation = augmentations.diff_augment()
    rng = draws()
    step = tf.function(lambda x: augmentation(Samples(x), rng).images, autograph=False)
    x = tf.constant(images(num=192, size=32))
    step(x)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        step(x)
        seconds.append(time.perf_counter() - start)
    # About 10 ms on two cores; a loop over images takes a hundred times as long.
    assert min(seconds) < 0.2


def test_data_augmentation_changes_real_images_only():
    seen = []

    def black(samples, rng):
        seen.append(samples.images.shape[0])
        return samples._replace(images=tf.zeros_like(samples.images))

    game = tiny.game(data_augmentation=black)
    first = game.discriminator_objective(tiny.batch(seed=0)).terms["adversarial"]
    game = tiny.game(data_augmentation=black)
    second = game.discriminator_objective(tiny.batch(seed=1)).terms["adversarial"]
    assert first.numpy() == second.numpy()
    # 8 real images per objective, no generated one; the critic sees images as given.
    assert seen == [8, 8]
    game(tiny.batch())
    assert seen == [8, 8]


def test_augmented_generated_images_send_gradients_to_the_generator():
    game = tiny.game(augmentation=augmentations.diff_augment())
    with tf.GradientTape() as tape:
        value = game.generator_objective(tiny.batch()).total
    gradients = tape.gradient(value, game.generator.trainable_variables)
    assert all(np.any(g) for g in gradients)


def test_penalties_differentiate_through_the_augmentation():
    game = tiny.game(augmentation=augmentations.diff_augment(), penalty=penalties.r1())
    with tf.GradientTape() as tape:
        value = game.discriminator_objective(tiny.batch()).terms["penalty"]
    plain = tiny.game(penalty=penalties.r1())
    without = plain.discriminator_objective(tiny.batch()).terms["penalty"]
    assert value.numpy() != without.numpy()
    kernel = game.discriminator.backbone.dense.kernel.raw
    assert np.all(np.isfinite(tape.gradient(value, kernel)))


def test_images_are_augmented_after_they_were_rotated():
    seen = []

    def record(samples, rng):
        seen.append(samples.images.numpy())
        return samples

    game = tiny.game(tasks=[Rotation], augmentation=record)
    batch = tiny.batch()
    game.discriminator_objective(batch)
    # 8 real ones, 3 turns of the last 2, and 8 generated ones, in whatever order.
    turned = np.rot90(batch.images.numpy()[-1], 1)
    assert any(np.array_equal(image, turned) for image in seen[0])


@pytest.mark.parametrize(
    "augmentation",
    [
        augmentations.random_flip(),
        augmentations.random_flip(horizontal=False, vertical=True),
        augmentations.chain(
            [augmentations.diff_augment(), augmentations.random_flip()]
        ),
    ],
)
def test_flips_after_rotation_are_refused(augmentation):
    with pytest.raises(InputError, match="data_augmentation"):
        tiny.game(tasks=[Rotation], augmentation=augmentation)
    assert isinstance(
        tiny.game(tasks=[Rotation], data_augmentation=augmentation), ModularGAN
    )
    assert isinstance(tiny.game(augmentation=augmentation), ModularGAN)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: augmentations.diff_augment(["colour"]), r"received \['colour'\]"),
        (lambda: augmentations.diff_augment("color"), "received 'color'"),
        (lambda: augmentations.diff_augment([]), "one at least"),
        (lambda: augmentations.diff_augment(["color"] * 2), "at most once"),
        (
            lambda: augmentations.diff_augment(["color"], cutout_ratio=0.5),
            "cutout_ratio has no effect without 'cutout'",
        ),
        (
            lambda: augmentations.diff_augment(["color"], translation_ratio=0.5),
            "translation_ratio has no effect",
        ),
        (lambda: augmentations.diff_augment(translation_ratio=1.0), "must be in"),
        (lambda: augmentations.diff_augment(cutout_ratio=0.0), "must be in"),
        (
            lambda: augmentations.random_flip(horizontal=False),
            "horizontal and .vertical are both False",
        ),
        (lambda: augmentations.random_shift(pixels=1, ratio=0.5), "not both"),
        (lambda: augmentations.random_shift(pixels=0), "pixels must be positive"),
        (lambda: augmentations.random_shift(ratio=1.0), "ratio must be in"),
        (lambda: augmentations.random_shift(padding="wrap"), "'reflect' or 'zero'"),
        (
            lambda: apply(augmentations.random_shift(pixels=9), images(size=8)),
            "8x8 cannot be moved by 9 pixels",
        ),
        (lambda: augmentations.chain([]), "augmentations is empty"),
    ],
)
def test_an_augmentation_that_cannot_work_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
