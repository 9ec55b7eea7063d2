"""Grids of images as PNG."""

import math
import pathlib

import numpy as np
import tensorflow as tf

from compare_ssgan.studies import files


def grid(images: np.ndarray, columns: int | None = None, border: int = 2) -> np.ndarray:
    """Returns images side by side, row by row, on white.

    Args:
        images: [num, height, width, channels] in [0, 1], 1 or 3 channels.
        columns: Images in a row; None for a square.
        border: Pixels between images and around them.

    Returns:
        [height, width, channels] uint8.
    """
    num, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(num))
    rows = math.ceil(num / columns)
    cell_height, cell_width = height + border, width + border
    canvas = np.full(
        (rows * cell_height + border, columns * cell_width + border, channels),
        255,
        np.uint8,
    )
    for index, image in enumerate(to_pixels(images)):
        top = border + index // columns * cell_height
        left = border + index % columns * cell_width
        canvas[top : top + height, left : left + width] = image
    return canvas


def to_pixels(images: np.ndarray) -> np.ndarray:
    """Returns images in [0, 1] as uint8; NaN is black."""
    return np.round(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)


def write_png(path: pathlib.Path, image: np.ndarray) -> None:
    """Writes a [height, width, channels] uint8 image with 1 to 4 channels."""
    files.write_atomically(path, tf.io.encode_png(image).numpy())
