import numpy as np
import pytest
from scipy.spatial.distance import cdist

from compare_ssgan.evaluation import neighbours

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK", 16)
    monkeypatch.setattr(neighbours, "_NUMBERS", 50)


def _points(features):
    found = neighbours.points(features, neighbours.centre_of(features))
    assert found is not None
    return found


def _spread(values, points):
    """Returns values of points as those of all examples they stand for."""
    features = points.features
    same = np.all(features[:, None] == features[points.originals][None], axis=2)
    return values[np.argmax(same, axis=1)]


SETS = {
    "continuous": RNG.normal(size=(50, 7)),
    "single precision": RNG.normal(size=(50, 7)).astype(np.float32),
    "ties": RNG.integers(0, 3, size=(60, 3)).astype(np.float32),
    "copies": RNG.normal(size=(10, 4))[RNG.integers(0, 10, 50)],
    "far from zero": (1000 + 1e-3 * RNG.normal(size=(50, 4))).astype(np.float32),
    "collapsed": np.full((40, 5), 0.1, np.float32),
    "one outlier": np.concatenate([RNG.normal(size=(39, 3)), [[1e9, 0, 0]]]),
}


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("name", SETS)
def test_radii_are_those_of_all_differences(name, k):
    points = _points(SETS[name])
    exact = SETS[name].astype(np.float64)
    expected = np.sort(cdist(exact, exact, "sqeuclidean"), axis=1)[:, k]
    found = _spread(neighbours.squared_radii(points, k), points)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", SETS)
def test_pairs_within_radii_are_those_of_all_differences(name, strict):
    features = SETS[name]
    x, y = _points(features[:25]), _points(features)
    y = neighbours.points(features, x.centre)
    radii = neighbours.squared_radii(y, 2)
    found = np.zeros((len(x.originals), len(y.originals)), bool)
    for block in neighbours.blocks(x, y):
        found[block.rows, block.columns] = block.within(
            radii[np.newaxis, block.columns], strict=strict
        )
    exact = features.astype(np.float64)
    difference = exact[x.originals][:, None] - exact[y.originals][None]
    distances = np.einsum("ijk,ijk->ij", difference, difference)
    expected = distances < radii if strict else distances <= radii
    np.testing.assert_array_equal(found, expected)


def test_copies_are_one_point_of_several_examples():
    points = _points(np.array([[1.0, 2], [3, 4], [1, 2], [0.0, 1], [-0.0, 1]]))
    assert points.originals.tolist() == [0, 1, 3]
    assert points.counts.tolist() == [2, 1, 2]
    assert points.share(np.array([True, False, False])) == 2 / 5


def test_vectors_of_equal_hashes_are_still_different(monkeypatch):
    monkeypatch.setattr(
        neighbours, "_hashes", lambda features: np.zeros(len(features), np.uint64)
    )
    points = _points(np.array([[1.0], [2], [1]]))
    assert points.counts.tolist() == [1, 1, 1]
    np.testing.assert_array_equal(neighbours.squared_radii(points, 1), [0, 1, 0])


def test_blocks_of_one_set_are_each_pair_once():
    points = _points(SETS["continuous"])
    pairs = [(b.rows.start, b.columns.start) for b in neighbours.blocks(points, points)]
    starts = range(0, 50, 16)
    assert pairs == [(i, j) for i in starts for j in starts if i <= j]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_vectors_that_are_no_numbers_are_no_points(bad):
    features = RNG.normal(size=(20, 3))
    features[7, 1] = bad
    assert neighbours.points(features, neighbours.centre_of(features)) is None
