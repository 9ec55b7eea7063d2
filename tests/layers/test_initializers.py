import numpy as np
import pytest

from compare_ssgan.errors import InputError
from compare_ssgan.layers.initializers import normal


def test_normal_has_the_mean_and_deviation_asked_for():
    values = normal(stddev=0.5)(np.random.default_rng(0), [100, 100])
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(0.5, rel=0.03)


def test_the_default_deviation_is_that_of_dcgan():
    values = normal()(np.random.default_rng(0), [100, 100])
    assert values.std() == pytest.approx(0.02, rel=0.03)


def test_the_same_seed_gives_the_same_values():
    first, second = (normal()(np.random.default_rng(3), [5, 2]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("stddev", [0.0, -1.0])
def test_a_deviation_that_is_not_positive_is_refused(stddev):
    with pytest.raises(InputError, match=r"above 0, not .*initializers.normal.stddev"):
        normal(stddev=stddev)
