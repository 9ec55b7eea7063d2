"""What each block of a generator is told of latents and labels."""

from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.embedding import Embedding
from compare_ssgan.layers.normalization import NormFactory
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition, ConditionSizes

_EMBEDDING_SIZE = 128  # BigGAN's.
_CONDITIONAL = "gans.ModularGAN.generator_norm = @norms.ConditionalBatchNorm"


class Shares(NamedTuple):
    """Latents and labels, distributed over a generator.

    Attributes:
        first: [batch, first_size], the input of the first layer.
        blocks: What the normalizations of each block see.
        whole: What a normalization outside of blocks sees.
    """

    first: tf.Tensor
    blocks: list[Condition]
    whole: Condition


class Conditions(tf.Module):
    """Distributes latents and labels over the blocks of a generator.

    Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    2019, https://arxiv.org/abs/1809.11096, Sec. 3 and Appendix B: with hierarchical
    latents z is cut into equal chunks; the first is the input of the network, each
    other one the condition of a block, together with an embedding of the label that
    all blocks share. Normalizations that are modulated by the latent see all of it.

    Attributes:
        first_size: Size of the input of the first layer.
        sizes: Sizes of the conditions of blocks.
        whole_sizes: Sizes of the condition outside of blocks.
    """

    def __init__(
        self,
        network: str,
        num_blocks: int,
        input_size: int,
        sizes: ConditionSizes,
        weights: Weights,
        norm: NormFactory | None,
        *,
        hierarchical_z: bool,
        embed_z: bool,
        embed_y: bool | None,
        embed_y_dim: int | None,
        embed_bias: bool,
        as_layers: bool = False,
    ) -> None:
        """Builds the embeddings.

        Args:
            network: gin name of the network, for messages.
            num_blocks: Blocks of the network.
            input_size: Size of the input vector.
            sizes: Sizes of what the game can tell normalizations.
            weights: How to make the embeddings.
            norm: The normalization of the blocks, or None.
            hierarchical_z: Whether each block gets a chunk of z.
            embed_z: Whether a linear map of z of the same size takes its place.
            embed_y: Whether a linear map of the label takes its place; None for
                wherever blocks see labels.
            embed_y_dim: Size of that; None means 128, and without it has to be None.
            embed_bias: Whether embeddings have a bias.
            as_layers: Whether embeddings are treated as any other layer, that is,
                spectrally normalized and regularized where those are.

        Raises:
            InputError: If an option has no effect or z cannot be cut into chunks.
        """
        super().__init__("conditions")
        shown = norm is not None and uses_labels(norm)
        if embed_y is None:
            embed_y = shown and sizes.label > 0
        label = label_size(network, sizes, embed_y, embed_y_dim)
        _check_effect(network, norm, shown, hierarchical_z, embed_y)
        if embed_bias and not (embed_y or embed_z):
            raise InputError(
                f"{network}.embed_bias has no effect without an embedding. Set "
                f"{network}.embed_y or {network}.embed_z, or remove it."
            )
        chunks = num_blocks + 1 if hierarchical_z else 1
        _check_latents(network, chunks, input_size, sizes, embed_z)
        weights = weights.exact() if as_layers else weights.exact().plain()
        self.embed_z: Dense | None = None
        self.embed_y: Dense | Embedding | None = None
        if embed_z:
            self.embed_z = Dense(
                input_size, input_size, weights, use_bias=embed_bias, name="embed_z"
            )
        if embed_y:
            self.embed_y = (Dense if as_layers else Embedding)(
                sizes.label, label, weights, use_bias=embed_bias, name="embed_y"
            )
        self.num_blocks, self.labelled = num_blocks, sizes.label > 0
        self.hierarchical_z = hierarchical_z
        self.first_size = input_size // chunks
        self.whole_sizes = ConditionSizes(sizes.latent, label)
        self.sizes = self.whole_sizes
        if hierarchical_z:
            self.sizes = ConditionSizes(sizes.latent, self.first_size + label)

    def __call__(self, inputs: tf.Tensor, condition: Condition) -> Shares:
        """Embeds and cuts.

        Args:
            inputs: [batch, input_size].
            condition: What the game tells normalizations.
        """
        z, latent = inputs, condition.latent
        y = condition.label if self.labelled else None
        if self.embed_z is not None:
            z = self.embed_z(z)
            if latent is not None:
                latent = z if latent is inputs else self.embed_z(latent)
        if self.embed_y is not None:
            y = self.embed_y(y)
        whole = Condition(latent, y)
        if not self.hierarchical_z:
            return Shares(z, [whole] * self.num_blocks, whole)
        first, *chunks = tf.split(z, self.num_blocks + 1, axis=1)
        labels = [join(chunk, y) for chunk in chunks]
        return Shares(first, [Condition(latent, label) for label in labels], whole)


def join(z: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor:
    """Returns latents followed by labels, where there are any."""
    return z if y is None else tf.concat([z, y], axis=1)


def label_size(
    network: str, sizes: ConditionSizes, embed_y: bool, embed_y_dim: int | None
) -> int:
    """Returns the size of what a network is told of a label, 0 without labels.

    Args:
        network: gin name of the network, for messages.
        sizes: Sizes of what the game can tell.
        embed_y: Whether an embedding takes the place of the label.
        embed_y_dim: Size of the embedding; None means 128.

    Raises:
        InputError: If there is no label to embed, or `embed_y_dim` is no size or has
            no effect.
    """
    if embed_y and not sizes.label:
        raise InputError(
            f"{network}.embed_y = True embeds labels, but the generator gets none. Set "
            f"{network}.embed_y = False or gans.ModularGAN.conditional = True."
        )
    if embed_y_dim is None:
        return _EMBEDDING_SIZE if embed_y else sizes.label
    if not embed_y:
        raise InputError(
            f"{network}.embed_y_dim = {embed_y_dim} has no effect, as labels are not "
            f"embedded. Remove it, or set {network}.embed_y = True."
        )
    if embed_y_dim < 1:
        raise InputError(
            f"{network}.embed_y_dim must be at least 1, not {embed_y_dim}."
        )
    return embed_y_dim


def uses_labels(norm: NormFactory) -> bool:
    """Returns whether what a normalization makes depends on labels."""
    factory = norm.func if isinstance(norm, partial) else norm
    known = getattr(factory, "uses_labels", None)
    if known is None:
        # Only what is no class must be built to know; not with the network's numbers.
        weights = Weights(
            np.random.default_rng(0), lambda _, shape: np.zeros(shape, np.float32)
        )
        known = norm(64, ConditionSizes(latent=1, label=1), weights).uses_labels
    return bool(known)


def _check_effect(
    network: str,
    norm: NormFactory | None,
    shown: bool,
    hierarchical_z: bool,
    embed_y: bool,
) -> None:
    """Refuses what normalizations would not see."""
    if shown:
        return
    factory = norm.func if isinstance(norm, partial) else norm
    name = getattr(factory, "__name__", type(factory).__name__)
    ignores = (
        "the generator has no normalization"
        if norm is None
        else f"its normalization, {name}, ignores labels and what comes with them"
    )
    for option, is_set in {
        "hierarchical_z": hierarchical_z,
        "embed_y": embed_y,
    }.items():
        if is_set:
            raise InputError(
                f"{network}.{option} = True has no effect on blocks: {ignores}. Set "
                f"{network}.{option} = False, or {_CONDITIONAL}."
            )


def _check_latents(
    network: str, chunks: int, input_size: int, sizes: ConditionSizes, embed_z: bool
) -> None:
    """Refuses what is not latents alone, or cannot be cut into equal chunks."""
    if (chunks > 1 or embed_z) and input_size != sizes.latent:
        option = "hierarchical_z" if chunks > 1 else "embed_z"
        raise InputError(
            f"{network}.{option} = True is for latents, but labels are appended to "
            f"them. Set {network}.{option} = False, or remove 'generator' from "
            "gans.ModularGAN.concatenate_labels."
        )
    if input_size % chunks:
        below = input_size // chunks * chunks
        valid = " or ".join(str(n) for n in (below, below + chunks) if n)
        raise InputError(
            f"{network}.hierarchical_z = True cuts z into {chunks} equal chunks, but "
            f"it has {input_size} numbers. Set LATENT_SIZE, plus the size of codes "
            f"if there are any, to {valid}, or {network}.hierarchical_z = False."
        )
