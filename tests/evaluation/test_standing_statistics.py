"""Standing statistics: plain means over batches, and nothing left behind."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.standing_statistics import StandingStatistics
from compare_ssgan.layers.batch_norm import BatchNorm, moving_statistics
from compare_ssgan.layers.example_norm import InstanceNorm
from compare_ssgan.types import Condition, ConditionSizes


def batch_norm(channels=2, **options):
    return BatchNorm(channels, ConditionSizes(), None, spatial=False, **options)


def with_moments(mean, variance):
    """Returns a batch of two with these moments per channel."""
    mean, deviation = np.array(mean), np.sqrt(variance)
    return np.stack([mean - deviation, mean + deviation]).astype(np.float32)


class Network(tf.Module):
    """A batch norm that is shown one batch after the other."""

    def __init__(self, batches, norm):
        super().__init__()
        self.norm = norm
        self.batches = tf.constant(np.stack(batches))
        self.next = tf.Variable(0)

    def __call__(self):
        x = self.batches[self.next]
        self.next.assign_add(1)
        return self.norm(x, Condition(), True)


def test_batches_of_compare_gans_test_give_its_running_averages():
    # Means (1, 2) and variances (3, 4), then (5, 6) and (7, 8).
    batches = [with_moments((1, 2), (3, 4)), with_moments((5, 6), (7, 8))]
    for num, mean, variance in ((1, (1, 2), (3, 4)), (2, (3, 4), (5, 6))):
        network = Network(batches, batch_norm(decay=0.9))
        with StandingStatistics(network.norm, network).over(num):
            (found,) = moving_statistics(network.norm)
            np.testing.assert_allclose(found.mean, mean, rtol=1e-5)
            np.testing.assert_allclose(found.variance, variance, rtol=1e-5)


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.999])
def test_statistics_are_the_mean_over_batches_whatever_the_decay(decay):
    rng = np.random.default_rng(0)
    batches = rng.normal(3.0, 2.0, size=[5, 16, 4]).astype(np.float32)
    network = Network(batches, batch_norm(4, decay=decay))
    with StandingStatistics(network, network).over(5):
        (found,) = moving_statistics(network)
        mean, variance = batches.mean(axis=1), batches.var(axis=1)
        np.testing.assert_allclose(found.mean, mean.mean(axis=0), rtol=1e-4)
        np.testing.assert_allclose(found.variance, variance.mean(axis=0), rtol=1e-4)


def test_what_was_there_comes_back_bit_for_bit_even_after_an_error():
    rng = np.random.default_rng(0)
    batches = rng.normal(size=[4, 8, 3]).astype(np.float32)
    network = Network(batches, batch_norm(3))
    (found,) = moving_statistics(network)
    found.mean.assign(rng.normal(size=3))
    found.variance.assign(rng.uniform(size=3))
    before = [found.mean.numpy(), found.variance.numpy()]
    standing = StandingStatistics(network, network)

    def fail():
        with standing.over(2):
            assert (found.mean.numpy() != before[0]).all()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    np.testing.assert_array_equal([found.mean, found.variance], before)


def test_a_pass_is_compiled_once():
    calls = []

    def forward():
        calls.append(1)
        return norm(tf.ones([4, 2]), Condition(), True)

    norm = batch_norm()
    standing = StandingStatistics(norm, forward)
    for num in (3, 5):
        with standing.over(num):
            pass
    # TensorFlow traces a function that might make variables twice.
    assert len(calls) <= 2


def test_a_network_without_batch_norm_is_refused():
    norm = InstanceNorm(3, ConditionSizes(), None)
    with pytest.raises(InputError, match=r"has none.*evaluate\.standing_statistics"):
        StandingStatistics(norm, lambda: None)
