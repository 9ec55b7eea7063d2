"""The discriminator as a player: a backbone with a realness head."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from compare_ssgan.gans.conditioning import Conditioning
from compare_ssgan.layers.basic import Dense, kernels_of
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Critic, Samples, Verdict

Name = TypeVar("Name", bound=Hashable)


class Discriminator(tf.Module):
    """Features, a linear realness head, and optional label conditioning."""

    def __init__(
        self,
        backbone: Any,
        weights: Weights,
        conditioning: Conditioning | None,
        concatenate_labels: bool,
    ) -> None:
        """Adds the heads to a backbone.

        Args:
            backbone: Maps (images, training) to a `Representation`.
            weights: How the head's kernel is made.
            conditioning: Term of the logit that depends on the label.
            concatenate_labels: Whether the backbone sees the label as constant
                channels behind those of the image.
        """
        super().__init__("discriminator")
        self.backbone = backbone
        self.head = Dense(backbone.feature_size, 1, weights, name="realness")
        self.conditioning = conditioning
        self.concatenate_labels = concatenate_labels

    @property
    def kernels(self) -> Sequence[tf.Variable]:
        """Trainable kernels, before spectral normalization."""
        return kernels_of([self])

    def __call__(self, samples: Samples, training: bool = True) -> Verdict:
        """Judges images in [0, 1]; logits are [batch, 1].

        Args:
            samples: The images, and their labels if it is conditional.
            training: Whether normalizations use the statistics of the batch.
        """
        images = samples.images
        if self.concatenate_labels:
            assert samples.labels is not None
            maps = samples.labels[:, None, None, :] * tf.ones_like(images[..., :1])
            images = tf.concat([images, maps], axis=-1)
        features, blocks = self.backbone(images, training=training)
        logits = self.head(features)
        if self.conditioning is not None:
            logits += self.conditioning(features, samples.labels)
        return Verdict(logits, features, blocks)


def judge_together(
    critic: Critic, batches: Mapping[Name, Samples]
) -> dict[Name, Verdict]:
    """Judges several batches in one forward pass.

    Args:
        critic: The discriminator.
        batches: Batches by name; all with labels or all without.

    Returns:
        The verdict on each batch, by the same names.
    """
    sizes = [batch.images.shape[0] for batch in batches.values()]
    images = tf.concat([batch.images for batch in batches.values()], axis=0)
    labels = [batch.labels for batch in batches.values()]
    joined = None if labels[0] is None else tf.concat(labels, axis=0)
    verdict = critic(Samples(images, joined))

    def split(tensor: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(tensor, sizes)

    logits, features = split(verdict.logits), split(verdict.features)
    blocks = {name: split(block) for name, block in verdict.blocks.items()}
    return {
        name: Verdict(
            logits[i], features[i], {block: parts[i] for block, parts in blocks.items()}
        )
        for i, name in enumerate(batches)
    }
