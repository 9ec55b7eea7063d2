import numpy as np
import pytest

from compare_ssgan.layers.initializers import normal
from compare_ssgan.layers.weights import Weights


@pytest.fixture
def weights():
    return Weights(np.random.default_rng(0), normal(stddev=0.3))


@pytest.fixture
def empty():
    """Kernels of zeros, which cost nothing to draw."""
    return Weights(np.random.default_rng(0), lambda rng, shape: np.zeros(shape, "f"))
