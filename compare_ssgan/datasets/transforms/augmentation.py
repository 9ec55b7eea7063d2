"""Random changes of training images, drawn anew for every example in every epoch."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Transform
from compare_ssgan.errors import InputError

Mode = Literal["zero", "reflect"]


@config.register("images")
def flip() -> Transform:
    """Mirrors half of the training images in every epoch (no reference).

    Which ones is a function of (seed, epoch, example).
    """

    def augment(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        mirrored = (numbers & 1).astype(bool)[:, None, None, None]
        return np.where(mirrored, images[:, :, ::-1], images)

    return _of_training(augment)


@config.register("images")
def shift(*, padding: int = 4, mode: Mode = "zero") -> Transform:
    """Pads training images on all sides and crops them to their size at random.

    He et al., "Deep Residual Learning for Image Recognition", 2016,
    https://arxiv.org/abs/1512.03385, section 4.2: four pixels, for CIFAR-10.
    All (2 * padding + 1)^2 places are equally likely; which one it is, is a function
    of (seed, epoch, example).

    Args:
        padding: Pixels on each side.
        mode: "zero" pads with black, "reflect" mirrors the image without its edge.

    Raises:
        InputError: If padding is negative, the mode is another one, or an image is
            too small to be mirrored that far.
    """
    if padding < 0:
        raise InputError(
            f"images.shift.padding must be a number of pixels from 0 on, not {padding}."
        )
    if mode not in get_args(Mode):
        raise InputError(
            f"images.shift.mode must be 'zero' or 'reflect', not {mode!r}."
        )
    places = 2 * padding + 1

    def augment(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        pixels = ((0, 0), (padding, padding), (padding, padding), (0, 0))
        padded = np.pad(images, pixels, "constant" if mode == "zero" else "reflect")
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, images.shape[1:3], axis=(1, 2)
        )
        place = numbers % places**2
        chosen = windows[np.arange(len(images)), place // places, place % places]
        return np.moveaxis(chosen, 1, -1)

    def transform(dataset: Dataset) -> Dataset:
        height, width, _ = dataset.image_shape
        if mode == "reflect" and padding >= min(height, width):
            raise InputError(
                f"Images of {height}x{width} pixels cannot be mirrored {padding} "
                "pixels beyond their edges. Lower images.shift.padding."
            )
        return _of_training(augment)(dataset)

    return transform


def _of_training(augment: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Transform:
    def transform(dataset: Dataset) -> Dataset:
        return dataset._replace(train=dataset.train.augmented(augment))

    return transform
