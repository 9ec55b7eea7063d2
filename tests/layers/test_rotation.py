"""Quarter turns."""

import numpy as np
import pytest

from compare_ssgan.layers.rotation import rotate


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_images_are_turned_to_the_left(turns):
    images = np.random.default_rng(0).uniform(size=(2, 4, 4, 3))
    expected = np.rot90(images, turns, axes=(1, 2))
    np.testing.assert_array_equal(rotate(images, turns), expected)
