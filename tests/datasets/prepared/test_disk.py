import shutil

import pytest

from compare_ssgan.datasets.prepared.disk import check_disk
from compare_ssgan.errors import InputError


@pytest.fixture
def free(monkeypatch, tmp_path):
    """Says how much is free, and returns which paths were asked about."""
    usage, asked = shutil.disk_usage(tmp_path), []

    def say(path):
        asked.append(path)
        return usage._replace(free=5_000_000_000)

    monkeypatch.setattr(shutil, "disk_usage", say)
    return asked


def test_what_fits_is_not_refused(free, tmp_path):
    check_disk(tmp_path, 5_000_000_000, "lsun")
    assert free == [tmp_path]


def test_needed_and_free_bytes_are_told(free, tmp_path):
    with pytest.raises(
        InputError,
        match=rf"lsun needs 5\.0 GB \(5000000001 bytes\) below {tmp_path}, where 5\.0 "
        r"GB \(5000000000 bytes\) are free",
    ):
        check_disk(tmp_path, 5_000_000_001, "lsun")


def test_a_directory_that_is_not_there_yet_lies_on_its_parents_disk(free, tmp_path):
    check_disk(tmp_path / "a" / "b", 1, "lsun")
    assert free == [tmp_path]
