"""Normalizations that treat every example of a batch by itself."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.layers.batch_norm import check_epsilon
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes


@config.register("norms")
class LayerNorm(tf.Module):
    """Standardizes each example over all its units; gain and offset per channel.

    Ba et al., "Layer Normalization", 2016, https://arxiv.org/abs/1607.06450, Sec. 3.
    Statistics are over height, width and channels, gain and offset per channel, as in
    compare_gan.
    """

    uses_labels = False
    uses_latents = False
    allowed_in_discriminator = True

    def __init__(
        self,
        channels: int,
        sizes: ConditionSizes,
        weights: Weights,
        *,
        spatial: bool = True,
        epsilon: float = 1e-5,
    ) -> None:
        """Builds gain (1) and offset (0).

        Args:
            channels: Channels of the input.
            sizes: Not used, there is no modulation.
            weights: Not used, there is no kernel.
            spatial: Whether inputs have rank 4 (else 2).
            epsilon: Added to variances, above 0. compare_gan's 1e-12 would turn an
                image of one colour into noise.
        """
        del sizes, weights, spatial
        super().__init__("layer_norm")
        check_epsilon(epsilon, "norms.LayerNorm")
        self.gain = tf.Variable(tf.ones([channels]), name="gain")
        self.offset = tf.Variable(tf.zeros([channels]), name="offset")
        self.epsilon = epsilon

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        del condition, training
        axes = list(range(1, x.shape.rank))
        return _standardize_each(x, axes, self.gain, self.offset, self.epsilon)


@config.register("norms")
class InstanceNorm(tf.Module):
    """Standardizes each channel of each example; trainable gain and offset.

    Ulyanov et al., "Instance Normalization", 2016, https://arxiv.org/abs/1607.08022,
    Eq. 2.
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
        epsilon: float = 1e-5,
    ) -> None:
        """Builds gain (1) and offset (0).

        Args:
            channels: Channels of the input.
            sizes: Not used, there is no modulation.
            weights: Not used, there is no kernel.
            spatial: Must be True: a vector has one value per channel.
            epsilon: Added to variances, above 0.

        Raises:
            InputError: If inputs are vectors.
        """
        del sizes, weights
        super().__init__("instance_norm")
        if not spatial:
            raise InputError(
                "norms.InstanceNorm needs images, but this network also normalizes a "
                "vector, of which it would leave nothing. Use norms.LayerNorm or "
                "norms.GroupNorm for gans.ModularGAN.generator_norm."
            )
        check_epsilon(epsilon, "norms.InstanceNorm")
        self.gain = tf.Variable(tf.ones([channels]), name="gain")
        self.offset = tf.Variable(tf.zeros([channels]), name="offset")
        self.epsilon = epsilon

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        del condition, training
        return _standardize_each(x, [1, 2], self.gain, self.offset, self.epsilon)


@config.register("norms")
class GroupNorm(tf.Module):
    """Standardizes groups of neighbouring channels of each example.

    Wu and He, "Group Normalization", 2018, https://arxiv.org/abs/1803.08494, Eq. 7.
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
        num_groups: int = 32,
        epsilon: float = 1e-5,
    ) -> None:
        """Builds gain (1) and offset (0) of each channel.

        Args:
            channels: Channels of the input.
            sizes: Not used, there is no modulation.
            weights: Not used, there is no kernel.
            spatial: Whether inputs have rank 4 (else 2).
            num_groups: Number of groups, a divisor of `channels`.
            epsilon: Added to variances, above 0.

        Raises:
            InputError: If `num_groups` does not divide `channels`.
        """
        del sizes, weights, spatial
        super().__init__("group_norm")
        if num_groups < 1 or channels % num_groups:
            raise InputError(
                f"{channels} channels cannot be split into {num_groups} equal groups. "
                "Set norms.GroupNorm.num_groups to a divisor of every width of the "
                "network."
            )
        check_epsilon(epsilon, "norms.GroupNorm")
        self.gain = tf.Variable(tf.ones([channels]), name="gain")
        self.offset = tf.Variable(tf.zeros([channels]), name="offset")
        self.num_groups, self.epsilon = num_groups, epsilon

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        del condition, training
        groups = [self.num_groups, x.shape[-1] // self.num_groups]
        grouped = tf.reshape(x, [tf.shape(x)[0], *x.shape[1:-1], *groups])
        axes = [*range(1, x.shape.rank - 1), x.shape.rank]
        gain, offset = tf.reshape(self.gain, groups), tf.reshape(self.offset, groups)
        y = _standardize_each(grouped, axes, gain, offset, self.epsilon)
        return tf.reshape(y, tf.shape(x))


def _standardize_each(
    x: tf.Tensor,
    axes: list[int],
    gain: tf.Tensor,
    offset: tf.Tensor,
    epsilon: float,
) -> tf.Tensor:
    """Standardizes every example over `axes`, times `gain` plus `offset`."""
    exact = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(exact, axes, keepdims=True)
    y = tf.nn.batch_normalization(exact, mean, variance, offset, gain, epsilon)
    return tf.cast(y, x.dtype)
