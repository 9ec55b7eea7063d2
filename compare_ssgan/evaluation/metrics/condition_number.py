"""How unevenly the generator stretches directions of its latents."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.compiled import compiled
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model, drawing

# Latents differ by a few percent: the error of the mean is far below what runs differ.
_NUM_LATENTS = 32
# Directions that are followed at once: what a step of the training has in memory.
_NUM_DIRECTIONS = 128


@config.register("metrics")
def condition_number(num_latents: int = _NUM_LATENTS) -> Metric:
    """Log condition number of the generator's metric tensor: mean and deviation.

    Odena et al., "Is Generator Conditioning Causally Related to GAN Performance?",
    2018, https://arxiv.org/abs/1802.08768, Sec. 2: of M = J^T J, where J is the
    [pixels, latents] Jacobian of the generator at one latent vector, the natural
    logarithm of the ratio of the largest and the smallest eigenvalue. The values are
    its mean over latent vectors, and its standard deviation (that of the numbers at
    hand, divided by their number), as in compare_gan
    (https://github.com/google/compare_gan, jacobian_conditioning.py). 0 is best: all
    directions are stretched alike.

    The generator is the one that is evaluated: moving average of weights, statistics
    of evaluation, standing ones included. Latents are drawn as for samples, codes
    included, labels uniformly. J is computed by forward differentiation, one latent
    vector at a time, in the precision of the network; eigenvalues in float64. The
    smallest eigenvalue counts as no less than n * 2^-52 of the largest of n: below,
    rounding cannot be told from a latent without effect, and log(2^52 / n), 31 for
    n = 128, is the largest value there is.

    Args:
        num_latents: Number of latent vectors; compare_gan's is the batch of 64.

    Raises:
        InputError: If there are no latent vectors.
    """
    if type(num_latents) is not int or num_latents < 1:
        raise InputError(
            "metrics.condition_number.num_latents must be a positive number, not "
            f"{num_latents!r}."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        model = evidence.model
        assert model is not None
        rng = tf.random.Generator.from_seed(evidence.seed, alg="philox")
        with drawing(model, evidence.sampling) as draw:
            samples = draw(num_latents, rng)
            tensors = _compiled_metric_tensors(model)(samples.latents, samples.labels)
        logarithms = log_condition_numbers(tensors.numpy())
        return float(np.mean(logarithms)), float(np.std(logarithms))

    return Metric(
        kinds=("log_condition_number", "log_condition_number_deviation"),
        compute=compute,
        needs_model=True,
        num=num_latents,
        check=_check,
    )


def metric_tensors(
    function: Callable[[tf.Tensor, tf.Tensor | None], tf.Tensor],
    latents: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> tf.Tensor:
    """Returns J^T J at every latent vector, [latents, size, size] float64.

    Args:
        function: Maps latents [batch, size] and labels [batch, classes] or None to
            images [batch, ...], each example by itself.
        latents: [latents, size].
        labels: [latents, classes] or None.
    """
    size = int(latents.shape[1])
    num = min(size, _NUM_DIRECTIONS)
    parts = -(-size // num)
    # The directions that fill the last part up have derivative 0.
    directions = tf.eye(parts * num, size, dtype=latents.dtype)
    directions = tf.reshape(directions, [parts, num, size])

    def repeat(vector: tf.Tensor) -> tf.Tensor:
        return tf.tile(vector[None], [num, 1])

    def tensor(index: tf.Tensor) -> tf.Tensor:
        z = repeat(latents[index])
        label = None if labels is None else repeat(labels[index])

        def derivatives(tangents: tf.Tensor) -> tf.Tensor:
            with tf.autodiff.ForwardAccumulator(z, tangents) as accumulator:
                images = function(z, label)
            found = accumulator.jvp(images, unconnected_gradients="zero")
            return tf.reshape(found, [num, -1])

        rows = tf.map_fn(derivatives, directions, parallel_iterations=1)
        flat = tf.reshape(rows, [parts * num, rows.shape[-1]])[:size]
        jacobian = tf.cast(flat, tf.float64)
        return tf.matmul(jacobian, jacobian, transpose_b=True)

    return tf.map_fn(
        tensor,
        tf.range(latents.shape[0]),
        fn_output_signature=tf.TensorSpec([size, size], tf.float64),
        parallel_iterations=1,
    )


def log_condition_numbers(tensors: np.ndarray) -> np.ndarray:
    """Returns [batch] natural logarithms of condition numbers; NaN where not finite.

    Args:
        tensors: [batch, size, size], symmetric and positive semidefinite, float64.
    """
    size = tensors.shape[-1]
    finite = np.all(np.isfinite(tensors), axis=(1, 2))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], tensors, np.eye(size)))
    largest = values[:, -1]
    smallest = np.maximum(values[:, 0], largest * size * np.finfo(np.float64).eps)
    # A generator that is constant has no metric tensor to speak of.
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(largest / smallest)
    return np.where(finite, logarithms, np.nan)


def _compiled_metric_tensors(model: Model) -> Callable[..., tf.Tensor]:
    generator = model.generator

    def make() -> Callable[..., tf.Tensor]:
        @tf.function(autograph=False)
        def call(latents: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
            return metric_tensors(
                lambda z, label: generator(z, label, False), latents, labels
            )

        return call

    return compiled(model, "metric tensors", make)


def _check(model: Model | None, dataset: Dataset | None) -> None:
    del dataset
    assert model is not None
    game = model.game
    num_pixels = int(np.prod(game.problem.image_shape))
    samples = game.sample(
        1, tf.random.Generator.from_seed(0), generator=lambda latents, *_: latents
    )
    assert samples.latents is not None
    if samples.latents.shape[1] > num_pixels:
        raise InputError(
            f"Images of {num_pixels} numbers cannot depend on all of the "
            f"{samples.latents.shape[1]} latent variables, so that the metric tensor "
            "has no condition number. Remove metrics.condition_number from "
            "the metrics, or lower LATENT_SIZE."
        )
