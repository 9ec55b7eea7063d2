import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.precision_recall import precision_recall

RNG = np.random.default_rng(0)


def _measure(fake, real, **options):
    evidence = Evidence(ImageSet(features=fake), ImageSet(features=real))
    return tuple(precision_recall(**options).compute(evidence))


def _share_in_manifold(examples, manifold, k):
    """The share of examples in balls, by the search trees of scikit-learn."""
    search = NearestNeighbors(n_neighbors=k + 1).fit(manifold)
    radii = search.kneighbors(manifold)[0][:, -1]
    balls = NearestNeighbors(n_neighbors=len(manifold)).fit(manifold)
    distances, index = balls.kneighbors(examples)
    return np.mean(np.any(distances <= radii[index], axis=1))


@pytest.mark.parametrize("k", [1, 3])
def test_shares_are_those_that_scikit_learn_finds(k):
    fake, real = RNG.normal(size=(300, 4)), RNG.normal(0.7, 1, (200, 4))
    found = _measure(fake, real, num_neighbours=k)
    expected = _share_in_manifold(fake, real, k), _share_in_manifold(real, fake, k)
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0 < found[0] < 1


def test_a_set_has_precision_and_recall_one_with_itself():
    features = RNG.normal(size=(50, 3))
    assert _measure(features, features) == (1, 1)


def test_sides_exchanged_exchange_precision_and_recall():
    a, b = RNG.normal(size=(80, 3)), RNG.normal(0.5, 2, (90, 3))
    assert _measure(a, b) == _measure(b, a)[::-1]


def test_sets_far_apart_have_neither():
    features = RNG.normal(size=(50, 3))
    assert _measure(features, features + 100) == (0, 0)


def test_collapsed_modes_keep_precision_and_lose_recall():
    # Four modes, of which the generator draws one.
    centres = 20 * np.eye(4)
    real = RNG.normal(size=(400, 4)) + np.repeat(centres, 100, axis=0)
    fake = 0.8 * RNG.normal(size=(400, 4)) + centres[0]
    precision, recall = _measure(fake, real)
    assert precision > 0.8
    assert recall < 0.3


def test_a_real_image_repeated_is_precise_and_covers_its_copies():
    real = RNG.normal(size=(50, 3)).astype(np.float32)
    fake = np.repeat(real[:1], 50, axis=0)
    assert _measure(fake, real) == (1, 1 / 50)


def test_two_collapsed_sets_agree_or_do_not():
    ones = np.full((10, 3), 0.1, np.float32)
    assert _measure(ones, ones) == (1, 1)
    assert _measure(ones, 2 * ones) == (0, 0)


@pytest.mark.parametrize("side", [0, 1])
def test_a_feature_that_is_no_number_gives_neither(side):
    sets = [RNG.normal(size=(10, 3)), RNG.normal(size=(10, 3))]
    sets[side][3, 1] = np.nan
    assert np.all(np.isnan(_measure(*sets)))


def test_more_examples_than_neighbours_are_needed():
    few, many = np.zeros((3, 2)), np.zeros((9, 2))
    with pytest.raises(InputError, match=r"4 examples .* 3 generated and 9 real"):
        _measure(few, many)
    with pytest.raises(InputError, match=r"9 generated and 3 real.*num_neighbours"):
        _measure(many, few)
    with pytest.raises(InputError, match="1 or more, not 0"):
        precision_recall(num_neighbours=0)


def test_another_number_of_neighbours_is_in_the_name():
    assert precision_recall().suffix == ""
    assert precision_recall(num_neighbours=5).suffix == "_neighbours5"
    assert precision_recall().kinds == ("precision", "recall")
