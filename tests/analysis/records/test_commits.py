import pytest

from compare_ssgan.analysis.records import commits


@pytest.mark.parametrize(
    ("commit", "expected"),
    [("a" * 40, "aaaaaaa"), ("b" * 40 + "-dirty", "bbbbbbb-dirty"), ("abc", "abc")],
)
def test_a_commit_is_short_and_its_changes_stay_visible(commit, expected):
    assert commits.short(commit) == expected
