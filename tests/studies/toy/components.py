"""A game and data so small that a step takes less than a millisecond."""

import pathlib

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.gans import latents
from compare_ssgan.types import Samples, objective

CONFIGS = pathlib.Path(__file__).parent / "gin_configs"
SHAPE = (8, 8, 1)


class Generator(tf.Module):
    def __init__(self, width, seed):
        super().__init__("generator")
        rng = np.random.default_rng(seed)
        kernel = rng.normal(size=(width, 64)) * 0.1
        self.kernel = tf.Variable(kernel, dtype=tf.float32, name="kernel")
        self.scale = tf.Variable(1.0, name="scale", trainable=False)

    def __call__(self, latents):
        logits = self.scale * tf.matmul(latents, self.kernel)
        return tf.reshape(tf.sigmoid(logits), [-1, *SHAPE])


class Discriminator(tf.Module):
    def __init__(self):
        super().__init__("discriminator")
        self.kernel = tf.Variable(tf.zeros([64]), name="kernel")
        # Stands for the state of a spectral norm.
        self.calls = tf.Variable(0.0, trainable=False)

    def __call__(self, images):
        return tf.linalg.matvec(tf.reshape(images, [-1, 64]), self.kernel)


@config.register("toys")
class Game(tf.Module):
    def __init__(self, problem, seed, *, width=2, diverge_at=-1, uniform=False):
        super().__init__("game")
        self.problem, self.width, self.diverge_at = problem, width, diverge_at
        self.generator = Generator(width, seed)
        self.draw_latents = latents.uniform() if uniform else latents.normal()
        self.discriminator = Discriminator()
        self.rng = tf.random.Generator.from_seed(seed)
        self.generator_steps = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.generator_modules = [self.generator]
        self.discriminator_modules = [self.discriminator]

    def sample(
        self,
        num,
        rng,
        labels=None,
        *,
        training=False,
        generator=None,
        truncation=None,
    ):
        z = self.draw_latents(num, self.width, rng, truncation)
        return Samples((generator or self.generator)(z), None, z)

    def discriminator_objective(self, batch):
        fake = self.sample(self.problem.batch_size, self.rng)
        self.discriminator.calls.assign_add(1.0)
        real, fake = self.discriminator(batch.images), self.discriminator(fake.images)
        terms = {
            "adversarial": tf.reduce_mean(tf.nn.softplus(fake) + tf.nn.softplus(-real)),
            "penalty": 1e-3 * tf.reduce_sum(self.discriminator.kernel**2),
        }
        return objective(terms)

    def generator_objective(self, batch):
        fake = self.sample(self.problem.batch_size, self.rng)
        loss = tf.reduce_mean(tf.nn.softplus(-self.discriminator(fake.images)))
        wrong = self.generator_steps + 1 == self.diverge_at
        return objective({"adversarial": tf.where(wrong, float("nan"), loss)})


@config.register("toys")
def data(num_examples=50):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, size=[num_examples, *SHAPE], dtype=np.uint8)
    labels = rng.integers(0, 3, size=num_examples)
    split = array_split(Arrays(images, labels), 3)
    return Dataset("toy", SHAPE, 3, split, split)
