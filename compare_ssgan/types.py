"""Values that pass between the parts of the suite."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

import tensorflow as tf

Player = Literal["discriminator", "generator"]
ImageShape = tuple[int, int, int]


class Factor(NamedTuple):
    """Latent variables in neighbouring columns that are distributed alike.

    Attributes:
        family: "normal" with mean 0 or "uniform", each column by itself; or
            "categorical", all columns together one-hot and uniform.
        size: Number of columns.
        stddev: Of a normal variable.
        low: Smallest value of a uniform variable.
        high: Upper limit of a uniform variable.
    """

    family: Literal["normal", "uniform", "categorical"]
    size: int
    stddev: float = 1.0
    low: float = -1.0
    high: float = 1.0


class Codes(NamedTuple):
    """Latent variables that a generator gets besides noise, to be told from its images.

    They are the last columns of `Samples.latents`: first the categorical codes,
    one-hot, then the continuous ones, uniform in [-1, 1).

    Attributes:
        categorical: Number of categories of each categorical code.
        continuous: Number of continuous codes.
    """

    categorical: tuple[int, ...] = ()
    continuous: int = 0

    @property
    def size(self) -> int:
        """Number of columns."""
        return sum(self.categorical) + self.continuous

    @property
    def factors(self) -> list[Factor]:
        """How the columns are distributed."""
        factors = [Factor("categorical", classes) for classes in self.categorical]
        if self.continuous:
            factors.append(Factor("uniform", self.continuous, low=-1.0, high=1.0))
        return factors

    def draw(self, num: int, rng: tf.random.Generator) -> tf.Tensor:
        """Returns [num, size] codes."""
        parts = [
            tf.one_hot(rng.uniform([num], 0, classes, tf.int32), classes)
            for classes in self.categorical
        ]
        if self.continuous:
            parts.append(rng.uniform([num, self.continuous], -1.0, 1.0))
        return tf.concat(parts, axis=1)

    def split(self, columns: tf.Tensor) -> list[tf.Tensor]:
        """Splits [batch, size] into the categorical codes and all continuous ones."""
        continuous = [self.continuous] if self.continuous else []
        return tf.split(columns, [*self.categorical, *continuous], axis=1)


class Problem(NamedTuple):
    """What a game is built for: the data it will see, a batch at a time.

    Attributes:
        image_shape: (height, width, channels).
        num_classes: Number of classes; 0 for an unlabelled dataset.
        batch_size: Examples the game sees at once.
        dtype: In which networks compute products and keep activations. Variables,
            statistics, features, images and losses are float32 in any case.
        codes: Codes among the latents of generated examples; set by the game, for
            its tasks.
    """

    image_shape: ImageShape
    num_classes: int
    batch_size: int
    dtype: tf.DType = tf.float32
    codes: Codes | None = None


class Samples(NamedTuple):
    """A batch of real or generated examples.

    Attributes:
        images: [batch, height, width, channels] float32 in [0, 1].
        labels: [batch, classes] one-hot or soft labels; an all-zero row marks an
            unlabelled example. None where there are no labels at all.
        latents: [batch, latent_size] of generated examples, codes included; None
            for real ones.
        ids: [batch] int64 stable ids of real examples, None for generated ones.
    """

    images: tf.Tensor
    labels: tf.Tensor | None = None
    latents: tf.Tensor | None = None
    ids: tf.Tensor | None = None


class Pair(NamedTuple):
    """Batches of two image domains, aligned (pix2pix) or not (CycleGAN)."""

    source: Samples
    target: Samples


class Representation(NamedTuple):
    """What a backbone makes of images.

    Attributes:
        features: [batch, feature_size], the input of every head.
        blocks: Output of each block by name, first to last; rank 2 or 4.
    """

    features: tf.Tensor
    blocks: Mapping[str, tf.Tensor]


class Verdict(NamedTuple):
    """What a discriminator says about a batch.

    Attributes:
        logits: [batch, ...] unbounded realness scores, higher is more real.
        features: [batch, feature_size] the representation heads are built on.
        blocks: Output of each block of the backbone by name.
    """

    logits: tf.Tensor
    features: tf.Tensor
    blocks: Mapping[str, tf.Tensor]


class Objective(NamedTuple):
    """A scalar to minimize and the weighted, named scalars it is the sum of."""

    total: tf.Tensor
    terms: dict[str, tf.Tensor]


class Condition(NamedTuple):
    """What the normalizations of a generator may be modulated by.

    Attributes:
        latent: [batch, latent_size] or None.
        label: [batch, label_size] or None.
    """

    latent: tf.Tensor | None = None
    label: tf.Tensor | None = None


class ConditionSizes(NamedTuple):
    """Sizes of the members of a `Condition`; zero where there is none."""

    latent: int = 0
    label: int = 0


class Critic(Protocol):
    """A discriminator as penalties and tasks see it."""

    @property
    def kernels(self) -> Sequence[tf.Variable]:
        """Trainable kernels, before spectral normalization."""
        ...

    def __call__(self, samples: Samples) -> Verdict:
        """Judges a batch of images in [0, 1]."""
        ...


Batch_contra = TypeVar("Batch_contra", contravariant=True)


class Game(Protocol[Batch_contra]):
    """Two players and what each of them minimizes.

    A game knows nothing of optimizers, files or metrics; the training step knows
    nothing of images, labels or heads. The variables of a player are the trainable
    variables of its modules.
    """

    @property
    def generator_steps(self) -> tf.Variable:
        """[] int64, generator steps taken so far; the training step counts it."""
        ...

    @property
    def discriminator_modules(self) -> Sequence[tf.Module]:
        """Modules trained in a discriminator step."""
        ...

    @property
    def generator_modules(self) -> Sequence[tf.Module]:
        """Modules trained in a generator step."""
        ...

    def discriminator_objective(self, batch: Batch_contra) -> Objective:
        """What the discriminator minimizes on a batch of real data."""
        ...

    def generator_objective(self, batch: Batch_contra) -> Objective:
        """What the generator minimizes; `batch` is real data."""
        ...


class ImageGame(Game[Samples], Protocol):
    """A game whose generator maps noise to images, so that FID can score it."""

    @property
    def problem(self) -> Problem:
        """What the game was built for."""
        ...

    @property
    def generator(self) -> tf.Module:
        """Maps (latents, labels or None, training) to images in [0, 1].

        The module of which an exponential moving average may be kept.
        """
        ...

    @property
    def num_classes(self) -> int:
        """Number of classes that the players are told; 0 if they see no labels."""
        ...

    @property
    def prior(self) -> Sequence[Factor] | None:
        """How the columns of latents are distributed; None if that is not known."""
        ...

    @property
    def heads(self) -> Mapping[str, Callable[[tf.Tensor], tf.Tensor]]:
        """What tasks make of the discriminator's features, by the task's name."""
        ...

    def judge(self, samples: Samples) -> Verdict:
        """Judges images in [0, 1] as an evaluation does.

        Without augmentation, with the moving averages of normalizations; nothing is
        assigned. Labels are ignored by players that see none.
        """
        ...

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
        """Generates `num` examples.

        Args:
            num: Number of examples.
            rng: Source of latents and, where `labels` is None, of labels.
            labels: [num, classes] or None to draw them.
            training: Whether normalizations use the statistics of the batch.
            generator: Used in place of the game's own, e.g. its moving average.
            truncation: Largest magnitude of latents, in standard deviations; values
                beyond it are drawn again. None for no limit.

        Raises:
            InputError: If the latents cannot be truncated.
        """
        ...


def variables_of(modules: Sequence[tf.Module]) -> list[tf.Variable]:
    """Returns the trainable variables of several modules, each once."""
    found = {id(v): v for module in modules for v in module.trainable_variables}
    return list(found.values())


def objective(terms: Mapping[str, tf.Tensor]) -> Objective:
    """Sums weighted terms into an objective."""
    return Objective(tf.add_n(list(terms.values())), dict(terms))
