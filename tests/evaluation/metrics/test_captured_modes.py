import numpy as np
import pytest
from scipy.stats import entropy

from compare_ssgan.datasets import spots
from compare_ssgan.datasets.base import Modes
from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.gaussian_grid import gaussian_grid
from compare_ssgan.datasets.gaussian_ring import gaussian_ring
from compare_ssgan.datasets.stacked_digits import stacked_digits
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import evaluate
from compare_ssgan.evaluation.features.random_convolutions import random_convolutions
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.captured_modes import (
    captured_modes,
    count,
    divergence,
)
from compare_ssgan.types import Samples

RNG = np.random.default_rng(0)


def _images(split, num):
    batch = next(split.evaluation_batches(num, num))
    return np.rint(batch.images.numpy() * 255).astype(np.uint8)


def _values(images, dataset, **options):
    evidence = Evidence(ImageSet(images=images), dataset=dataset)
    return captured_modes(**options).compute(evidence)


def test_the_divergence_is_that_of_frequencies_from_equal_ones():
    counts = np.array([3, 0, 5, 2])
    expected = entropy(counts / 10, np.full(4, 0.25))
    assert divergence(counts) == pytest.approx(expected, rel=1e-12)
    assert divergence(np.full(9, 7)) == pytest.approx(0, abs=1e-12)
    assert divergence(np.array([0, 4, 0])) == pytest.approx(np.log(3))
    assert np.isnan(divergence(np.zeros(3, int)))


@pytest.mark.parametrize("factory", [gaussian_ring, gaussian_grid])
def test_real_images_have_all_modes_equally_often(factory):
    dataset = factory()
    captured, kl, high_quality = _values(_images(dataset.test, 2500), dataset)
    assert captured == dataset.modes.num
    assert kl < 1e-3  # Modes take turns: but for 1 % beyond three deviations, equal.
    assert high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.008)


def test_some_modes_are_counted_as_so_many():
    dataset = gaussian_grid()
    images = _images(dataset.test, 2500)[np.arange(2500) % 25 < 7]
    captured, kl, _ = _values(images, dataset)
    assert captured == 7
    assert kl == pytest.approx(np.log(25 / 7), abs=1e-3)


def test_noise_has_no_mode():
    images = RNG.integers(0, 256, (50, 32, 32, 1), np.uint8)
    captured, kl, high_quality = _values(images, gaussian_ring())
    assert captured == high_quality == 0
    assert np.isnan(kl)


def test_the_share_of_images_with_a_mode_is_that_of_spots():
    dataset = gaussian_ring()
    at_modes = spots.draw(9 * np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    elsewhere = spots.draw(np.zeros((5, 2)))
    values = _values(np.concatenate([at_modes, elsewhere]), dataset)
    expected = np.log(8) + (2 / 3) * np.log(2 / 3) + (1 / 3) * np.log(1 / 3)
    assert values == pytest.approx((2, expected, 3 / 8))
    assert _values(at_modes, dataset, min_images=2)[0] == 1


def test_samples_of_equal_modes_diverge_as_theory_says():
    # Miller 1955: the bias of the entropy is about (modes - 1) / 2n.
    modes = Modes(100, lambda images, reader: images[:, 0, 0, 0].astype(int))
    found = []
    for _ in range(20):
        drawn = RNG.integers(0, 100, (5000, 1, 1, 1)).astype(np.uint8)
        found.append(divergence(count(drawn, modes)))
    assert np.mean(found) == pytest.approx(99 / 10_000, rel=0.1)


def test_stacked_digits_are_read_by_the_classifier():
    dataset = stacked_digits()
    images = _images(dataset.test, 2000)
    counts = count(images, dataset.modes)
    # Two of a mode, each of six digits misread in 5 of 600 cases; a mode that an image
    # seems to be of has one too many.
    assert counts.sum() == 2000
    assert np.mean(counts == 2) == pytest.approx((595 / 600) ** 12, abs=0.03)
    assert np.sum(counts > 0) > 980
    labels = dataset.test.labels[:2000]
    some = images[(labels // 100 < 2) & (labels % 100 < 30)]
    captured, kl, high_quality = _values(some, dataset)
    assert 58 <= captured <= 64
    assert kl == pytest.approx(np.log(1000 / 60), abs=0.1)
    assert high_quality == 1


def test_a_collapsed_generator_of_stacked_digits_has_one_mode():
    dataset = stacked_digits()
    images = np.repeat(_images(dataset.test, 1), 40, axis=0)
    assert _values(images, dataset) == pytest.approx((1, np.log(1000), 1))


def test_images_are_taken_in_blocks():
    seen = []

    def assign(images, reader):
        seen.append(len(images))
        return np.zeros(len(images), int)

    counts = count(np.zeros((2500, 2, 2, 1), np.uint8), Modes(3, assign))
    np.testing.assert_array_equal(counts, [2500, 0, 0])
    assert max(seen) <= 1024


def test_images_that_are_not_finite_have_no_value():
    fake = ImageSet(images=np.zeros((4, 32, 32, 1), np.uint8), finite=False)
    values = captured_modes().compute(Evidence(fake, dataset=gaussian_ring()))
    assert np.isnan(values).all()


def test_it_is_evaluated_like_any_metric():
    dataset = gaussian_ring()
    real = next(dataset.train.evaluation_batches(64, 64))

    def sampler(num, rng):
        return Samples(real.images[:num])

    found = evaluate(
        sampler,
        dataset,
        features=random_convolutions(),
        metrics=[captured_modes(), captured_modes(min_images=3)],
        num_samples=16,
    )
    values = {each.metric: each.value for each in found}
    assert values["captured_modes16"] == 8
    assert values["captured_modes16_min3"] == 0
    assert set(values) >= {"mode_kl16", "high_quality16"}


def test_only_datasets_whose_modes_are_known_have_it():
    check = captured_modes().check
    with pytest.raises(InputError, match=r"digits has none.*gaussian_ring, gauss"):
        check(None, digits())
    with pytest.raises(InputError, match=r"'captured_modes'.*only images"):
        check(None, None)
    for dataset in (gaussian_ring(), gaussian_grid(), stacked_digits()):
        check(None, dataset)


def test_a_mode_that_nothing_captures_is_refused():
    with pytest.raises(InputError, match=r"not 0. Change metrics.captured_modes.min"):
        captured_modes(min_images=0)
