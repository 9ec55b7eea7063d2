"""How much an image says about the latents that it was generated from."""

from collections.abc import Callable, Sequence
from math import ceil, erf, log, sqrt

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model, drawing
from compare_ssgan.evaluation.sampling import Draw
from compare_ssgan.layers.basic import Conv2d, Dense
from compare_ssgan.layers.initializers import glorot_uniform
from compare_ssgan.layers.weights import Weights
from compare_ssgan.training.optimizers import adam
from compare_ssgan.types import Factor, ImageShape, Samples

_LEAK = 0.2
# Of the convolutions and the hidden layer; compare_gan's.
_WIDTHS = (64, 128, 1024)
# Beta densities begin all but uniform.
_BETA_OFFSET = 5.0
# Values of a uniform variable at its very ends have no density under some Betas.
_MARGIN = 1e-6
_SMALLEST_DEVIATION = 1e-6


@config.register("metrics")
def gilbo(
    num_steps: int = 2000,
    batch_size: int = 64,
    learning_rate: float = 4e-4,
    num_samples: int = 10_000,
) -> Metric:
    """Generative information lower bound: nats that images tell of their latents.

    Alemi and Fischer, "GILBO: One Metric to Measure Them All", 2018,
    https://arxiv.org/abs/1802.04874, Eq. 4: E[log q(z|x) - log p(z)] over latents z
    and their images x, where q is a network trained to maximize it; a lower bound of
    the mutual information I(x; z). A generator that ignores its latents has 0, and an
    untrained q gives 0 (just below 0 where latents are uniform).

    q has compare_gan's network (https://github.com/google/compare_gan, gilbo.py): 4x4
    convolutions of stride 2 with 64 and 128 channels (here with zero padding, so that
    small images have room for them), a dense layer of 1024 units, leaky ReLU (0.2),
    and a dense layer that begins with zeros. Variables are independent under q:
    normal ones are normal, uniform ones have a Beta distribution of two parameters
    above 1, categorical codes a softmax. It sees images, not labels.

    It is trained by Adam on fresh samples for a fixed budget, the learning rate falling
    linearly to 0 over the second half, and evaluated on others. compare_gan halves the
    rate when progress is small, and stops after 500,000 steps at most. The default is
    a fraction of that, so that the bound is lower than it could be: compare only
    values of one budget, which is part of the name where it is not the default. It
    takes some three minutes on two cores with the networks of the digits. The
    consistency measures of that paper are left out. The generator is the one that is
    evaluated; latents that are truncated are compared with their truncated prior.

    Args:
        num_steps: Steps of the training of q.
        batch_size: Samples per step.
        learning_rate: Of Adam, at first.
        num_samples: Number of samples on which the bound is evaluated.

    Raises:
        InputError: If a number is not positive.
    """
    options = {
        "num_steps": num_steps,
        "batch_size": batch_size,
        "num_samples": num_samples,
    }
    for name, value in options.items():
        if type(value) is not int or value < 1:
            raise InputError(
                f"metrics.gilbo.{name} must be a positive number, not {value!r}."
            )
    if not learning_rate > 0:
        raise InputError(
            f"metrics.gilbo.learning_rate must be positive, not {learning_rate}."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        model = evidence.model
        assert model is not None
        factors = model.game.prior
        assert factors is not None
        rng = tf.random.Generator.from_seed(evidence.seed, alg="philox")
        with drawing(model, evidence.sampling) as draw:
            bound = lower_bound(
                draw,
                rng,
                factors,
                model.game.problem.image_shape,
                num_steps=num_steps,
                batch_size=batch_size,
                learning_rate=learning_rate,
                num_samples=num_samples,
                seed=evidence.seed,
            )
        return (bound + _of_truncation(factors, evidence.sampling.truncation),)

    suffix = "" if num_steps == 2000 else f"_steps{num_steps}"
    suffix += "" if batch_size == 64 else f"_batch{batch_size}"
    suffix += "" if learning_rate == 4e-4 else f"_rate{learning_rate:g}"
    return Metric(
        kinds=("gilbo",),
        compute=compute,
        needs_model=True,
        num=num_samples,
        suffix=suffix,
        check=_check,
    )


class Posterior(tf.Module):
    """The distribution q of latents given their image."""

    def __init__(
        self, image_shape: ImageShape, factors: Sequence[Factor], seed: int
    ) -> None:
        """Builds the network.

        Args:
            image_shape: (height, width, channels).
            factors: How latents are distributed, in the order of their columns.
            seed: Of the initial weights.
        """
        super().__init__("posterior")
        self.factors = list(factors)
        self.sizes = [f.size * (1 + (f.family != "categorical")) for f in factors]
        weights = Weights(np.random.default_rng(seed), glorot_uniform())
        zeros = Weights(weights.rng, lambda rng, shape: np.zeros(shape, np.float32))
        height, width, channels = image_shape
        first, second, hidden = _WIDTHS
        self.convs = [
            Conv2d(channels, first, weights, size=4, stride=2),
            Conv2d(first, second, weights, size=4, stride=2),
        ]
        flat = ceil(height / 4) * ceil(width / 4) * second
        self.dense = Dense(flat, hidden, weights)
        self.output = Dense(hidden, sum(self.sizes), zeros)

    def information(self, images: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
        """Returns log q(z|x) - log p(z) of each example, [batch], in nats.

        Args:
            images: [batch, height, width, channels] in [0, 1].
            latents: [batch, latent_size].
        """
        x = images
        for conv in self.convs:
            x = tf.nn.leaky_relu(conv(x), _LEAK)
        x = tf.nn.leaky_relu(self.dense(tf.reshape(x, [images.shape[0], -1])), _LEAK)
        parameters = tf.split(self.output(x), self.sizes, axis=1)
        columns = tf.split(latents, [f.size for f in self.factors], axis=1)
        terms = [
            _INFORMATION[factor.family](factor, z, each)
            for factor, z, each in zip(self.factors, columns, parameters, strict=True)
        ]
        return tf.add_n(terms)


def lower_bound(
    draw: Draw,
    rng: tf.random.Generator,
    factors: Sequence[Factor],
    image_shape: ImageShape,
    *,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
    num_samples: int,
    seed: int,
) -> float:
    """Returns the bound in nats that a network reaches within a budget.

    Args:
        draw: Draws (number, rng) with latents.
        rng: Source of samples, first those of the training, then the others.
        factors: How latents are distributed, in the order of their columns.
        image_shape: (height, width, channels).
        num_steps: See `gilbo`.
        batch_size: See `gilbo`.
        learning_rate: See `gilbo`.
        num_samples: See `gilbo`.
        seed: Of the network's initial weights.
    """
    posterior = Posterior(image_shape, factors, seed)
    variables = posterior.trainable_variables
    optimizer = adam(
        learning_rate, beta_1=0.9, decay_start=num_steps // 2, decay_end=num_steps
    )(1)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(samples: Samples) -> None:
        with tf.GradientTape() as tape:
            information = posterior.information(samples.images, samples.latents)
            loss = -tf.reduce_mean(information)
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    @tf.function(autograph=False)
    def measure(samples: Samples) -> tf.Tensor:
        return posterior.information(samples.images, samples.latents)

    for _ in range(num_steps):
        step(draw(batch_size, rng))
    found = [
        measure(draw(batch_size, rng)).numpy()
        for _ in range(ceil(num_samples / batch_size))
    ]
    mean = np.mean(np.concatenate(found)[:num_samples], dtype=np.float64)
    return float(mean) if np.isfinite(mean) else float("nan")


def _normal(factor: Factor, z: tf.Tensor, parameters: tf.Tensor) -> tf.Tensor:
    mean, raw = tf.split(parameters, 2, axis=1)
    # One where the network says nothing: the posterior begins as the prior.
    deviation = tf.math.softplus(raw + log(np.e - 1)) + _SMALLEST_DEVIATION
    z = z / factor.stddev
    squares = tf.square((z - mean) / deviation) + 2 * tf.math.log(deviation)
    log_ratio = 0.5 * (tf.square(z) - squares)
    return tf.reduce_sum(log_ratio, axis=1)


def _uniform(factor: Factor, z: tf.Tensor, parameters: tf.Tensor) -> tf.Tensor:
    alpha, beta = (
        1 + tf.math.softplus(raw - _BETA_OFFSET)
        for raw in tf.split(parameters, 2, axis=1)
    )
    u = (z - factor.low) / (factor.high - factor.low)
    u = tf.clip_by_value(u, _MARGIN, 1 - _MARGIN)
    log_beta = tf.math.lgamma(alpha) + tf.math.lgamma(beta)
    log_beta -= tf.math.lgamma(alpha + beta)
    log_ratio = (alpha - 1) * tf.math.log(u) + (beta - 1) * tf.math.log1p(-u)
    return tf.reduce_sum(log_ratio - log_beta, axis=1)


def _categorical(factor: Factor, z: tf.Tensor, parameters: tf.Tensor) -> tf.Tensor:
    log_q = -tf.nn.softmax_cross_entropy_with_logits(z, parameters)
    return log_q + log(factor.size)


_INFORMATION: dict[str, Callable[[Factor, tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "normal": _normal,
    "uniform": _uniform,
    "categorical": _categorical,
}


def _of_truncation(factors: Sequence[Factor], truncation: float | None) -> float:
    """Returns log p(z) of normal latents less that of truncated ones, in nats."""
    if truncation is None:
        return 0.0
    num = sum(f.size for f in factors if f.family == "normal")
    return num * log(erf(truncation / sqrt(2)))


def _check(model: Model | None, dataset: Dataset | None) -> None:
    del dataset
    assert model is not None
    if model.game.prior is None:
        raise InputError(
            "metrics.gilbo needs latents whose density is known. Remove it from "
            "the metrics, or train with gans.ModularGAN.latent_distribution = "
            "@latents.normal() or @latents.uniform()."
        )
