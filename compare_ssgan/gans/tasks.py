"""Auxiliary tasks: extra heads on the discriminator's features."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

from compare_ssgan import config, tfgan
from compare_ssgan.errors import InputError
from compare_ssgan.layers import replicas
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.rotation import rotate
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Player, Problem, Samples, Verdict


class Judged(NamedTuple):
    """A batch with what the discriminator says about it.

    Attributes:
        samples: The batch.
        verdict: The verdict on it.
        on_views: The verdict on the task's views of it, None if it asked for none.
    """

    samples: Samples
    verdict: Verdict
    on_views: Verdict | None


class Task(Protocol):
    """An auxiliary task of one or both players.

    Attributes:
        name: Key of the task's term in the objectives.
        uses_labels: Whether the task reads labels.
        generator_needs_real: Whether the generator's loss depends on real images.
    """

    name: str
    uses_labels: bool
    generator_needs_real: bool

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        """Variables of the heads, trained with the discriminator."""
        ...

    def views(
        self,
        samples: Samples,
        *,
        player: Player,
        generated: bool,
        rng: tf.random.Generator,
    ) -> Samples | None:
        """Returns more images to judge, or None if the batch suffices.

        They are judged in one pass with the batches. An augmentation of the game
        comes after, on views as on everything else that the discriminator sees.

        Args:
            samples: A batch, before the augmentation of the game.
            player: Whose objective is being computed.
            generated: Whether the batch is the generator's.
            rng: Source of random numbers.
        """
        ...

    def loss(
        self, real: Judged | None, fake: Judged, *, player: Player, step: tf.Tensor
    ) -> tf.Tensor | None:
        """Returns the weighted scalar that `player` minimizes, None if there is none.

        Non-trainable variables of the task may be assigned for the discriminator.

        Args:
            real: Real images; None in the generator's objective unless
                `generator_needs_real`.
            fake: Generated images.
            player: Whose objective is being computed.
            step: [] int64, generator steps taken so far.
        """
        ...


@config.register("tasks")
class Rotation(tf.Module):
    """Predicts by how many quarter turns an image was rotated.

    Chen et al., "Self-Supervised GANs via Auxiliary Rotation Loss", 2019,
    https://arxiv.org/abs/1811.11212, Sec. 3. The discriminator learns the task on
    real images only, the generator is rewarded when it can be solved on its own;
    rotated images never enter the adversarial loss. The paper can be read in two
    ways, which differ in the images that are rotated:

    * all_angles (the authors' code): the last images of the batch, each in all
      four orientations.
    * quarters (mimicry): the first quarter of the batch upright, the others turned
      by 90, 180 and 270 degrees.

    Either way the discriminator judges upright images once, in the batch. Images are
    augmented after they were rotated, so the augmentation must not mirror them: a
    mirrored quarter turn to the left is one to the right.
    """

    name = "rotation"
    uses_labels = False
    generator_needs_real = False
    spoiled_by_mirroring = True

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        mode: str = "all_angles",
        share: float | None = None,
        discriminator_weight: float = 1.0,
        generator_weight: float = 0.2,
        anneal_end: int | None = None,
    ) -> None:
        """Builds the rotation head, [feature_size, 4] and a bias.

        Args:
            problem: The data; images must be square.
            feature_size: Size of the discriminator's features.
            weights: How the head's kernel is made.
            mode: "all_angles" or "quarters".
            share: Share of the batch to show in all four orientations, in (0, 1];
                None means 1/4. Quarters always use the whole batch.
            discriminator_weight: Factor of the loss on real images (beta).
            generator_weight: Factor of the loss on generated images (alpha).
            anneal_end: Generator step at which alpha, falling linearly from the
                start, reaches 0; None to keep it.

        Raises:
            InputError: If the images are not square, the batch is too small, or
                an option has no effect in this mode.
        """
        super().__init__("rotation")
        height, width, _ = problem.image_shape
        if height != width:
            raise InputError(
                f"Rotation needs square images, these are {height}x{width}. Remove "
                "it from gans.ModularGAN.tasks or choose another dataset."
            )
        if mode not in ("all_angles", "quarters"):
            raise InputError(
                f"tasks.Rotation.mode must be 'all_angles' or 'quarters', not {mode!r}."
            )
        if anneal_end is not None and anneal_end < 1:
            raise InputError(
                f"tasks.Rotation.anneal_end must be positive or None, not {anneal_end}."
            )
        _check_weights("Rotation", discriminator_weight, generator_weight)
        self.mode = mode
        num = _num_rotated(mode, share, problem.batch_size)
        self.num_rotated = _per_replica(num)
        self.discriminator_weight = discriminator_weight
        self.generator_weight = generator_weight
        self.anneal_end = anneal_end
        self.head = Dense(feature_size, 4, weights, name="rotation")

    def views(
        self,
        samples: Samples,
        *,
        player: Player,
        generated: bool,
        rng: tf.random.Generator,
    ) -> Samples | None:
        del rng
        if generated != (player == "generator"):
            return None
        n = self.num_rotated
        if self.mode == "all_angles":
            parts = [slice(-n, None)] * 3
        else:
            parts = [slice(turns * n, (turns + 1) * n) for turns in (1, 2, 3)]
        images = [
            rotate(samples.images[part], turns)
            for turns, part in zip((1, 2, 3), parts, strict=True)
        ]
        labels = samples.labels
        if labels is not None:
            labels = tf.concat([labels[part] for part in parts], axis=0)
        return Samples(tf.concat(images, axis=0), labels)

    def loss(
        self, real: Judged | None, fake: Judged, *, player: Player, step: tf.Tensor
    ) -> tf.Tensor:
        if player == "discriminator":
            assert real is not None
            return self.discriminator_weight * self._cross_entropy(real)
        weight = self.generator_weight
        if self.anneal_end is not None:
            progress = tf.cast(step, tf.float32) / self.anneal_end
            weight *= tf.maximum(0.0, 1.0 - progress)
        return weight * self._cross_entropy(fake)

    def logits(self, judged: Judged) -> tf.Tensor:
        """Returns [4 * num_rotated, 4] logits, a quarter of the rows per angle."""
        assert judged.on_views is not None
        n = self.num_rotated
        upright = slice(-n, None) if self.mode == "all_angles" else slice(0, n)
        features = [judged.verdict.features[upright], judged.on_views.features]
        return self.head(tf.concat(features, axis=0))

    def _cross_entropy(self, judged: Judged) -> tf.Tensor:
        turns = tf.repeat(tf.range(4), self.num_rotated)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            turns, self.logits(judged)
        )
        return tf.reduce_mean(losses)


@config.register("tasks")
class Classification(tf.Module):
    """Predicts the label; turns a conditional GAN into an AC-GAN.

    Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs",
    2017, https://arxiv.org/abs/1610.09585, L_C in Sec. 3. The discriminator learns
    it on real and generated images. Unlabelled examples (all-zero rows) contribute
    nothing, neither to the sum nor to the number it is divided by.
    """

    name = "classification"
    uses_labels = True
    generator_needs_real = False

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        discriminator_weight: float = 1.0,
        generator_weight: float = 1.0,
    ) -> None:
        """Builds the classifier, [feature_size, num_classes] and a bias.

        Args:
            problem: The data; it needs classes.
            feature_size: Size of the discriminator's features.
            weights: How the head's kernel is made.
            discriminator_weight: Factor of the loss on real plus generated images.
            generator_weight: Factor of the loss on generated images.

        Raises:
            InputError: If the dataset has no labels.
        """
        super().__init__("classification")
        if not problem.num_classes:
            raise InputError(
                "tasks.Classification needs labels, but the dataset has none. Choose "
                "a labelled one or remove it from gans.ModularGAN.tasks."
            )
        _check_weights("Classification", discriminator_weight, generator_weight)
        self.discriminator_weight = discriminator_weight
        self.generator_weight = generator_weight
        self.head = Dense(
            feature_size, problem.num_classes, weights, name="classification"
        )

    def views(
        self,
        samples: Samples,
        *,
        player: Player,
        generated: bool,
        rng: tf.random.Generator,
    ) -> None:
        del samples, player, generated, rng

    def loss(
        self, real: Judged | None, fake: Judged, *, player: Player, step: tf.Tensor
    ) -> tf.Tensor:
        del step
        on_fake = self._cross_entropy(fake)
        if player == "generator":
            return self.generator_weight * on_fake
        assert real is not None
        return self.discriminator_weight * (self._cross_entropy(real) + on_fake)

    def _cross_entropy(self, judged: Judged) -> tf.Tensor:
        labels = judged.samples.labels
        is_labelled = tf.cast(tf.reduce_sum(labels, axis=1) > 0, tf.float32)
        loss = tfgan.acgan_generator_loss(
            self.head(judged.verdict.features),
            labels,
            # Divided by the number of non-zero weights.
            weights=is_labelled,
            loss_collection=None,
        )
        if replicas.count() > 1:
            loss *= replicas.share(tf.reduce_sum(is_labelled))
        return loss


def _check_weights(
    task: str, discriminator_weight: float, generator_weight: float
) -> None:
    """Refuses to reward a player for failing."""
    weights = {
        "discriminator_weight": discriminator_weight,
        "generator_weight": generator_weight,
    }
    for name, weight in weights.items():
        if weight < 0:
            raise InputError(f"tasks.{task}.{name} must not be negative: {weight}.")


def _num_rotated(mode: str, share: float | None, batch_size: int) -> int:
    if mode == "quarters":
        if share is not None:
            raise InputError(
                "tasks.Rotation.share has no effect on mode 'quarters', which rotates "
                "the whole batch; remove it or set tasks.Rotation.mode = 'all_angles'."
            )
        if batch_size % 4:
            raise InputError(
                "tasks.Rotation.mode = 'quarters' needs a batch that divides by 4; "
                f"there are {batch_size} images at once. Change BATCH_SIZE (or "
                "run.accumulation, which divides it)."
            )
        return batch_size // 4
    share = 0.25 if share is None else share
    if not 0 < share <= 1:
        raise InputError(f"tasks.Rotation.share must be in (0, 1], not {share}.")
    # 0.29 * 100 is 28.999...
    num = int(share * batch_size + 1e-6)
    if not num:
        raise InputError(
            f"The batch is too small for the rotation share: {share} of {batch_size} "
            f"is no whole image. Raise BATCH_SIZE (over run.accumulation, if that is "
            f"set) to at least {-(-1 // share):.0f} or set tasks.Rotation.share."
        )
    return num


def _per_replica(num_rotated: int) -> int:
    """Returns what each replica rotates, so that all rotate the images of one."""
    if num_rotated % replicas.count():
        raise InputError(
            f"{replicas.count()} replicas (--strategy) cannot share {num_rotated} "
            "images to rotate equally. Change BATCH_SIZE or tasks.Rotation.share, or "
            "use another number of replicas."
        )
    return num_rotated // replicas.count()
