"""The generator as a player: where latents and labels enter the network."""

from typing import Any

import tensorflow as tf

from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Condition


class LabelledLatents(tf.Module):
    """Latents that know the label: z + E(y) + z * E'(y).

    What self-modulation is conditioned on in its conditional form, Chen et al.,
    "On Self Modulation for Generative Adversarial Networks", 2019,
    https://arxiv.org/abs/1810.01365, Sec. 2. E and E' are shared by all layers.
    """

    def __init__(self, latent_size: int, num_classes: int, weights: Weights) -> None:
        """Creates both embeddings, [num_classes, latent_size] each."""
        super().__init__("labelled_latents")
        self.shift = Dense(num_classes, latent_size, weights, use_bias=False)
        self.scale = Dense(num_classes, latent_size, weights, use_bias=False)

    def __call__(self, latents: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return latents + self.shift(labels) + latents * self.scale(labels)


class Generator(tf.Module):
    """A network with the ways labels may reach it."""

    def __init__(
        self,
        network: Any,
        labelled_latents: LabelledLatents | None,
        concatenate_labels: bool,
    ) -> None:
        """Wraps a network.

        Args:
            network: Maps (inputs, condition, training) to images in [0, 1].
            labelled_latents: Modulates the latents that the normalizations see.
            concatenate_labels: Whether labels are part of the network's input.
        """
        super().__init__("generator")
        self.network = network
        self.labelled_latents = labelled_latents
        self.concatenate_labels = concatenate_labels

    def __call__(
        self, latents: tf.Tensor, labels: tf.Tensor | None, training: bool
    ) -> tf.Tensor:
        """Returns [batch, height, width, channels] images in [0, 1]."""
        inputs, modulating = latents, latents
        if self.concatenate_labels:
            inputs = tf.concat([latents, labels], axis=1)
        if self.labelled_latents is not None:
            modulating = self.labelled_latents(latents, labels)
        return self.network(inputs, Condition(modulating, labels), training)
