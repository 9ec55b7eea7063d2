"""What is known of a folder's files is kept until they change."""

import os

import pytest
from image_bytes import png, smooth, write

from compare_ssgan import cache
from compare_ssgan.datasets.folder import folder
from compare_ssgan.datasets.stores import inspection


def make(directory, files, **options):
    write(directory / "own", files)
    return folder(**{"name": "own", "size": 12, **options})


def classes(names, number=2):
    return {f"{c}/{i}.png": png(smooth()) for c in names for i in range(number)}


def test_unchanged_files_are_not_read_again(directory, monkeypatch):
    before = make(directory, classes("ab", 3))
    read = []
    inspect = inspection.inspect

    def spy(folder, names, **options):
        read.append(sorted(names))
        return inspect(folder, names, **options)

    monkeypatch.setattr(inspection, "inspect", spy)
    assert make(directory, {}).train.content_hash == before.train.content_hash
    assert read == []
    changed = make(directory, {"a/1.png": png(255 - smooth())})
    assert read == [["a/1.png"]]
    assert changed.train.content_hash != before.train.content_hash
    make(directory, {}, corrupt="skip")
    assert len(read[1]) == 6
    make(directory, {}, corrupt="skip")
    assert len(read) == 2


@pytest.mark.parametrize("keep", [0, 50, 900])
def test_a_damaged_cache_costs_time_only(directory, caplog, keep):
    before = make(directory, classes("ab", 3)).train.content_hash
    for path in (cache.directory() / "datasets").glob("folder-*.npz"):
        path.write_bytes(path.read_bytes()[:keep])
    assert make(directory, {}).train.content_hash == before
    assert "Files are read anew" in caplog.text


def test_a_file_of_a_moment_ago_is_not_taken_from_the_cache(directory):
    files = classes("a", 3)
    first = make(directory, files)
    path = directory / "own" / "a" / "0.png"
    path.touch()
    assert make(directory, {}).train.content_hash == first.train.content_hash
    # Same size, same time: only the content tells.
    stamp = path.stat().st_mtime_ns
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(stamp, stamp))
    assert make(directory, {}).train.content_hash != first.train.content_hash
