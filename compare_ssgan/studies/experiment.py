"""The root `run`: what the gin files of a run describe, built."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Transform
from compare_ssgan.datasets.pairs import refuse_pairs
from compare_ssgan.datasets.transforms.partial_labels import classes_of
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import sampling
from compare_ssgan.evaluation.evaluate import evaluate
from compare_ssgan.layers import replicas
from compare_ssgan.studies import spec
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training.checkpoints import KEEP_CHECKPOINTS
from compare_ssgan.training.distribute import ALONE, Team
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.training.loop import Schedule
from compare_ssgan.training.precision import compute_dtype
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import Problem, Samples


class Experiment(NamedTuple):
    """Everything a training consists of.

    Attributes:
        dataset: What is trained on.
        problem: What the game was built for.
        game: The players.
        ema: The moving average of the generator, or None.
        parts: What a checkpoint holds, by name.
        train_step: The `tf.function` of `training.step.make_train_step`.
        discriminator_steps: Discriminator steps per generator step.
        schedule: When things are due.
        seed: Of the order of the data; the game has used it too.
        batch_size: Real images per step of a player, in all parts together.
        keep_checkpoints: Number of checkpoints that are kept; None for all.
    """

    dataset: Any
    problem: Problem
    game: Any
    ema: ExponentialMovingAverage | None
    parts: dict[str, Any]
    train_step: Any
    discriminator_steps: int
    schedule: Schedule
    seed: int
    batch_size: int
    keep_checkpoints: int | None = KEEP_CHECKPOINTS

    @property
    def averaged_generator(self) -> Any:
        """What is evaluated in place of the game's own generator, or None."""
        return None if self.ema is None else self.ema.generator


@config.entry_point
def run(
    dataset: Any = config.REQUIRED,
    *,
    transforms: Sequence[Transform] = (),
    gan: Callable[..., Any] = config.REQUIRED,
    discriminator_optimizer: Callable[[int], Any] = config.REQUIRED,
    generator_optimizer: Callable[[int], Any] = config.REQUIRED,
    discriminator_steps: int = config.REQUIRED,
    batch_size: int = config.REQUIRED,
    steps: int = config.REQUIRED,
    eval_every: int = config.REQUIRED,
    checkpoint_every: int = config.REQUIRED,
    seed: int = config.REQUIRED,
    log_every: int = 20,
    ema_decay: float | None = None,
    ema_start_step: int = 0,
    accumulation: int = 1,
    precision: str = "float32",
    jit_compile: bool = False,
    keep_checkpoints: int | None = KEEP_CHECKPOINTS,
) -> Experiment:
    """Builds one run.

    Args:
        dataset: What to train on, e.g. `@datasets.digits()`.
        transforms: What is done to the dataset before, in this order, e.g.
            `[@labels.keep(), @images.flip()]`.
        gan: Makes a game from (problem, seed), e.g. `@gans.ModularGAN`.
        discriminator_optimizer: Makes an optimizer from the number of updates per
            generator step.
        generator_optimizer: The same for the generator.
        discriminator_steps: Discriminator steps per generator step.
        batch_size: Real images per step of a player.
        steps: Generator steps.
        eval_every: Generator steps between evaluations.
        checkpoint_every: Generator steps between checkpoints.
        seed: Of initial weights, noise and the order of the data.
        log_every: Generator steps between logged terms.
        ema_decay: Share an update of the generator's moving average keeps, in
            (0, 1); None for no average.
        ema_start_step: First generator step that is averaged.
        accumulation: Equal parts that a batch is processed in, one after the other,
            for batches too large for the memory. Each part has batch statistics, noise
            and tasks of its own, and counts alike however many of its labels are known.
        precision: "float32" or "mixed_bfloat16"; see `training.precision`.
        jit_compile: Whether XLA compiles the training step, which pays on GPUs.
        keep_checkpoints: Number of newest checkpoints that are kept, the others being
            removed; None for all, so that a finished run can be evaluated at every
            one of its steps.

    Raises:
        InputError: If a setting is out of range or has the wrong type.
    """
    _check_whole(1, discriminator_steps=discriminator_steps, batch_size=batch_size)
    _check_whole(1, steps=steps, eval_every=eval_every)
    _check_whole(1, checkpoint_every=checkpoint_every, log_every=log_every)
    _check_whole(0, ema_start_step=ema_start_step)
    _check_whole(1, accumulation=accumulation)
    if keep_checkpoints is not None:
        _check_whole(1, keep_checkpoints=keep_checkpoints)
    if batch_size % accumulation:
        raise InputError(
            f"run.accumulation = {accumulation} does not divide the batch of "
            f"{batch_size}. Change run.accumulation or BATCH_SIZE."
        )
    _check_replicas(batch_size, accumulation, jit_compile)
    dataset = _transformed(dataset, transforms)
    _check_data(dataset, batch_size)
    _check_callable(
        gan=gan,
        discriminator_optimizer=discriminator_optimizer,
        generator_optimizer=generator_optimizer,
    )
    if not spec.is_seed(seed):
        raise InputError(f"run.seed (SEED) must be a whole number >= 0, not {seed!r}.")
    _check_average(ema_decay, ema_start_step, steps)

    problem = Problem(
        tuple(dataset.image_shape),
        dataset.num_classes,
        batch_size // accumulation,
        compute_dtype(precision),
    )
    game = gan(problem, seed)
    ema = None
    if ema_decay is not None:
        ema = ExponentialMovingAverage(game.generator, ema_decay, ema_start_step)
    parts = {
        "game": game,
        "discriminator_optimizer": discriminator_optimizer(discriminator_steps),
        "generator_optimizer": generator_optimizer(1),
    }
    train_step = make_train_step(
        game,
        parts["discriminator_optimizer"],
        parts["generator_optimizer"],
        discriminator_steps,
        ema,
        accumulation=accumulation,
        jit_compile=jit_compile,
    )
    if ema is not None:
        parts["ema"] = ema
    return Experiment(
        dataset,
        problem,
        game,
        ema,
        parts,
        train_step,
        discriminator_steps,
        Schedule(steps, eval_every, checkpoint_every, log_every),
        seed,
        batch_size,
        keep_checkpoints,
    )


def build(team: Team = ALONE) -> Experiment:
    """Returns what the current configuration describes, its data within reach.

    Args:
        team: What the training step is spread over.

    Raises:
        InputError: If a setting is wrong, components do not fit each other, or files
            are missing.
    """
    try:
        with config.construction():
            with team.scope():
                built = run()
            sampler = Sampler(built.game, built.averaged_generator)
            # It measures nothing, but finds what is wrong with the settings, and reads
            # them in every process, whether that evaluates or not.
            evaluate(sampler, built.dataset, diverged=True)
            sampler.check(sampling.configured())
        _check_labels(built)
        # Some datasets open their files only when they are asked for an example.
        for split in (built.dataset.train, built.dataset.test):
            next(split.evaluation_batches(1, 1))
        return built
    except TypeError as error:
        # Components check ranges; a text where a number belongs ends up here.
        reason, _, chain = str(error).partition("\n  In call to configurable ")
        place = f" (in {chain.split()[0]})" if chain else ""
        raise InputError(f"A setting has the wrong type: {reason}{place}.") from error


def refuse_unread() -> None:
    """Refuses settings without effect; after a step was taken, or traced.

    Raises:
        InputError: Naming the settings, and where they were written.
    """
    unread = config.unread_bindings()
    if unread:
        raise InputError(
            "These settings have no effect, since nothing in this run reads them: "
            f"{', '.join(unread)}. Remove them, or choose the component that they "
            "belong to."
        )


def trace(built: Experiment, processes: int = 1) -> Any:
    """Returns the graph of a training step, which takes none.

    Args:
        built: What is trained.
        processes: Number of processes that a batch is shared by; the graph is that of
            one of them.
    """
    height, width, channels = built.problem.image_shape
    batch, classes = built.batch_size // processes, built.problem.num_classes
    images = tf.TensorSpec([batch, height, width, channels], tf.float32)
    labels = tf.TensorSpec([batch, classes], tf.float32) if classes else None
    samples = Samples(images, labels, None, tf.TensorSpec([batch], tf.int64))
    batches = [samples] * built.discriminator_steps
    return built.train_step.get_concrete_function(batches).graph


def _check_whole(minimum: int, **values: Any) -> None:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise InputError(
                f"run.{name} must be a whole number from {minimum} on, not {value!r}. "
                f"Change run.{name} (macro {name.upper()}, where there is one)."
            )


def check_strategy(strategy: str, nodes: int) -> None:
    """Refuses what a strategy cannot do, as far as that is known without its devices.

    Args:
        strategy: What --strategy says.
        nodes: Of a run; each has the same number of replicas.

    Raises:
        InputError: If the current configuration, which can be built, is for one
            replica, or its batch cannot be shared.
    """
    several_nodes = strategy == "multiworker" and nodes > 1
    # A TPU may have one replica.
    if strategy != "mirrored" and not several_nodes:
        return
    batch_size = config.query("run.batch_size")
    if several_nodes and batch_size % nodes:
        raise InputError(
            f"--nodes {nodes} cannot share a batch of {batch_size} equally. Change "
            "BATCH_SIZE, or use another number of nodes."
        )
    _check_single(
        config.query("run.accumulation", 1),
        config.query("run.jit_compile", False),
        "several",
    )


def _check_replicas(batch_size: int, accumulation: int, jit_compile: bool) -> None:
    number = replicas.count()
    if number == 1:
        return
    if batch_size % number:
        raise InputError(
            f"{number} replicas (--strategy) cannot share a batch of {batch_size} "
            "equally. Change BATCH_SIZE, or use another number of replicas."
        )
    _check_single(accumulation, jit_compile, str(number))


def _check_single(accumulation: int, jit_compile: bool, number: str) -> None:
    """Refuses what is for one replica only."""
    if accumulation > 1:
        raise InputError(
            f"run.accumulation = {accumulation} is for one replica, and there are "
            f"{number} (--strategy), which hold a part of the batch each. Remove "
            "run.accumulation, or --strategy."
        )
    if jit_compile:
        raise InputError(
            "run.jit_compile = True is for one replica: XLA cannot compile a step in "
            f"which {number} of them (--strategy) wait for each other. Remove "
            "run.jit_compile, or --strategy."
        )


def _transformed(dataset: Any, transforms: Sequence[Transform]) -> Any:
    refuse_pairs(dataset, "a game of the suite")
    _check_dataset(dataset)
    for transform in transforms:
        dataset = transform(dataset)
    return dataset


def _check_dataset(dataset: Any) -> None:
    if not hasattr(dataset, "image_shape"):
        raise InputError(
            f"run.dataset must be a dataset, such as @datasets.digits() with its "
            f"parentheses, not {dataset!r}. Change DATASET."
        )


def _check_data(dataset: Any, batch_size: int) -> None:
    available = dataset.train.num_examples
    if batch_size > available:
        raise InputError(
            f"run.batch_size is {batch_size}, but the training split of "
            f"{dataset.name} has only {available} images. Change BATCH_SIZE."
        )


def _check_labels(built: Experiment) -> None:
    """Refuses a conditional game where nothing to train on has a label."""
    if not getattr(built.game, "num_classes", 0):
        return
    labels = built.dataset.train.labels
    if not np.any(classes_of(labels) >= 0):
        raise InputError(
            "This method is conditional (gans.ModularGAN.conditional = True), but no "
            f"training example of {built.dataset.name} has a label. Change "
            "run.transforms, or choose another --dataset or an unconditional method."
        )


def _check_callable(**values: Any) -> None:
    for name, value in values.items():
        if not callable(value):
            raise InputError(
                f"run.{name} must be a reference to a component, not {value!r}."
            )


def _check_average(decay: Any, start_step: int, steps: int) -> None:
    if decay is None:
        if start_step:
            raise InputError(
                f"run.ema_start_step is {start_step} but there is no moving average. "
                "Set run.ema_decay, or remove run.ema_start_step."
            )
    elif start_step >= steps:
        raise InputError(
            f"run.ema_start_step is {start_step}, but the training ends at step "
            f"{steps}: nothing would be averaged. Lower it, or raise STEPS."
        )
    elif isinstance(decay, bool) or not isinstance(decay, int | float):
        raise InputError(f"run.ema_decay must be in (0, 1) or None, not {decay!r}.")
