"""Checks of hyperparameters that several networks share."""

from collections.abc import Collection
from typing import Any, get_args

from compare_ssgan.errors import InputError
from compare_ssgan.types import ImageShape


def check_width(name: str, channels: int) -> None:
    """Raises an `InputError` unless the width called `name` is at least 1."""
    if channels < 1:
        raise InputError(f"{name} must be at least 1, not {channels}.")


def check_choice(name: str, value: str, choices: Any) -> None:
    """Raises an `InputError` unless `value` is one of a `Literal`'s.

    Args:
        name: gin name of the hyperparameter.
        value: What it was set to.
        choices: The `Literal` type of the hyperparameter.
    """
    if value not in get_args(choices):
        known = " or ".join(repr(choice) for choice in get_args(choices))
        raise InputError(f"{name} must be {known}, not {value!r}.")


def check_at_least(architecture: str, image_shape: ImageShape, pixels: int) -> None:
    """Raises an `InputError` unless height and width are at least `pixels`."""
    if min(image_shape[:2]) < pixels:
        raise InputError(
            f"{architecture} makes images of at least {pixels}x{pixels} pixels, not "
            f"{image_shape[0]}x{image_shape[1]}. Use a dataset of larger images."
        )


def check_square(
    architecture: str, image_shape: ImageShape, sizes: Collection[int]
) -> None:
    """Raises an `InputError` unless images are square and of one of `sizes`."""
    height, width, _ = image_shape
    if height != width or height not in sizes:
        *others, last = sizes
        known = ", ".join(str(size) for size in others)
        raise InputError(
            f"{architecture} makes square images of {known} or {last} pixels, not "
            f"{height}x{width}. Use a dataset of such images, or set GENERATOR and "
            "BACKBONE to networks of this size."
        )
