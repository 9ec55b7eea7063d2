"""Gaussians on a ring, the simplest test of whether a generator loses modes."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets import spots
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError

_MODES, _STDDEV = 8, 0.01


@config.register("datasets")
def gaussian_ring(
    *, num_modes: int = _MODES, stddev: float = _STDDEV, num_examples: int = 50_000
) -> Dataset:
    """Points of Gaussians on a ring, each shown as a spot of light, at 32x32x1.

    The ring of Metz et al. 2016, https://arxiv.org/abs/1611.02163 (deviation 0.02 at
    radius 2), and of the papers on VEEGAN, https://arxiv.org/abs/1705.07761, and
    PacGAN, https://arxiv.org/abs/1712.04086 (0.01 at radius 1), for networks that make
    images: the radius is 9 pixels, the standard deviation 0.09. The class of an image
    is its mode; modes take turns. Where a spot is can be read off the image to about
    0.004 pixels, so that what the papers count can be counted: an image belongs to a
    mode if it is one of a spot, at most three standard deviations away, as 98.9 % of
    the mixture are. 10,000 images are for testing; the papers take 2,500.

    Args:
        num_modes: Number of Gaussians, 2 or more, more than six deviations apart.
        stddev: Standard deviation of each over the radius of the ring.
        num_examples: Number of images to train on.

    Raises:
        InputError: If there are too few modes, they overlap, or their deviation cannot
            be seen.
    """
    spots.check_size("gaussian_ring", num_examples)
    if type(num_modes) is not int or num_modes < 2:
        raise InputError(
            f"A ring has 2 or more modes, not {num_modes}. "
            "Change datasets.gaussian_ring.num_modes."
        )
    angles = 2 * np.pi * np.arange(num_modes) / num_modes
    means = spots.REACH * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    mixture = spots.Mixture(means, spots.REACH * stddev)
    spots.check_mixture("gaussian_ring", mixture, stddev, ("num_modes", "stddev"))
    name = "gaussian_ring"
    name += "" if num_modes == _MODES else f"_modes{num_modes}"
    name += "" if stddev == _STDDEV else f"_stddev{stddev:g}"
    return spots.dataset(name, mixture, num_examples)
