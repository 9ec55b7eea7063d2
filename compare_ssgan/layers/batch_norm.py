"""Batch normalization and its conditional variants."""

from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.layers import replicas
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes


@config.register("norms")
class BatchNorm(tf.Module):
    """Standardizes each channel over the batch; trainable gain and offset.

    Ioffe and Szegedy, "Batch Normalization", 2015, https://arxiv.org/abs/1502.03167,
    Algorithm 1. Vectors are standardized per unit.
    """

    uses_labels = False
    uses_latents = False
    allowed_in_discriminator = False

    def __init__(
        self,
        channels: int,
        sizes: ConditionSizes,
        weights: Weights,
        *,
        spatial: bool = True,
        decay: float = 0.9,
        epsilon: float = 1e-5,
    ) -> None:
        """Builds gain (1), offset (0) and moving averages.

        Args:
            channels: Channels of the input.
            sizes: Not used, there is no modulation.
            weights: Not used, there is no kernel.
            spatial: Whether inputs have rank 4 (else 2).
            decay: Weight of the past in the moving averages, in [0, 1).
            epsilon: Added to variances, above 0.
        """
        del sizes, weights, spatial
        super().__init__("batch_norm")
        self.standardize = _Standardize(channels, decay, epsilon, "norms.BatchNorm")
        self.gain = tf.Variable(tf.ones([channels]), name="gain")
        self.offset = tf.Variable(tf.zeros([channels]), name="offset")

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        del condition
        return self.standardize(x, training, self.gain, self.offset)


@config.register("norms")
class ConditionalBatchNorm(tf.Module):
    """Batch normalization whose gain and offset are linear in the label.

    De Vries et al., "Modulating early visual processing by language", 2017,
    https://arxiv.org/abs/1707.00683, Sec. 3; for GANs Miyato and Koyama, 2018,
    https://arxiv.org/abs/1802.05637. gain = 1 + yW, offset = yV without biases, so
    that a one-hot label selects rows; these kernels are spectrally normalized where
    the network is.
    """

    uses_labels = True
    uses_latents = False
    allowed_in_discriminator = False

    def __init__(
        self,
        channels: int,
        sizes: ConditionSizes,
        weights: Weights,
        *,
        spatial: bool = True,
        decay: float = 0.9,
        epsilon: float = 1e-5,
        centered: bool = True,
    ) -> None:
        """Builds the kernels W and V, [label size, channels].

        Args:
            channels: Channels of the input.
            sizes: Sizes of the members of the condition.
            weights: How to make kernels.
            spatial: Whether inputs have rank 4 (else 2).
            decay: Weight of the past in the moving averages, in [0, 1).
            epsilon: Added to variances, above 0.
            centered: Whether the gain is 1 + yW; False is compare_gan's yW.

        Raises:
            InputError: If the generator gets no labels.
        """
        super().__init__("conditional_batch_norm")
        if not sizes.label:
            raise InputError(
                "norms.ConditionalBatchNorm needs labels, but the generator gets none. "
                "Set gans.ModularGAN.conditional = True or use norms.BatchNorm."
            )
        name = "norms.ConditionalBatchNorm"
        self.standardize = _Standardize(channels, decay, epsilon, name)
        weights = weights.exact()
        self.gain = Dense(sizes.label, channels, weights, use_bias=False, name="gain")
        self.offset = Dense(
            sizes.label, channels, weights, use_bias=False, name="offset"
        )
        self.center = 1.0 if centered else 0.0
        self.spatial = spatial

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        label = condition.label
        gain, offset = self.center + self.gain(label), self.offset(label)
        return _modulate(self.standardize(x, training), gain, offset, self.spatial)


@config.register("norms")
class SelfModulatedBatchNorm(tf.Module):
    """Batch normalization whose gain and offset are a small network of the latent.

    Chen et al., "On Self Modulation for Generative Adversarial Networks", 2019,
    https://arxiv.org/abs/1810.01365, Sec. 2. As in compare_gan, one hidden ReLU layer
    serves both; the gain's bias starts at 1. The conditional form is the same with
    z' = z + E(y) + z * E'(y) in place of z, which the game computes.
    """

    uses_labels = False
    uses_latents = True
    allowed_in_discriminator = False

    def __init__(
        self,
        channels: int,
        sizes: ConditionSizes,
        weights: Weights,
        *,
        spatial: bool = True,
        decay: float = 0.9,
        epsilon: float = 1e-5,
        hidden_size: int = 32,
    ) -> None:
        """Builds the hidden layer and both outputs.

        Args:
            channels: Channels of the input.
            sizes: Sizes of the members of the condition.
            weights: How to make kernels.
            spatial: Whether inputs have rank 4 (else 2).
            decay: Weight of the past in the moving averages, in [0, 1).
            epsilon: Added to variances, above 0.
            hidden_size: Units of the hidden layer; 0 for gain and offset that are
                affine in the latent.

        Raises:
            InputError: If there is no latent or `hidden_size` is negative.
        """
        super().__init__("self_modulated_batch_norm")
        if not sizes.latent:
            raise InputError(
                "norms.SelfModulatedBatchNorm needs a latent, but this network gets "
                "none. Use norms.BatchNorm."
            )
        if hidden_size < 0:
            raise InputError(
                f"The hidden layer cannot have {hidden_size} units. Set "
                "norms.SelfModulatedBatchNorm.hidden_size to 0 or more."
            )
        name = "norms.SelfModulatedBatchNorm"
        self.standardize = _Standardize(channels, decay, epsilon, name)
        self.hidden = None
        weights = weights.exact()
        if hidden_size:
            self.hidden = Dense(sizes.latent, hidden_size, weights, name="hidden")
        size = hidden_size or sizes.latent
        self.gain = Dense(size, channels, weights, bias=1.0, name="gain")
        self.offset = Dense(size, channels, weights, name="offset")
        self.spatial = spatial

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        h = condition.latent
        if self.hidden is not None:
            h = tf.nn.relu(self.hidden(h))
        gain, offset = self.gain(h), self.offset(h)
        return _modulate(self.standardize(x, training), gain, offset, self.spatial)


class MovingStatistics(NamedTuple):
    """The moving averages of one batch normalization.

    A forward pass with training=True replaces each by decay * average +
    (1 - decay) * statistic of the batch.

    Attributes:
        mean: [channels] variable.
        variance: [channels] variable.
        decay: Weight of the past, in [0, 1).
    """

    mean: tf.Variable
    variance: tf.Variable
    decay: float


def moving_statistics(module: tf.Module) -> list[MovingStatistics]:
    """Returns the moving averages of every batch normalization in a module."""
    return [
        MovingStatistics(part.mean, part.variance, part.decay)
        for part in (module, *module.submodules)
        if isinstance(part, _Standardize)
    ]


class _Standardize(tf.Module):
    """Zero mean and unit variance per channel; moving averages at inference."""

    def __init__(self, channels: int, decay: float, epsilon: float, name: str) -> None:
        super().__init__("standardize")
        check_epsilon(epsilon, name)
        if not 0.0 <= decay < 1.0:
            raise InputError(
                f"The decay of moving averages must be in [0, 1), not {decay}. "
                f"Change {name}.decay."
            )
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False, name="mean")
        self.variance = tf.Variable(
            tf.ones([channels]), trainable=False, name="variance"
        )
        self.decay, self.epsilon = decay, epsilon

    def __call__(
        self,
        x: tf.Tensor,
        training: bool,
        gain: tf.Variable | None = None,
        offset: tf.Variable | None = None,
    ) -> tf.Tensor:
        """Returns standardized `x`, times `gain` plus `offset` where given."""
        channels = x.shape[-1]
        scale = tf.ones([channels]) if gain is None else gain
        shift = tf.zeros([channels]) if offset is None else offset
        if not training:
            y, _, _ = _fused(x, scale, shift, self.epsilon, self.mean, self.variance)
            return y
        standardize = _fused if replicas.count() == 1 else _across_replicas
        y, mean, variance = standardize(x, scale, shift, self.epsilon)
        for average, new in ((self.mean, mean), (self.variance, variance)):
            average.assign(self.decay * average + (1.0 - self.decay) * new)
        return y


def _fused(
    x: tf.Tensor,
    scale: tf.Tensor,
    offset: tf.Tensor,
    epsilon: float,
    mean: tf.Tensor | None = None,
    variance: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Standardizes over all axes but the last, in one operation.

    The only place where statistics of a batch are computed, but `_across_replicas`.

    Args:
        x: [batch, height, width, channels] or [batch, channels], of any float type;
            everything else is float32.
        scale: [channels] gain.
        offset: [channels] offset.
        epsilon: Added to the variance.
        mean: [channels] to use in place of the batch's, with `variance`.
        variance: [channels].

    Returns:
        The standardized tensor, the mean and the (biased) variance of the batch.
    """
    image = x if x.shape.rank == 4 else x[:, None, None, :]
    training = mean is None
    # tf.nn.fused_batch_norm would silently raise small epsilons.
    result = tf.raw_ops.FusedBatchNormV3(
        x=image,
        scale=scale,
        offset=offset,
        mean=[] if mean is None else mean,
        variance=[] if variance is None else variance,
        epsilon=epsilon,
        is_training=training,
    )
    batch_variance = result.batch_variance
    if training:
        # The operation returns the unbiased estimate, n / (n - 1) times as large.
        num = tf.cast(tf.size(image) // image.shape[-1], tf.float32)
        batch_variance *= tf.maximum(num - 1.0, 1.0) / num
    return tf.reshape(result.y, tf.shape(x)), result.batch_mean, batch_variance


def _across_replicas(
    x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Standardizes as `_fused` does, by the statistics of all replicas' examples."""
    exact = tf.cast(x, tf.float32)
    moments = tf.nn.moments(exact, list(range(x.shape.rank - 1)))
    means, variances = tf.unstack(replicas.gather(tf.stack(moments)), axis=1)
    mean = tf.reduce_mean(means, axis=0)
    # Means of squares would cancel where means are large.
    variance = tf.reduce_mean(variances + tf.square(means - mean), axis=0)
    y = tf.nn.batch_normalization(exact, mean, variance, offset, scale, epsilon)
    return tf.cast(y, x.dtype), mean, variance


def _modulate(
    x: tf.Tensor, gain: tf.Tensor, offset: tf.Tensor, spatial: bool
) -> tf.Tensor:
    """Returns `x` times a gain plus an offset, both [batch, channels]."""
    gain, offset = tf.cast(gain, x.dtype), tf.cast(offset, x.dtype)
    if spatial:
        gain, offset = gain[:, None, None, :], offset[:, None, None, :]
    return x * gain + offset


def check_epsilon(epsilon: float, name: str) -> None:
    """Raises an `InputError` unless `epsilon`, of the component `name`, is above 0."""
    if epsilon <= 0.0:
        raise InputError(f"{name}.epsilon must be above 0, not {epsilon}.")
