import numpy as np
import pytest

from compare_ssgan import cache as cache_module
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments
from compare_ssgan.evaluation.moments import Moments, RunningMoments

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv(cache_module.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def _moments(size=3):
    return moments.of(RNG.normal(size=(10, size)))


def _assert_equal(a, b):
    assert a.num == b.num
    np.testing.assert_array_equal(a.mean, b.mean)
    np.testing.assert_array_equal(a.covariance, b.covariance)


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_streamed_moments_are_those_of_the_whole(batch_size):
    # A large mean is what sums of squares would lose the variance in.
    features = RNG.normal(1e6, 1.0, (100, 4)).astype(np.float32)
    running = RunningMoments(4)
    for first in range(0, 100, batch_size):
        running.update(features[first : first + batch_size])
    found = running.result()
    exact = features.astype(np.float64)
    assert found.num == 100
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-14)
    expected = np.cov(exact, rowvar=False)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-8, atol=1e-9)


def test_moments_of_some_rows_are_those_of_these():
    features = RNG.normal(size=(9000, 2)).astype(np.float32)
    rows = RNG.choice(9000, 5000)
    found = moments.of(features, rows)
    assert found.num == 5000
    expected = features[rows].astype(np.float64)
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), rtol=1e-9)
    expected = np.cov(expected, rowvar=False)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9, atol=1e-12)


def test_one_example_has_no_covariance():
    with pytest.raises(InputError, match="two examples, there are 1"):
        moments.of(np.zeros((1, 3)))


def test_a_feature_that_is_no_number_is_not_dropped():
    features = RNG.normal(size=(10, 2))
    features[3, 1] = np.nan
    assert np.isnan(moments.of(features).mean[1])
    assert np.isnan(moments.of(features).covariance[1, 1])


def test_cached_moments_come_back_to_the_last_bit():
    expected = _moments()
    _assert_equal(moments.cached(["key"], lambda: expected), expected)
    _assert_equal(moments.cached(["key"], _fail), expected)


def test_another_key_is_another_entry():
    first, second = _moments(), _moments()
    moments.cached(["a", 1], lambda: first)
    _assert_equal(moments.cached(["a", 2], lambda: second), second)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04cut"])
def test_an_unreadable_entry_is_computed_anew_and_replaced(directory, content):
    expected = _moments()
    moments.cached(["key"], _moments)
    (path,) = directory.iterdir()
    path.write_bytes(content)
    _assert_equal(moments.cached(["key"], lambda: expected), expected)
    _assert_equal(moments.cached(["key"], _fail), expected)


def test_an_entry_of_other_arrays_is_computed_anew(directory):
    expected = _moments()
    moments.cached(["key"], _moments)
    (path,) = directory.iterdir()
    np.savez(path, num=3, mean=np.zeros(3), covariance=np.zeros((2, 2)))
    _assert_equal(moments.cached(["key"], lambda: expected), expected)


def test_an_entry_is_complete_or_absent(directory, monkeypatch):
    def fail_halfway(file, **arrays):
        file.write(b"PK")
        raise OSError("No space left on device")

    monkeypatch.setattr(moments.np, "savez", fail_halfway)
    moments.cached(["key"], _moments)
    assert list(directory.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache_module.VARIABLE, str(tmp_path / "file" / "below"))
    warnings = []
    monkeypatch.setattr(moments.logging, "warning", lambda *a: warnings.append(a[0]))
    expected = _moments()
    _assert_equal(moments.cached(["key"], lambda: expected), expected)
    assert any("not cached" in text for text in warnings)


def test_without_a_setting_the_cache_is_in_the_home_directory(monkeypatch):
    monkeypatch.delenv(cache_module.VARIABLE)
    monkeypatch.setenv("HOME", "/somewhere")
    assert str(cache_module.directory()) == "/somewhere/.cache/compare_ssgan"


def _fail() -> Moments:
    raise AssertionError("computed although it was cached")
