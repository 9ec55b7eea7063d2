"""InfoGAN: codes beside the noise, and the task of telling them from the image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config, tfgan
from compare_ssgan.errors import InputError
from compare_ssgan.gans.tasks import Judged
from compare_ssgan.layers.basic import Dense
from compare_ssgan.layers.batch_norm import BatchNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.types import (
    Codes,
    Condition,
    ConditionSizes,
    Player,
    Problem,
    Samples,
)

_LEAK = 0.1
_CATEGORICAL_WEIGHT = 1.0
_CONTINUOUS_WEIGHT = 0.1


class _Categorical(NamedTuple):
    logits: tf.Tensor

    def log_prob(self, one_hot: tf.Tensor) -> tf.Tensor:
        """Returns the [batch] log probabilities of [batch, classes] codes."""
        return -tf.nn.softmax_cross_entropy_with_logits(one_hot, self.logits)


class _UnitNormal(NamedTuple):
    means: tf.Tensor

    def log_prob(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the [batch] log densities of [batch, codes] independent codes."""
        squares = tf.square(values - self.means) + np.log(2 * np.pi)
        return -0.5 * tf.reduce_sum(squares, axis=1)


@config.register("latents")
def codes(*, categorical: Sequence[int] = (10,), continuous: int = 2) -> Codes:
    """Codes for an InfoGAN: categorical and uniform ones, as in arXiv 1606.03657.

    The defaults are those of its experiment with MNIST, Sec. 7.2.

    Args:
        categorical: Number of categories of each categorical code, uniform.
        continuous: Number of codes that are uniform in [-1, 1).

    Returns:
        The codes, for `gans.ModularGAN.codes`.

    Raises:
        InputError: If there are none, or one has fewer than two categories.
    """
    if any(classes < 2 for classes in categorical):
        raise InputError(
            "latents.codes.categorical lists numbers of categories, two at least; "
            f"received {categorical!r}."
        )
    if continuous < 0 or not (categorical or continuous):
        raise InputError(
            "latents.codes needs a categorical or a continuous code; received "
            f"categorical = {categorical!r} and continuous = {continuous!r}."
        )
    return Codes(tuple(categorical), continuous)


@config.register("tasks")
class MutualInformation(tf.Module):
    """Predicts the codes of generated images; turns a GAN into an InfoGAN.

    Chen et al., "InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets", 2016, https://arxiv.org/abs/1606.03657,
    Eq. 5 and 6. With the head Q on the discriminator's features both players minimize

        weight * mean -log Q(c | G(z, c)),

    the bound on the mutual information up to its sign and the entropy of c, summed over
    codes; categorical and continuous ones have a weight each. Q of a continuous code
    is normal with variance 1, as in the authors' code.

    `gans.ModularGAN.codes` holds the codes: it appends them to the noise and this task
    reads their sizes there, so that the two cannot disagree.
    """

    name = "mutual_information"
    uses_labels = False
    generator_needs_real = False

    def __init__(
        self,
        problem: Problem,
        feature_size: int,
        weights: Weights,
        *,
        hidden_size: int | None = None,
        categorical_weight: float | None = None,
        continuous_weight: float | None = None,
    ) -> None:
        """Builds Q, linear or with a hidden layer.

        Args:
            problem: Has the codes.
            feature_size: Size of the discriminator's features.
            weights: How kernels are made.
            hidden_size: Units of a batch-normalized layer with leaky ReLU (0.1), 128
                in the paper; None for none.
            categorical_weight: Factor of the term of categorical codes (lambda);
                None means 1, the paper's.
            continuous_weight: Factor of the term of continuous codes; None means 0.1,
                since the paper has a smaller factor for them but does not state it.

        Raises:
            InputError: If the generator gets no codes, a weight is negative or for
                codes that there are none of, or `hidden_size` is not positive.
        """
        super().__init__("mutual_information")
        if problem.codes is None:
            raise InputError(
                "tasks.MutualInformation needs codes, but the generator gets none. Set "
                "gans.ModularGAN.codes = @latents.codes() or remove the task."
            )
        self.codes = problem.codes
        classes, continuous = self.codes.categorical, self.codes.continuous
        _check_weight("categorical", categorical_weight, len(classes))
        _check_weight("continuous", continuous_weight, continuous)
        if hidden_size is not None and hidden_size < 1:
            raise InputError(
                "tasks.MutualInformation.hidden_size must be positive or None, not "
                f"{hidden_size}."
            )
        if categorical_weight is None:
            categorical_weight = _CATEGORICAL_WEIGHT
        if continuous_weight is None:
            continuous_weight = _CONTINUOUS_WEIGHT
        self.factors = [categorical_weight] * len(classes)
        self.factors += [continuous_weight] * (continuous > 0)
        self.hidden = None
        size = feature_size
        if hidden_size is not None:
            self.hidden = Dense(size, hidden_size, weights, use_bias=False)
            self.norm = BatchNorm(hidden_size, ConditionSizes(), weights)
            size = hidden_size
        self.head = Dense(size, self.codes.size, weights, name="codes")

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
        del real, player, step
        assert fake.samples.latents is not None
        drawn = self.codes.split(fake.samples.latents[:, -self.codes.size :])
        predicted = self.codes.split(self.parameters(fake.verdict.features))
        num = len(self.codes.categorical)
        distributions = [
            _Categorical(each) if i < num else _UnitNormal(each)
            for i, each in enumerate(predicted)
        ]
        # One call per kind of code: TF-GAN takes the mean over a list of codes.
        terms = [
            factor
            * tfgan.mutual_information_penalty(
                [code], [distribution], loss_collection=None
            )
            for factor, code, distribution in zip(
                self.factors, drawn, distributions, strict=True
            )
        ]
        return tf.add_n(terms)

    def predict(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the `parameters` with the statistics of evaluation."""
        return self.parameters(features, False)

    def parameters(self, features: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Returns the [batch, codes.size] logits and means of Q, ordered as codes."""
        if self.hidden is not None:
            x = self.norm(self.hidden(features), Condition(), training)
            features = tf.nn.leaky_relu(x, _LEAK)
        return self.head(features)


def _check_weight(kind: str, weight: float | None, num: int) -> None:
    if weight is None:
        return
    setting = f"tasks.MutualInformation.{kind}_weight"
    if weight < 0:
        raise InputError(f"{setting} must not be negative: {weight}.")
    if not num:
        raise InputError(
            f"{setting} has no effect: there are no {kind} codes. Remove it or set "
            f"latents.codes.{kind}."
        )
