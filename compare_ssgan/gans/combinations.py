"""Which components of a game fit together, and what to change where they do not."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.gans.augmentations import mirrors
from compare_ssgan.types import Problem

_UNCONDITIONAL = "Set gans.ModularGAN.conditional = True or remove it."


def check_labels(
    problem: Problem,
    conditional: bool,
    conditioning: Callable[..., Any] | None,
    concatenate_labels: Sequence[str],
    labelled_latents: bool,
) -> None:
    """Refuses label options without labels.

    Raises:
        InputError: If the game is conditional and the dataset is not labelled, or
            an option that needs a conditional game is set for another.
    """
    if conditional and not problem.num_classes:
        raise InputError(
            "This method is conditional (gans.ModularGAN.conditional = True), but the "
            "dataset has no labels. Choose a labelled --dataset or an unconditional "
            "method."
        )
    unknown = set(concatenate_labels) - {"generator", "discriminator"}
    if unknown or isinstance(concatenate_labels, str):
        raise InputError(
            "gans.ModularGAN.concatenate_labels lists players, 'generator' and "
            f"'discriminator'; received {concatenate_labels!r}."
        )
    if conditional:
        return
    options = {
        "conditioning": conditioning is not None,
        "concatenate_labels": bool(concatenate_labels),
        "labelled_latents": labelled_latents,
    }
    for name, is_set in options.items():
        if is_set:
            raise InputError(
                f"gans.ModularGAN.{name} needs labels, but the game is unconditional. "
                + _UNCONDITIONAL
            )


def check_options(
    problem: Problem, fake_labels: str, latent_size: int, conditional: bool
) -> None:
    """Refuses option values that mean nothing.

    Raises:
        InputError: Naming the option.
    """
    if fake_labels not in ("uniform", "batch"):
        raise InputError(
            "gans.ModularGAN.fake_labels must be 'uniform' or 'batch', not "
            f"{fake_labels!r}."
        )
    if fake_labels == "batch" and not conditional:
        raise InputError(
            "gans.ModularGAN.fake_labels = 'batch' needs labels, but the game is "
            "unconditional. " + _UNCONDITIONAL
        )
    if not isinstance(latent_size, int) or latent_size < 1:
        raise InputError(f"LATENT_SIZE must be a positive integer: {latent_size!r}.")
    if not isinstance(problem.batch_size, int) or problem.batch_size < 1:
        raise InputError(
            f"BATCH_SIZE must be a positive integer: {problem.batch_size!r}."
        )


def check_players(
    generator: Any, discriminator: Any, tasks: Sequence[Any], conditional: bool
) -> None:
    """Refuses labels that would have no effect, or that a task misses.

    Raises:
        InputError: If a conditional game has a player that ignores the label, or
            an unconditional one a task that needs it, or two tasks share a name.
    """
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise InputError(f"gans.ModularGAN.tasks lists a task twice: {names}.")
    modulated = _any(generator, "uses_latents")
    if generator.labelled_latents is not None and not modulated:
        raise InputError(
            "gans.ModularGAN.labelled_latents has no effect without self-modulation. "
            "Set gans.ModularGAN.generator_norm = @norms.SelfModulatedBatchNorm."
        )
    labelled_tasks = [task.name for task in tasks if task.uses_labels]
    if not conditional:
        if labelled_tasks:
            raise InputError(
                f"The task '{labelled_tasks[0]}' needs labels, but the game is "
                "unconditional. " + _UNCONDITIONAL
            )
        return
    if not (
        generator.concatenate_labels
        or generator.labelled_latents is not None
        or _any(generator, "uses_labels")
    ):
        raise InputError(
            "gans.ModularGAN.conditional = True, but the generator ignores labels. Set "
            "gans.ModularGAN.generator_norm = @norms.ConditionalBatchNorm or "
            "gans.ModularGAN.concatenate_labels = ['generator']."
        )
    if not (
        discriminator.concatenate_labels or discriminator.conditioning or labelled_tasks
    ):
        raise InputError(
            "gans.ModularGAN.conditional = True, but the discriminator ignores labels. "
            "Set gans.ModularGAN.conditioning = @conditioning.Projection, add "
            "@tasks.Classification to gans.ModularGAN.tasks, or set "
            "gans.ModularGAN.concatenate_labels."
        )


def check_augmentation(augmentation: Any, tasks: Sequence[Any]) -> None:
    """Refuses an augmentation that changes what a task is to tell.

    Raises:
        InputError: If it mirrors images whose orientation is a label.
    """
    spoiled = [t.name for t in tasks if getattr(t, "spoiled_by_mirroring", False)]
    if spoiled and mirrors(augmentation):
        raise InputError(
            "gans.ModularGAN.augmentation mirrors images after the task "
            f"'{spoiled[0]}' turned them, which makes its labels wrong. Flip real "
            "images only, gans.ModularGAN.data_augmentation = "
            "@augmentations.random_flip(), or remove one of them."
        )


def _any(module: tf.Module, attribute: str) -> bool:
    return any(getattr(part, attribute, False) for part in module.submodules)
