"""Steps of a tiny game in which examples of a batch depend on each other.

As a program: makes the steps on two processors that pose as accelerators, and saves
what `steps` returns.
"""

import sys

import numpy as np
import tensorflow as tf
import tiny

from compare_ssgan.gans import augmentations, losses, penalties, tasks
from compare_ssgan.gans.lecam import LeCam
from compare_ssgan.gans.mutual_information import MutualInformation, codes
from compare_ssgan.layers import batch_norm, initializers
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.training import distribute
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step

NUM_STEPS = 4


def _hidden_codes(*args):
    return MutualInformation(*args, hidden_size=6)


def batches():
    """Half of the images have a label; one replica has more of them than the other."""
    for seed in range(2 * NUM_STEPS):
        batch = tiny.batch(seed=seed)
        known = tf.constant([1, 0, 1, 0, 0, 0, 1, 1], tf.float32)[:, None]
        yield batch._replace(labels=batch.labels * known)


FEW = {
    "tasks": [tasks.Rotation, tasks.Classification],
    "conditional": True,
    "generator_norm": ConditionalBatchNorm,
    # With the usual weights, variances are below the epsilon of normalization.
    "initializer": initializers.normal(stddev=0.3),
}
MANY = {
    **FEW,
    "loss": losses.relativistic_average(),
    "penalty": penalties.dragan(),
    "tasks": [tasks.Rotation, tasks.Classification, LeCam, _hidden_codes],
    "codes": codes(),
    "fake_labels": "batch",
    "generator_spectral_norm": True,
    "discriminator_spectral_norm": True,
    "augmentation": augmentations.diff_augment(),
    "data_augmentation": augmentations.random_shift(pixels=1),
}


def steps(many):
    """Returns {name of a term: its values}, and variables by number."""
    game = tiny.game(seed=3, **(MANY if many else FEW))
    number = 2 if many else 1
    ema = ExponentialMovingAverage(game.generator, 0.5, 1) if many else None
    # With the usual epsilon, rounding errors of vanishing gradients make whole steps.
    optimizers = [adam(1e-3, epsilon=1e-3)(updates) for updates in (number, 1)]
    step = make_train_step(game, *optimizers, discriminator_steps=number, ema=ema)
    source, rows = batches(), []
    for _ in range(NUM_STEPS):
        rows.append(step([next(source) for _ in range(number)]))
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    parts = [game, *optimizers, *([ema] if many else [])]
    variables = [v for part in parts for v in part.variables]
    return found | {str(i): v.numpy() for i, v in enumerate(variables)}


def main(path, amount, control):
    if control == "local":
        batch_norm._across_replicas = batch_norm._fused
    team = distribute.make("mirrored")
    assert team.num_replicas == 2
    with team.scope():
        found = steps(amount == "many")
    np.savez(path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
