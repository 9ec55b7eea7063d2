"""Consistency regularization: the discriminator ignores how an image is shown."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.gans.augmentations import (
    Augmentation,
    chain,
    random_flip,
    random_shift,
)
from compare_ssgan.gans.tasks import Judged
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Player, Problem, Samples


@config.register("tasks")
class ConsistencyRegularization(tf.Module):
    """The logit of a real image equals that of a changed one (CR-GAN).

    Zhang et al., "Consistency Regularization for Generative Adversarial Networks",
    2020, https://arxiv.org/abs/1910.12027, Sec. 2, with the term of the last layer
    only, as they recommend: the discriminator minimizes

        weight * mean (D(x) - D(T(x)))^2

    over real images x. Changed images enter no other term. The generator has none.
    An augmentation of the game comes after T and changes x and T(x) independently.
    """

    name = "consistency"
    uses_labels = False
    generator_needs_real = False

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        weight: float = 10.0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Chooses T; there is nothing to train.

        Args:
            problem: Not used.
            feature_size: Not used.
            weights: Not used, there is no kernel.
            weight: Factor of the term (lambda).
            augmentation: T; None means a horizontal flip with probability 1/2 and a
                shift by up to 4 pixels in each direction.

        Raises:
            InputError: If the weight is not positive.
        """
        del problem, feature_size, weights
        super().__init__("consistency")
        if weight <= 0:
            raise InputError(
                "tasks.ConsistencyRegularization.weight must be positive, not "
                f"{weight}; remove the task from gans.ModularGAN.tasks to go without."
            )
        self.weight = weight
        self.augmentation = augmentation or _flip_and_shift()

    def views(
        self,
        samples: Samples,
        *,
        player: Player,
        generated: bool,
        rng: tf.random.Generator,
    ) -> Samples | None:
        if player == "generator" or generated:
            return None
        return self.augmentation(samples, rng)

    def loss(
        self, real: Judged | None, fake: Judged, *, player: Player, step: tf.Tensor
    ) -> tf.Tensor | None:
        del fake, step
        if player == "generator":
            return None
        assert real is not None
        return self.weight * _inconsistency(real)


@config.register("tasks")
class BalancedConsistency(tf.Module):
    """The logit of any image, real or generated, equals that of a changed one (bCR).

    Zhao et al., "Improved Consistency Regularization for GANs", 2021,
    https://arxiv.org/abs/2002.04724, Algorithm 1: the discriminator minimizes

        real_weight * mean (D(x) - D(T(x)))^2
        + fake_weight * mean (D(G(z)) - D(T(G(z))))^2.

    With real images alone the generator learns the artifacts of T. The generator has
    no term of its own; the paper's regularization of the latents (zCR) is not part of
    this task. An augmentation of the game comes after T and changes an image and its
    changed version independently.
    """

    name = "balanced_consistency"
    uses_labels = False
    generator_needs_real = False

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        real_weight: float = 10.0,
        fake_weight: float = 10.0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Chooses T; there is nothing to train.

        Args:
            problem: Not used.
            feature_size: Not used.
            weights: Not used, there is no kernel.
            real_weight: Factor of the term of real images (lambda_real).
            fake_weight: Factor of the term of generated images (lambda_fake).
            augmentation: T; None means a horizontal flip with probability 1/2 and a
                shift by up to 4 pixels in each direction.

        Raises:
            InputError: If a weight is not positive.
        """
        del problem, feature_size, weights
        super().__init__("balanced_consistency")
        for name, weight in (
            ("real_weight", real_weight),
            ("fake_weight", fake_weight),
        ):
            if weight <= 0:
                raise InputError(
                    f"tasks.BalancedConsistency.{name} must be positive, not {weight}. "
                    "For real images alone use @tasks.ConsistencyRegularization."
                )
        self.real_weight, self.fake_weight = real_weight, fake_weight
        self.augmentation = augmentation or _flip_and_shift()

    def views(
        self,
        samples: Samples,
        *,
        player: Player,
        generated: bool,
        rng: tf.random.Generator,
    ) -> Samples | None:
        del generated
        return self.augmentation(samples, rng) if player == "discriminator" else None

    def loss(
        self, real: Judged | None, fake: Judged, *, player: Player, step: tf.Tensor
    ) -> tf.Tensor | None:
        del step
        if player == "generator":
            return None
        assert real is not None
        on_real = self.real_weight * _inconsistency(real)
        return on_real + self.fake_weight * _inconsistency(fake)


def _flip_and_shift() -> Augmentation:
    return chain([random_flip(), random_shift(pixels=4)])


def _inconsistency(judged: Judged) -> tf.Tensor:
    assert judged.on_views is not None
    difference = judged.verdict.logits - judged.on_views.logits
    return tf.reduce_mean(tf.square(difference))
