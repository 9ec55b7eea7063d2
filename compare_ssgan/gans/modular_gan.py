"""GANs that map noise, and possibly a label, to an image."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.gans import combinations, latents
from compare_ssgan.gans.augmentations import Augmentation
from compare_ssgan.gans.discriminator import Discriminator, judge_together
from compare_ssgan.gans.generator import Generator, LabelledLatents
from compare_ssgan.gans.losses import AdversarialLoss
from compare_ssgan.gans.penalties import Penalty
from compare_ssgan.gans.regularizers import Regularizer
from compare_ssgan.gans.tasks import Judged, Task
from compare_ssgan.layers import initializers, replicas
from compare_ssgan.layers.basic import matrices_of
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import (
    Codes,
    ConditionSizes,
    Factor,
    Objective,
    Player,
    Problem,
    Samples,
    Verdict,
    objective,
)


@config.register("gans")
class ModularGAN(tf.Module):
    """A GAN assembled from a loss, a penalty, conditioning and tasks.

    The one game of this suite for noise-to-image GANs; the objective is the sum of
    named terms, and a method is a choice of components (compare_gan's ModularGAN;
    Kurach et al., https://arxiv.org/abs/1807.04720). Without tasks it is a plain or
    conditional GAN, with the rotation task SS-GAN, with classification AC-GAN.

    Args:
        problem: Image shape, classes and batch size of the data.
        seed: Seed of initial weights, latents and labels of generated images.
        generator: Makes a network from (image_shape, input_size, sizes, weights,
            norm).
        backbone: Makes the discriminator's trunk from (image_shape, weights,
            norm).
        loss: The adversarial loss.
        penalty: Penalty on the discriminator, or None.
        conditioning: Makes label conditioning of the discriminator from
            (feature_size, num_classes, weights), or None.
        tasks: Each makes a task from (problem, feature_size, weights).
        conditional: Whether the players see labels.
        concatenate_labels: Players whose input the label is appended to: the
            generator's latents, the discriminator's image as constant channels.
        labelled_latents: Whether what self-modulation sees depends on the label.
        fake_labels: Labels of generated images: "uniform" over the classes, or
            those of the real "batch", with uniform ones in place of those missing.
        latent_size: Number of latent variables, codes not counted.
        latent_distribution: Of the latents; None means `latents.normal()`.
        codes: Latent variables behind those, for `tasks.MutualInformation`; or None.
        initializer: Of kernels; None means `initializers.normal()`, N(0, 0.02^2).
        generator_norm: Normalization of the generator, or None.
        discriminator_norm: Normalization of the discriminator, or None.
        generator_spectral_norm: Whether kernels of G are divided by their norm.
        discriminator_spectral_norm: The same for D and its heads.
        augmentation: Stands between every image and the discriminator, views of
            tasks and images of penalties included; or None.
        data_augmentation: Changes real images before anything else sees them; or
            None. What it does to the data, such as flips, G learns to imitate.
        generator_regularizer: Of the kernels of G, an additional term; or None.
        discriminator_regularizer: Of the kernels of D and its heads; or None.

    Raises:
        InputError: If components do not fit each other or the data.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        generator: Callable[..., Any] = config.REQUIRED,
        backbone: Callable[..., Any] = config.REQUIRED,
        loss: AdversarialLoss = config.REQUIRED,
        penalty: Penalty | None = None,
        conditioning: Callable[..., Any] | None = None,
        tasks: Sequence[Callable[..., Task]] = (),
        conditional: bool = False,
        concatenate_labels: Sequence[Player] = (),
        labelled_latents: bool = False,
        fake_labels: str = "uniform",
        latent_size: int = 128,
        latent_distribution: latents.Latents | None = None,
        codes: Codes | None = None,
        initializer: initializers.Initializer | None = None,
        generator_norm: Callable[..., Any] | None = None,
        discriminator_norm: Callable[..., Any] | None = None,
        generator_spectral_norm: bool = False,
        discriminator_spectral_norm: bool = False,
        augmentation: Augmentation | None = None,
        data_augmentation: Augmentation | None = None,
        generator_regularizer: Regularizer | None = None,
        discriminator_regularizer: Regularizer | None = None,
    ) -> None:
        """Builds both players; the arguments are described above."""
        super().__init__("gan")
        combinations.check_labels(
            problem, conditional, conditioning, concatenate_labels, labelled_latents
        )
        combinations.check_options(problem, fake_labels, latent_size, conditional)
        self.problem, self.loss, self.penalty = problem, loss, penalty
        self.augmentation, self.data_augmentation = augmentation, data_augmentation
        self.generator_regularizer = generator_regularizer
        self.discriminator_regularizer = discriminator_regularizer
        self.fake_labels = fake_labels
        self.num_classes = problem.num_classes if conditional else 0
        self.codes, self.noise_size = codes, latent_size
        self.latent_size = latent_size + (codes.size if codes else 0)
        self.draw_latents = latent_distribution or latents.normal()
        rng = np.random.default_rng(seed)
        self.rng = tf.random.Generator.from_seed(seed)
        self.generator_steps = tf.Variable(0, trainable=False, dtype=tf.int64)

        initializer = initializer or initializers.normal()
        dtype = problem.dtype
        g_weights = Weights(rng, initializer, generator_spectral_norm, dtype)
        d_weights = Weights(rng, initializer, discriminator_spectral_norm, dtype)
        self.generator = self._make_generator(
            generator,
            g_weights,
            generator_norm,
            "generator" in concatenate_labels,
            labelled_latents,
        )
        self.discriminator = self._make_discriminator(
            backbone,
            d_weights,
            discriminator_norm,
            conditioning,
            "discriminator" in concatenate_labels,
        )
        size = self.discriminator.backbone.feature_size
        problem = problem._replace(codes=codes)
        self.tasks = [make(problem, size, d_weights.exact()) for make in tasks]
        combinations.check_players(
            self.generator, self.discriminator, self.tasks, conditional
        )
        combinations.check_augmentation(augmentation, self.tasks)

    def _make_generator(
        self,
        network: Callable[..., Any],
        weights: Weights,
        norm: Callable[..., Any] | None,
        concatenate_labels: bool,
        labelled_latents: bool,
    ) -> Generator:
        size, classes = self.latent_size, self.num_classes
        return Generator(
            network(
                self.problem.image_shape,
                size + classes * concatenate_labels,
                ConditionSizes(latent=size, label=classes),
                weights,
                norm,
            ),
            LabelledLatents(size, classes, weights.exact())
            if labelled_latents
            else None,
            concatenate_labels,
        )

    def _make_discriminator(
        self,
        backbone: Callable[..., Any],
        weights: Weights,
        norm: Callable[..., Any] | None,
        conditioning: Callable[..., Any] | None,
        concatenate_labels: bool,
    ) -> Discriminator:
        height, width, channels = self.problem.image_shape
        channels += self.num_classes * concatenate_labels
        trunk = backbone((height, width, channels), weights, norm)
        term = None
        if conditioning is not None:
            term = conditioning(trunk.feature_size, self.num_classes, weights.exact())
        return Discriminator(trunk, weights.exact(), term, concatenate_labels)

    @property
    def generator_modules(self) -> Sequence[tf.Module]:
        return [self.generator]

    @property
    def discriminator_modules(self) -> Sequence[tf.Module]:
        return [self.discriminator, *self.tasks]

    @property
    def kernels(self) -> Sequence[tf.Variable]:
        """Kernels of the discriminator, for penalties."""
        return self.discriminator.kernels

    def __call__(self, samples: Samples) -> Verdict:
        """Judges images, augmented if the game augments: the critic of penalties."""
        if self.augmentation is not None:
            samples = self.augmentation(samples, self._noise)
        return self.discriminator(samples)

    @property
    def prior(self) -> Sequence[Factor] | None:
        """How latents are distributed; see `types.ImageGame`."""
        factor = getattr(self.draw_latents, "factor", None)
        if factor is None:
            return None
        codes = self.codes.factors if self.codes else []
        return [factor._replace(size=self.noise_size), *codes]

    @property
    def heads(self) -> Mapping[str, Callable[[tf.Tensor], tf.Tensor]]:
        """Heads of the tasks on D's features; see `types.ImageGame`."""
        # Of what has hidden layers too, the head is not all that there is.
        found = {task: getattr(task, "predict", None) for task in self.tasks}
        found = {task: f or getattr(task, "head", None) for task, f in found.items()}
        return {task.name: f for task, f in found.items() if f is not None}

    def judge(self, samples: Samples) -> Verdict:
        """Judges images as they are, changing nothing; see `types.ImageGame`."""
        if not self.num_classes:
            samples = samples._replace(labels=None)
        return self.discriminator(samples, training=False)

    def sample(
        self,
        num: int,
        rng: tf.random.Generator,
        labels: tf.Tensor | None = None,
        *,
        training: bool = False,
        generator: Callable[..., tf.Tensor] | None = None,
        truncation: float | None = None,
    ) -> Samples:
        """Generates images; see `types.ImageGame`."""
        z = self.draw_latents(num, self.noise_size, rng, truncation)
        if self.codes is not None:
            z = tf.concat([z, self.codes.draw(num, rng)], axis=1)
        if not self.num_classes:
            labels = None
        elif labels is None:
            labels = self._draw_labels(num, rng)
        images = (generator or self.generator)(z, labels, training)
        return Samples(images, labels, latents=z)

    def discriminator_objective(self, batch: Samples) -> Objective:
        """Adversarial loss, penalty, tasks and conditioning on a batch of real data."""
        real = self._real(batch)
        fake = self._generate(real)
        fake = fake._replace(images=tf.stop_gradient(fake.images))
        judged = self._judge("discriminator", {"real": real, "fake": fake})
        real_verdict = judged["real", None]
        terms = {
            "adversarial": self.loss.discriminator(
                real_verdict.logits, judged["fake", None].logits
            )
        }
        if self.penalty is not None:
            terms["penalty"] = self.penalty(self, real, fake, self._noise)
        self._add_tasks(terms, "discriminator", judged, real, fake)
        if self.discriminator.conditioning is not None:
            loss = self.discriminator.conditioning.loss(real, real_verdict)
            if loss is not None:
                terms["conditioning"] = loss
        if self.discriminator_regularizer is not None:
            matrices = matrices_of(self.discriminator_modules)
            terms["regularizer"] = self.discriminator_regularizer(matrices)
        return objective(terms)

    def generator_objective(self, batch: Samples) -> Objective:
        """Adversarial loss and tasks on generated images."""
        real = self._real(batch)
        fake = self._generate(real)
        with_real = self.loss.generator_needs_real or any(
            task.generator_needs_real for task in self.tasks
        )
        batches = {"real": real, "fake": fake} if with_real else {"fake": fake}
        judged = self._judge("generator", batches)
        real_verdict = judged.get(("real", None))
        terms = {
            "adversarial": self.loss.generator(
                judged["fake", None].logits,
                None if real_verdict is None else real_verdict.logits,
            )
        }
        self._add_tasks(terms, "generator", judged, real if with_real else None, fake)
        if self.generator_regularizer is not None:
            matrices = matrices_of(self.generator_modules)
            terms["regularizer"] = self.generator_regularizer(matrices)
        return objective(terms)

    @property
    def _noise(self) -> tf.random.Generator:
        return replicas.noise(self.rng)

    def _real(self, batch: Samples) -> Samples:
        """Augments real data and hides its labels from an unconditional game."""
        if self.data_augmentation is not None:
            batch = self.data_augmentation(batch, self._noise)
        return batch if self.num_classes else batch._replace(labels=None)

    def _generate(self, real: Samples) -> Samples:
        num, labels = self.problem.batch_size // replicas.count(), None
        if self.fake_labels == "batch":
            assert real.labels is not None
            labelled = tf.reduce_any(real.labels > 0, axis=1, keepdims=True)
            drawn = self._draw_labels(num, self._noise)
            labels = tf.where(labelled, real.labels, drawn)
        return self.sample(num, self._noise, labels, training=True)

    def _draw_labels(self, num: int, rng: tf.random.Generator) -> tf.Tensor:
        drawn = rng.uniform([num], 0, self.num_classes, tf.int32)
        return tf.one_hot(drawn, self.num_classes)

    def _judge(
        self, player: Player, batches: dict[str, Samples]
    ) -> dict[tuple[str, str | None], Verdict]:
        """Judges batches and all tasks' views of them in one pass.

        Returns:
            Verdicts by ("real" or "fake", None or the name of the task whose views
            they are on).
        """
        joint: dict[tuple[str, str | None], Samples] = {
            (name, None): samples for name, samples in batches.items()
        }
        for task in self.tasks:
            for name, samples in batches.items():
                generated = name == "fake"
                views = task.views(
                    samples, player=player, generated=generated, rng=self._noise
                )
                if views is not None:
                    joint[name, task.name] = views
        return judge_together(self, joint)

    def _add_tasks(
        self,
        terms: dict[str, tf.Tensor],
        player: Player,
        judged: dict[tuple[str, str | None], Verdict],
        real: Samples | None,
        fake: Samples,
    ) -> None:
        for task in self.tasks:
            on_fake = Judged(
                fake, judged["fake", None], judged.get(("fake", task.name))
            )
            on_real = None
            if real is not None:
                on_real = Judged(
                    real, judged["real", None], judged.get(("real", task.name))
                )
            loss = task.loss(on_real, on_fake, player=player, step=self.generator_steps)
            if loss is not None:
                terms[task.name] = loss
