"""Normalizations of activations, conditional or not.

Every normalization has the same constructor and call, so that a network can be built
with any of them:

    norm(channels, sizes, weights, spatial=...)(x, condition, training) -> like x
"""

from functools import partial
from typing import Protocol

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.batch_norm import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.layers.example_norm import GroupNorm, InstanceNorm, LayerNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes

__all__ = [
    "BatchNorm",
    "ConditionalBatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "Norm",
    "NormFactory",
    "SelfModulatedBatchNorm",
    "discriminator_norm",
]


class Norm(Protocol):
    """A normalization that belongs to one place of one network.

    Attributes:
        uses_labels: Whether `condition.label` changes the output.
        uses_latents: Whether `condition.latent` does.
        allowed_in_discriminator: Whether discriminators support it. Those of the
            suite know layer normalization only: it needs no condition and treats every
            example by itself, which gradient penalties rely on.
    """

    uses_labels: bool
    uses_latents: bool
    allowed_in_discriminator: bool

    def __call__(self, x: tf.Tensor, condition: Condition, training: bool) -> tf.Tensor:
        """Normalizes and modulates.

        Args:
            x: [batch, height, width, channels]; [batch, channels] if not spatial.
            condition: What to modulate by.
            training: Whether to use (and average) the statistics of the batch.

        Returns:
            A tensor like `x`.
        """
        ...


class NormFactory(Protocol):
    """Makes a normalization for one place of a network."""

    def __call__(
        self,
        channels: int,
        sizes: ConditionSizes,
        weights: Weights,
        *,
        spatial: bool = True,
    ) -> Norm:
        """Builds it.

        Args:
            channels: Channels of the input.
            sizes: Sizes of the members of the condition.
            weights: How to make kernels.
            spatial: Whether inputs are images of rank 4, not vectors of rank 2.
        """
        ...


def discriminator_norm(
    norm: NormFactory,
    channels: int,
    weights: Weights,
    architecture: str,
    *,
    spatial: bool = True,
) -> Norm:
    """Returns a normalization for a discriminator.

    Args:
        norm: Makes the normalization.
        channels: Channels of the input.
        weights: How to make kernels.
        architecture: Name of the network, for the message.
        spatial: Whether inputs are images of rank 4, not vectors of rank 2.

    Returns:
        What `norm` makes, without a condition.

    Raises:
        InputError: If it is not one that a discriminator can have.
    """
    factory = norm.func if isinstance(norm, partial) else norm
    # Only what is no class must be built to know what it makes.
    made = None
    if getattr(factory, "allowed_in_discriminator", True):
        made = norm(channels, ConditionSizes(), weights, spatial=spatial)
    if made is None or not made.allowed_in_discriminator:
        name = getattr(factory, "__name__", type(factory).__name__)
        raise InputError(
            f"The discriminator of {architecture} supports no normalization and "
            f"norms.LayerNorm, not {name}. Set gans.ModularGAN.discriminator_norm = "
            "None or @norms.LayerNorm."
        )
    return made
