"""LeCam regularization: predictions stay near the past ones on the other side."""

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.gans.tasks import Judged
from compare_ssgan.layers import replicas
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import Player, Problem, Samples


@config.register("tasks")
class LeCam(tf.Module):
    """Pulls logits on real images to the past of generated ones, and the reverse.

    Tseng et al., "Regularizing Generative Adversarial Networks under Limited Data",
    2021, https://arxiv.org/abs/2104.03310, Sec. 3: the discriminator minimizes

        weight * (mean (D(x) - alpha_F)^2 + mean (D(G(z)) - alpha_R)^2)

    where the anchors alpha_R and alpha_F are moving averages of the mean logit on real
    and on generated images, constants for the gradient. The generator has no term.

    The anchors start without bias: they are the averages divided by the weight of the
    batches seen so far, and include the batch at hand, as in the authors' TensorFlow
    code.
    """

    name = "lecam"
    uses_labels = False
    generator_needs_real = False

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        weight: float = 0.3,
        decay: float = 0.99,
        start_step: int = 0,
        one_sided: bool = False,
    ) -> None:
        """Creates the anchors, which are checkpointed and not trained.

        Args:
            problem: Not used.
            feature_size: Not used.
            weights: Not used, there is no kernel.
            weight: Factor of the term (lambda); 0.3 is the authors' for BigGAN on
                CIFAR.
            decay: Weight of the past in the anchors, per discriminator step, in
                [0, 1); with `run.accumulation`, per part of its batch.
            start_step: Generator step from which on the term counts; anchors move
                from the start.
            one_sided: Whether differences of the other sign, D(x) < alpha_F and
                D(G(z)) > alpha_R, cost nothing, as in the authors' code.

        Raises:
            InputError: If the weight is not positive, the decay out of range or the
                step negative.
        """
        del problem, feature_size, weights
        super().__init__("lecam")
        if weight <= 0:
            raise InputError(
                f"tasks.LeCam.weight must be positive, not {weight}; remove the task "
                "from gans.ModularGAN.tasks to go without."
            )
        if not 0 <= decay < 1:
            raise InputError(f"tasks.LeCam.decay must be in [0, 1), not {decay}.")
        if start_step < 0:
            raise InputError(
                f"tasks.LeCam.start_step must not be negative, but is {start_step}."
            )
        self.weight, self.decay = weight, decay
        self.start_step, self.one_sided = start_step, one_sided
        # Of real logits, of generated ones, and of 1: what the averages lack.
        self.averages = tf.Variable(tf.zeros([3]), trainable=False, name="averages")

    def anchors(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns alpha_R and alpha_F; 0 before the first discriminator step."""
        averages = tf.math.divide_no_nan(self.averages, self.averages[2])
        return averages[0], averages[1]

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
    ) -> tf.Tensor | None:
        if player == "generator":
            return None
        assert real is not None
        on_real, on_fake = real.verdict.logits, fake.verdict.logits
        means = [tf.reduce_mean(on_real), tf.reduce_mean(on_fake), 1.0]
        new = replicas.mean(tf.stop_gradient(tf.stack(means)))
        self.averages.assign(self.decay * self.averages + (1.0 - self.decay) * new)
        anchor_real, anchor_fake = self.anchors()
        excess, lack = on_real - anchor_fake, anchor_real - on_fake
        if self.one_sided:
            excess, lack = tf.nn.relu(excess), tf.nn.relu(lack)
        distance = tf.reduce_mean(tf.square(excess)) + tf.reduce_mean(tf.square(lack))
        has_started = tf.cast(step >= self.start_step, tf.float32)
        return self.weight * has_started * distance
