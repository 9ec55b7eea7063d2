"""The trainings whose step is timed, built as `compare_ssgan run` builds them."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.architectures import resnet_cifar
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import experiment, spec
from compare_ssgan.types import Player, Samples
from tools.benchmarks import operations

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Width(NamedTuple):
    """A configuration.

    Attributes:
        method: Stem of the method's gin file.
        dataset: Stem of the dataset's.
        budget: Stem of the budget's.
        settings: gin lines on top of them.
    """

    method: str
    dataset: str
    budget: str
    settings: tuple[str, ...]


WIDTHS = {
    # SNGAN's networks for CIFAR-10 with the rotation task: what torch-mimicry's SSGAN
    # trains. The smoke budget is the one that leaves the optimizer alone.
    "paper": Width(
        "ssgan",
        "synthetic",
        "smoke",
        (
            "datasets.synthetic.image_shape = (32, 32, 3)",
            "BATCH_SIZE = 64",
            "LATENT_SIZE = 128",
            "DISCRIMINATOR_STEPS = 5",
            "resnet_cifar.Generator.channels = 256",
            "resnet_cifar.Generator.shortcut_kernel_size = 1",
            "resnet_cifar.Generator.output = 'tanh'",
            "resnet_cifar.Backbone.channels = 128",
            "resnet_cifar.Backbone.shortcut_kernel_size = 1",
            "resnet_cifar.Backbone.pooling = 'sum'",
            "resnet_cifar.Backbone.input_range = 'centered'",
            "tasks.Rotation.mode = 'quarters'",
            "optimizers.adam.learning_rate = 2e-4",
            "optimizers.adam.beta_1 = 0.0",
            "optimizers.adam.beta_2 = 0.9",
        ),
    ),
    # What `compare_ssgan run --gin gin_configs/sbn_ssgan.gin` trains.
    "narrow": Width("sbn_ssgan", "digits", "short", ()),
}


def method_file(width: str) -> str:
    """Returns the path of the gin file of a width's method."""
    return str(ROOT / "gin_configs" / f"{WIDTHS[width].method}.gin")


def step_settings(
    precision: str, rotation: str | None, jit_compile: bool
) -> tuple[str, ...]:
    """Returns the gin lines of what may be chosen for a step.

    Args:
        precision: Value of run.precision.
        rotation: Value of tasks.Rotation.mode; None for that of the width.
        jit_compile: Value of run.jit_compile.
    """
    lines = [f"run.precision = '{precision}'"]
    if jit_compile:
        lines.append("run.jit_compile = True")
    if rotation is not None:
        lines.append(f"tasks.Rotation.mode = '{rotation}'")
    return tuple(lines)


def build(width: str, settings: Sequence[str]) -> experiment.Experiment:
    """Returns a training and nothing that would evaluate it.

    Args:
        width: A key of `WIDTHS`.
        settings: gin lines that override the width's.
    """
    found = WIDTHS[width]
    spec.load(
        spec.RunRequest(
            gin_files=(method_file(width),),
            dataset=found.dataset,
            budget=found.budget,
            settings=(*found.settings, *settings),
        )
    )
    with config.construction():
        return experiment.run()


def work(built: experiment.Experiment) -> operations.Work:
    """Returns what an iteration of one of the widths consists of.

    Raises:
        InputError: If settings have put other networks in its place.
    """
    network = built.game.generator.network
    backbone = built.game.discriminator.backbone
    if (
        not isinstance(network, resnet_cifar.Generator)
        or not isinstance(backbone, resnet_cifar.Backbone)
        or network.blocks[0].shortcut.kernel.raw.shape[0] != 1
    ):
        raise InputError(
            "The operations of resnet_cifar with 1x1 shortcuts are counted, and no "
            "other network is timed. Remove what changes the networks from --set."
        )
    image_channels = built.problem.image_shape[2]
    hidden = getattr(network.norm, "hidden", None)
    return operations.Work(
        generator=operations.generator(
            network.channels,
            built.game.latent_size,
            image_channels,
            0 if hidden is None else hidden.kernel.raw.shape[1],
        ),
        discriminator=operations.discriminator(backbone.feature_size, image_channels),
        batch_size=built.problem.batch_size,
        discriminator_images=_judged(built, "discriminator", {False, True}),
        generator_images=_judged(built, "generator", {True}),
        discriminator_steps=built.discriminator_steps,
    )


def _judged(built: experiment.Experiment, player: Player, batches: set[bool]) -> int:
    """Returns the number of images the discriminator sees in a step of `player`.

    Args:
        built: The training.
        player: Whose step.
        batches: Which batches are judged; whether each is the generator's.
    """
    num = built.problem.batch_size
    images = tf.zeros([num, *built.problem.image_shape])
    total = num * len(batches)
    for task in built.game.tasks:
        for generated in batches:
            views = task.views(
                Samples(images), player=player, generated=generated, rng=built.game.rng
            )
            total += 0 if views is None else views.images.shape[0]
    return total


class Iteration:
    """Does iterations of a training, one per call, as the training loop does them."""

    def __init__(self, built: experiment.Experiment) -> None:
        """Begins at the first batch of the training data."""
        self.built = built
        self._batches = built.dataset.train.training_batches(
            built.problem.batch_size, built.seed, start=0
        )

    def __call__(self) -> dict[str, float]:
        """Returns the terms of the objectives.

        Raises:
            CommandError: If one of them is not finite.
        """
        batches = [next(self._batches) for _ in range(self.built.discriminator_steps)]
        terms: dict[str, Any] = self.built.train_step(batches)
        values = {name: float(term) for name, term in terms.items()}
        for name, value in values.items():
            # Arithmetic with infinities and subnormals has a speed of its own.
            if not abs(value) < float("inf"):
                raise CommandError(f"The training diverged: {name} is {value}.")
        return values

    @property
    def traces(self) -> int:
        """Number of times the step has been traced."""
        return int(self.built.train_step.experimental_get_tracing_count())
