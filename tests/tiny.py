"""Networks small enough for unit tests, and data to feed them."""

import numpy as np
import tensorflow as tf

from compare_ssgan.gans import losses
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.layers.basic import Dense
from compare_ssgan.types import Problem, Representation, Samples

PROBLEM = Problem((8, 8, 1), num_classes=3, batch_size=8)


class Generator(tf.Module):
    def __init__(self, image_shape, input_size, sizes, weights, norm):
        super().__init__("tiny_generator")
        self.hidden = Dense(input_size, 6, weights)
        self.norm = norm and norm(6, sizes, weights, spatial=False)
        self.output = Dense(6, int(np.prod(image_shape)), weights)
        self.image_shape = tuple(image_shape)

    def __call__(self, inputs, condition, training):
        x = self.hidden(inputs)
        if self.norm is not None:
            x = self.norm(x, condition, training)
        pixels = tf.sigmoid(self.output(tf.nn.relu(x)))
        return tf.reshape(pixels, [-1, *self.image_shape])


class Backbone(tf.Module):
    feature_size = 5

    def __init__(self, image_shape, weights, norm):
        super().__init__("tiny_backbone")
        self.dense = Dense(int(np.prod(image_shape)), 5, weights)

    def __call__(self, images, training):
        flat = tf.reshape(images, [-1, int(np.prod(images.shape[1:]))])
        x = tf.nn.softplus(self.dense(flat))
        return Representation(x, {"block0": x})


def game(problem=PROBLEM, seed=0, **options):
    options = {"loss": losses.hinge(), "latent_size": 4} | options
    return ModularGAN(problem, seed, generator=Generator, backbone=Backbone, **options)


def batch(problem=PROBLEM, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(size=[problem.batch_size, *problem.image_shape])
    labels = None
    if problem.num_classes:
        drawn = rng.integers(problem.num_classes, size=problem.batch_size)
        labels = tf.one_hot(drawn, problem.num_classes)
    return Samples(
        tf.constant(images, tf.float32), labels, ids=tf.range(problem.batch_size)
    )
