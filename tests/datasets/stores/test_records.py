import concurrent.futures
import os
import struct

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import cache
from compare_ssgan.datasets.stores import open_files, record_index
from compare_ssgan.datasets.stores.records import RecordFiles, open_records
from compare_ssgan.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


def contents(file):
    return [bytes([file, k]) * (1 + 100 * k) for k in range(3 + file)]


@pytest.fixture
def paths(tmp_path):
    """Files of 3, 0 and 5 records."""
    found = [tmp_path / f"a.tfrecord-{k:05d}-of-00003" for k in range(3)]
    for file, path in enumerate(found):
        with tf.io.TFRecordWriter(str(path)) as writer:
            for content in [] if file == 1 else contents(file):
                writer.write(content)
    return found


EXPECTED = contents(0) + contents(2)


def test_records_are_read_in_any_order(paths):
    records = open_records(paths)
    assert records.num_records == 8
    order = np.array([7, 0, 3, 3, 2])
    assert records.read(order) == [EXPECTED[k] for k in order]
    assert records.read(np.array([], np.int64)) == []


def test_a_record_is_described_by_its_file_and_its_number_there(paths):
    records = RecordFiles(paths)
    assert records.describe(2) == f"{paths[0]}, record 2"
    assert records.describe(3) == f"{paths[2]}, record 0"


def test_checksums_are_those_in_the_files(paths):
    data = paths[0].read_bytes()
    last = struct.unpack("<I", data[-4:])[0]
    assert RecordFiles(paths).checksums[2] == last


def test_the_index_is_built_once(paths, monkeypatch):
    first = RecordFiles(paths)
    monkeypatch.setattr(record_index, "_index", None)
    again = RecordFiles(paths)
    np.testing.assert_array_equal(again.checksums, first.checksums)
    assert again.read(np.arange(8)) == EXPECTED


def test_a_changed_file_is_indexed_again(paths):
    RecordFiles(paths)
    with tf.io.TFRecordWriter(str(paths[1])) as writer:
        writer.write(b"new")
    assert RecordFiles(paths).read(np.array([3])) == [b"new"]


def test_a_damaged_index_is_built_again(paths):
    RecordFiles(paths)
    (index,) = (cache.directory() / "datasets").iterdir()
    for content in (b"", b"no archive", index.read_bytes()[:-100]):
        index.write_bytes(content)
        assert RecordFiles(paths).read(np.arange(8)) == EXPECTED


def test_a_cache_that_cannot_be_written_is_no_error(paths, tmp_path):
    (tmp_path / "cache").write_text("a file where a directory should be")
    assert RecordFiles(paths).read(np.arange(8)) == EXPECTED


def test_several_threads_read_more_files_than_are_open(paths, monkeypatch):
    monkeypatch.setattr(open_files, "_MOST", 1)
    records = RecordFiles(paths)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        orders = [np.random.default_rng(k).permutation(8) for k in range(40)]
        for order, found in zip(orders, pool.map(records.read, orders), strict=True):
            assert found == [EXPECTED[k] for k in order]


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_truncated_file_is_refused(paths):
    data = paths[2].read_bytes()
    for cut in (1, 5, 812, 820, 824, len(data) - 5):
        paths[2].write_bytes(data[:-cut])
        with pytest.raises(InputError, match=r"00002-of-.* record \d.*truncated"):
            RecordFiles(paths)


def test_a_damaged_header_is_refused(paths):
    # The second record begins after 12 + 2 + 4 bytes; a low and a high byte.
    for position in (18, 25, 27):
        flip(paths[0], position)
        with pytest.raises(InputError, match=r"00000-of-.* record 1.*header is dam"):
            RecordFiles(paths)
        flip(paths[0], position)


def test_a_file_of_another_kind_is_refused(paths):
    paths[0].write_bytes(b"This is no TFRecord file.")
    with pytest.raises(InputError, match=r"record 0.*another kind of file"):
        RecordFiles(paths)
    with pytest.raises(InputError, match=r"nowhere cannot be read: No such file"):
        RecordFiles([paths[0].parent / "nowhere"])


def test_damaged_data_are_found_when_they_are_read(paths):
    flip(paths[0], 12)
    records = RecordFiles(paths)
    assert records.read(np.array([1])) == EXPECTED[1:2]
    with pytest.raises(InputError, match=r"00000-of-00003, record 0 is damaged"):
        records.read(np.array([1, 0]))


def test_a_file_that_changes_meanwhile_is_refused(paths):
    records = RecordFiles(paths)
    os.utime(paths[0], ns=(0, 0))
    with pytest.raises(InputError, match=r"00000-of-00003 has changed since"):
        records.read(np.array([0]))


@pytest.fixture
def array_paths(tmp_path):
    module = pytest.importorskip("array_record.python.array_record_module")
    found = [tmp_path / f"a.array_record-{k:05d}-of-00002" for k in range(2)]
    for file, path in zip((0, 2), found, strict=True):
        writer = module.ArrayRecordWriter(str(path), "group_size:1,uncompressed")
        for content in contents(file):
            writer.write(content)
        writer.close()
    return found


def test_array_records_are_read_as_records_are(array_paths):
    records = open_records(array_paths)
    assert records.num_records == 8
    order = np.array([7, 0, 3, 3, 2])
    assert records.read(order) == [EXPECTED[k] for k in order]
    assert records.describe(3) == f"{array_paths[1]}, record 0"


def test_checksums_of_array_records_tell_contents_apart(array_paths):
    records = open_records(array_paths)
    assert len(set(records.checksums.tolist())) == 8
    again = open_records(array_paths)
    again.read = None
    np.testing.assert_array_equal(again.checksums, records.checksums)


def test_damaged_array_records_are_refused(array_paths):
    data = array_paths[1].read_bytes()
    array_paths[1].write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"00001-of-00002 is no ArrayRecord file"):
        open_records(array_paths)
    array_paths[1].write_bytes(data)
    # Its content is stored as it is.
    flip(array_paths[1], data.index(EXPECTED[7]) + 20)
    records = open_records(array_paths)
    assert records.read(np.array([6])) == EXPECTED[6:7]
    with pytest.raises(InputError, match=r"00001-of-00002, record 4 is damaged"):
        records.read(np.arange(8))


def test_both_kinds_together_are_refused(paths, array_paths):
    with pytest.raises(InputError, match=r"TFRecord and ArrayRecord files. Keep one"):
        open_records([*paths, *array_paths])


def test_a_file_that_nobody_needs_is_closed_once_even_at_the_end(paths, monkeypatch):
    records = RecordFiles(paths)
    before = set(os.listdir("/proc/self/fd"))
    records.read(np.arange(1))
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    # At its end the interpreter forgets what modules have imported.
    monkeypatch.setattr("compare_ssgan.datasets.stores.records.os", None)
    del records
    assert set(os.listdir("/proc/self/fd")) == before
