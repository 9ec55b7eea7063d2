"""A union of methods is the union of their lines: everything in one game."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan import config
from compare_ssgan.gans import augmentations, penalties, regularizers
from compare_ssgan.gans.consistency import (
    BalancedConsistency,
    ConsistencyRegularization,
)
from compare_ssgan.gans.lecam import LeCam
from compare_ssgan.gans.mutual_information import MutualInformation
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.studies import experiment, spec
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Codes

TASKS = (
    Rotation,
    ConsistencyRegularization,
    BalancedConsistency,
    LeCam,
    MutualInformation,
)
LINES = (
    "gans.ModularGAN.tasks = [@tasks.Rotation, @tasks.ConsistencyRegularization, "
    "@tasks.BalancedConsistency, @tasks.LeCam, @tasks.MutualInformation]",
    "gans.ModularGAN.codes = @latents.codes()",
    "latents.codes.categorical = [4, 3]",
    "latents.codes.continuous = 1",
    "gans.ModularGAN.generator_regularizer = @regularizers.orthogonal()",
    "gans.ModularGAN.discriminator_regularizer = @regularizers.orthogonal()",
    "regularizers.orthogonal.diagonal = True",
    "gans.ModularGAN.augmentation = @augmentations.diff_augment()",
    "augmentations.diff_augment.cutout_ratio = 0.25",
    "gans.ModularGAN.data_augmentation = @augmentations.chain()",
    "augmentations.chain.augmentations = [@augmentations.random_flip(), "
    "@augmentations.random_shift()]",
    "augmentations.random_shift.ratio = 0.125",
    "augmentations.random_shift.padding = 'zero'",
    "tasks.BalancedConsistency.augmentation = @augmentations.random_flip()",
    "tasks.LeCam.start_step = 10",
    "resnet_cifar.Generator.channels = 4",
    "resnet_cifar.Backbone.channels = 4",
    "BATCH_SIZE = 8",
)


def union(**options):
    options = {
        "tasks": TASKS,
        "codes": Codes((3,), 1),
        "penalty": penalties.r1(),
        "augmentation": augmentations.diff_augment(),
        "data_augmentation": augmentations.random_flip(),
        "generator_regularizer": regularizers.orthogonal(),
        "discriminator_regularizer": regularizers.orthogonal(),
    } | options
    return tiny.game(**options)


def build(*more):
    request = spec.RunRequest(
        gin_files=("gin_configs/gan.gin",),
        dataset="digits",
        budget="smoke",
        seed=0,
        settings=(*LINES, *more),
    )
    spec.load(request)
    with config.construction():
        return experiment.run()


def test_one_step_of_everything_has_every_term_and_moves_every_variable():
    game = union()
    before = [v.numpy() for v in game.trainable_variables]
    terms = make_train_step(game, adam(1e-2)(1), adam(1e-2)(1))([tiny.batch()])
    shared = {"adversarial", "rotation", "mutual_information", "regularizer"}
    alone = {"penalty", "consistency", "balanced_consistency", "lecam"}
    expected = {
        f"{player}/{name}"
        for player in ("discriminator", "generator")
        for name in shared
    } | {f"discriminator/{name}" for name in alone}
    assert set(terms) == expected
    for name, value in terms.items():
        assert np.isfinite(value), name
    for variable, old in zip(game.trainable_variables, before, strict=True):
        assert np.any(variable != old), variable.name


def test_the_same_seed_gives_the_same_step():
    totals = [union().discriminator_objective(tiny.batch()).total for _ in range(2)]
    assert totals[0].numpy() == totals[1].numpy()


@pytest.mark.parametrize("augmented", [False, True])
def test_rotation_has_the_same_labels_with_and_without_augmentation(augmented):
    # The brightest quadrant of what the discriminator sees tells the angle.
    seen = []

    def record(samples, rng):
        if augmented:
            policy = augmentations.diff_augment(["color"])
            samples = policy(samples, rng)
        seen.append(samples.images.numpy()[..., 0])
        return samples

    images = np.zeros([8, 8, 8, 1], np.float32)
    images[:, :4, :4] = 1.0
    game = tiny.game(tasks=[Rotation], augmentation=record)
    batch = tiny.batch()._replace(images=tf.constant(images))
    game.discriminator_objective(batch)
    corners = [
        (slice(0, 4), slice(0, 4)),
        (slice(4, 8), slice(0, 4)),
        (slice(4, 8), slice(4, 8)),
        (slice(0, 4), slice(4, 8)),
    ]
    (views,) = seen
    # 8 real ones, 2 each turned by 90, 180 and 270 degrees, then 8 generated ones.
    order = [("real", 0)] * 8 + [("turned", k) for k in (1, 1, 2, 2, 3, 3)]
    shown = np.concatenate([views[:8], views[-6:]])
    for image, (_, turns) in zip(shown, order, strict=True):
        brightness = [image[corner].mean() for corner in corners]
        assert np.argmax(brightness) == turns


def test_every_component_can_be_set_by_gin():
    game = build().game
    assert [type(task) for task in game.tasks] == list(TASKS)
    assert game.codes == Codes((4, 3), 1)
    assert game.latent_size == 128 + 8
    assert isinstance(game.tasks[2].augmentation, augmentations.Flip)
    assert isinstance(game.data_augmentation, augmentations.Chain)
    unread = config.unread_bindings(include_shipped=False)
    assert [line for line in unread if "evaluate" not in line] == []


def test_in_bfloat16_every_term_is_finite_and_float32():
    built = build("run.precision = 'mixed_bfloat16'")
    batch = next(built.dataset.train.training_batches(8, seed=0))
    for compute in (
        built.game.discriminator_objective,
        built.game.generator_objective,
    ):
        for name, value in compute(batch).terms.items():
            assert value.dtype == tf.float32, name
            assert np.isfinite(value), name
