"""Gaussians on a grid, a test of whether a generator loses modes."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import spots
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError

_ROWS, _STDDEV = 5, 0.05
# Neighbours in the papers, whose grid is -4, -2, 0, 2, 4 each way.
_SPACING = 2


@config.register("datasets")
def gaussian_grid(
    *, num_rows: int = _ROWS, stddev: float = _STDDEV, num_examples: int = 50_000
) -> Dataset:
    """Points of Gaussians on a grid, each shown as a spot of light, at 32x32x1.

    The 5 x 5 grid of the papers on VEEGAN, https://arxiv.org/abs/1705.07761, and
    PacGAN, https://arxiv.org/abs/1712.04086: means at distances of 2 and a standard
    deviation of 0.05, for networks that make images: the grid is 18 pixels wide,
    the standard deviation 0.11 pixels. The class of an image is its mode, counted row
    by row; modes take turns. What belongs to a mode is as in `gaussian_ring`. 10,000
    images are for testing; the papers take 2,500.

    Args:
        num_rows: Number of Gaussians each way, 2 or more, more than six deviations
            apart.
        stddev: Standard deviation of each, where neighbours are 2 apart.
        num_examples: Number of images to train on.

    Raises:
        InputError: If there are too few modes, they overlap, or their deviation cannot
            be seen.
    """
    spots.check_size("gaussian_grid", num_examples)
    if type(num_rows) is not int or not 2 <= num_rows <= 32:
        raise InputError(
            f"A grid has 2 to 32 modes each way, not {num_rows}. "
            "Change datasets.gaussian_grid.num_rows."
        )
    places = np.linspace(-spots.REACH, spots.REACH, num_rows)
    means = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1)
    unit = (places[1] - places[0]) / _SPACING
    mixture = spots.Mixture(means.reshape(-1, 2), unit * stddev)
    spots.check_mixture("gaussian_grid", mixture, stddev, ("num_rows", "stddev"))
    name = "gaussian_grid"
    name += "" if num_rows == _ROWS else f"_{num_rows}x{num_rows}"
    name += "" if stddev == _STDDEV else f"_stddev{stddev:g}"
    return spots.dataset(name, mixture, num_examples)
