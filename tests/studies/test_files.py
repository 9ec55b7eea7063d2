import contextlib
import errno
import os
import pathlib

import pytest
import tensorflow as tf

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import files
from compare_ssgan.studies.record import Record


def refuse(number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    files.write_atomically(path, "old")
    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_processes_of_equal_numbers_do_not_take_each_others_files(
    tmp_path, monkeypatch
):
    # Containers on one file system: each may have a process 7.
    monkeypatch.setattr(os, "getpid", lambda: 7)
    path, flush = tmp_path / "study.json", os.fsync

    def other_writes(descriptor):
        monkeypatch.setattr(os, "fsync", flush)
        files.write_atomically(path, "other")

    monkeypatch.setattr(os, "fsync", other_writes)
    files.write_atomically(path, "mine")
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    to = tmp_path / "to"
    with files.whole_directory(to, "--to") as first:
        with contextlib.suppress(OSError), files.whole_directory(to, "--to") as second:
            assert second != first
            raise OSError
        (first / "a").touch()
    assert [each.name for each in to.iterdir()] == ["a"]


def test_rows_are_appended_wholly_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "train.jsonl"
    files.append_rows(path, [{"step": 1}])
    write = os.write

    def half(descriptor, data):
        monkeypatch.setattr(os, "write", refuse(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space left"):
        files.append_rows(path, [{"step": 2}])
    assert path.read_text() == '{"step": 1}\n'


def test_rows_of_later_steps_and_damaged_ones_are_dropped(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"step": 1, "a": NaN}\n{"step": 5}\n{"step": 2}\n{"st')
    assert [row["step"] for row in files.read_rows(path)] == [1, 5, 2]
    files.truncate_rows(path, 2)
    assert path.read_text() == '{"step": 1, "a": NaN}\n{"step": 2}\n'


def test_a_last_row_without_its_end_is_dropped(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}')
    files.truncate_rows(path, 9)
    assert path.read_text() == '{"step": 1}\n'


def test_a_directory_below_a_file_is_the_users_mistake(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"Cannot write to .*--out"):
        files.make_directory(tmp_path / "file" / "runs", "--out")


def test_a_directory_that_must_not_be_written_to_is_the_users_mistake(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(type(tmp_path), "touch", refuse(errno.EROFS))
    with pytest.raises(InputError, match="Read-only file system"):
        files.make_directory(tmp_path / "a", "--out")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENAMETOOLONG, errno.EIO])
def test_whatever_else_the_system_refuses_is_told_with_path_and_option(
    tmp_path, monkeypatch, number
):
    monkeypatch.setattr(type(tmp_path), "mkdir", refuse(number))
    expected = rf"{tmp_path}/a: {os.strerror(number)}\. Choose .* with --out"
    with pytest.raises(InputError, match=expected):
        files.make_directory(tmp_path / "a", "--out")


def test_a_directory_with_too_long_a_name_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match=r"too long.*--out"):
        files.make_directory(tmp_path / ("x" * 300), "--out")


def test_a_directory_on_a_full_disk_is_no_mistake_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(type(tmp_path), "mkdir", refuse(errno.ENOSPC))
    with pytest.raises(CommandError, match="No space left on device") as caught:
        files.make_directory(tmp_path / "a", "--out")
    assert caught.value.exit_code == 1


def test_a_new_directory_comes_with_the_list_of_new_parents(tmp_path):
    created = files.make_directory(tmp_path / "a" / "b", "--out")
    assert created == [tmp_path / "a" / "b", tmp_path / "a"]
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EDQUOT, "x"), True),
        (tf.errors.ResourceExhaustedError(None, None, "a; No space left on device"), 1),
        (tf.errors.DataLossError(None, None, "Checksum does not match"), False),
        (OSError(errno.EACCES, "x"), False),
    ],
)
def test_a_full_disk_is_recognized(error, full):
    assert files.is_disk_full(error) == full


def test_json_that_is_no_object_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(InputError, match="does not hold a JSON object"):
        files.read_json(tmp_path / "run.json")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="Cannot read"):
        files.read_json(tmp_path / "run.json")


def test_measurements_are_added_behind_the_last_whole_row(tmp_path):
    rows = [{"step": 1, "metric": m, "value": 0.5} for m in ("fid", "kid", "is")]
    record = Record(tmp_path)
    record.add_evaluations(rows[:2])
    path = tmp_path / "evaluations.jsonl"
    # As a copy that was interrupted.
    path.write_bytes(path.read_bytes()[:-9])
    record.add_evaluations(rows[1:])
    assert record.evaluations() == rows


@pytest.mark.parametrize("exists", [False, True])
def test_a_directory_is_written_as_a_whole_or_not_at_all(tmp_path, exists, monkeypatch):
    to = tmp_path / "to"
    if exists:
        to.mkdir()
        # As the current directory it has no name.
        monkeypatch.chdir(to)
    path = pathlib.Path() if exists else to
    with contextlib.suppress(OSError), files.whole_directory(path, "--to") as directory:
        (directory / "a").touch()
        raise OSError
    assert not any(to.iterdir()) if exists else not to.exists()
    with files.whole_directory(path, "--to") as directory:
        (directory / "a").touch()
        (directory / "below").mkdir()
        assert not (to / "a").exists()
    assert sorted(each.name for each in to.iterdir()) == ["a", "below"]
    assert not [*tmp_path.glob("**/.*")]
