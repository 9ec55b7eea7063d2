import logging

import pytest
import tensorflow as tf

from compare_ssgan.errors import CommandError
from compare_ssgan.training.checkpoints import (
    Checkpoints,
    checkpoint_path,
    is_readable,
    linked,
    saved_steps,
)


class Part(tf.Module):
    def __init__(self, size=3):
        super().__init__("part")
        self.value = tf.Variable(tf.zeros([size]))
        self.rng = tf.random.Generator.from_seed(1)


def filled(directory, steps=(0, 1, 2), max_to_keep=3):
    """Saves a checkpoint per step whose value is the step's number."""
    part = Part()
    checkpoints = Checkpoints(directory, {"part": part}, max_to_keep)
    for step in steps:
        part.value.assign(tf.fill([3], float(step)))
        checkpoints.save(step)
        part.rng.normal([1])
    return part


def restored(directory):
    part = Part()
    step = Checkpoints(directory, {"part": part}).restore()
    return step, part


def truncate(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def test_without_checkpoints_nothing_is_restored(tmp_path):
    assert restored(tmp_path / "none")[0] is None


def test_the_newest_is_restored_with_the_state_of_the_noise(tmp_path):
    saved = filled(tmp_path)
    # One draw came after the last save.
    step, part = restored(tmp_path)
    assert step == 2
    assert part.value.numpy().tolist() == [2.0] * 3
    part.rng.normal([1])
    assert part.rng.state.numpy().tolist() == saved.rng.state.numpy().tolist()


def test_only_the_last_ones_are_kept(tmp_path):
    filled(tmp_path, range(5))
    assert saved_steps(tmp_path) == [2, 3, 4]


@pytest.mark.parametrize(
    ("number", "kept"), [(1, [4]), (4, [1, 2, 3, 4]), (None, [0, 1, 2, 3, 4])]
)
def test_how_many_are_kept_can_be_chosen(tmp_path, number, kept):
    filled(tmp_path, range(5), number)
    assert saved_steps(tmp_path) == kept
    # And goes on so after a resume.
    part = Part()
    checkpoints = Checkpoints(tmp_path, {"part": part}, number)
    assert checkpoints.restore() == 4
    checkpoints.save(5)
    assert saved_steps(tmp_path) == ([*kept, 5] if number is None else [*kept[1:], 5])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("file", ["ckpt-2.index", "ckpt-2.data-00000-of-00001"])
def test_a_truncated_newest_falls_back_with_a_warning(tmp_path, caplog, file, share):
    filled(tmp_path)
    truncate(tmp_path / file, share)
    with caplog.at_level(logging.WARNING, logger="absl"):
        step, part = restored(tmp_path)
    assert step == 1
    assert part.value.numpy().tolist() == [1.0] * 3
    assert "ckpt-2 is damaged; going back to the one before it" in caplog.text


def test_a_flipped_bit_is_noticed(tmp_path):
    filled(tmp_path)
    path = tmp_path / "ckpt-2.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[4] ^= 1
    path.write_bytes(content)
    assert restored(tmp_path)[0] == 1


def test_if_none_is_readable_the_run_does_not_begin_again(tmp_path):
    filled(tmp_path)
    for path in tmp_path.glob("*.index"):
        truncate(path, 0.5)
    with pytest.raises(CommandError, match="None of the 3 checkpoints"):
        restored(tmp_path)


def test_a_damaged_one_is_replaced_and_the_others_are_still_rotated(tmp_path):
    filled(tmp_path)
    truncate(tmp_path / "ckpt-2.index", 0.5)
    part = Part()
    checkpoints = Checkpoints(tmp_path, {"part": part})
    assert checkpoints.restore() == 1
    assert saved_steps(tmp_path) == [0, 1]
    for step in (2, 3, 4):
        part.value.assign(tf.fill([3], float(step)))
        checkpoints.save(step)
    assert saved_steps(tmp_path) == [2, 3, 4]
    assert restored(tmp_path)[1].value.numpy().tolist() == [4.0] * 3


def test_a_lost_or_broken_list_of_checkpoints_does_no_harm(tmp_path):
    filled(tmp_path)
    (tmp_path / "checkpoint").write_text("nonsense {")
    assert restored(tmp_path)[0] == 2


def test_leftovers_of_a_killed_save_are_removed(tmp_path):
    filled(tmp_path)
    leftover = tmp_path / "ckpt-3_temp"
    leftover.mkdir()
    (leftover / "part-00000-of-00001.index").write_text("")
    (tmp_path / "ckpt-3.data-00000-of-00001").write_text("")
    restored(tmp_path)
    assert not leftover.exists()
    assert not (tmp_path / "ckpt-3.data-00000-of-00001").exists()


def test_a_checkpoint_of_other_networks_is_refused(tmp_path):
    filled(tmp_path)
    with pytest.raises(CommandError, match="does not fit"):
        Checkpoints(tmp_path, {"part": Part(size=4)}).restore()
    with pytest.raises(CommandError, match="does not fit"):
        Checkpoints(tmp_path, {"part": Part(), "more": Part()}).restore()


def test_a_linked_checkpoint_stays_while_it_is_read(tmp_path):
    directory, folder = tmp_path / "checkpoints", tmp_path / "links"
    filled(directory)
    (folder / "left by a killed process").mkdir(parents=True)
    with linked(checkpoint_path(directory, 1), folder) as held:
        for path in directory.glob("ckpt-1.*"):
            path.unlink()
        assert is_readable(held)
        assert sorted(path.name for path in folder.iterdir()) == [
            "ckpt-1.data-00000-of-00001", "ckpt-1.index",
        ]  # fmt: skip
    assert not folder.exists()


def test_a_checkpoint_is_copied_where_there_are_no_links(tmp_path, monkeypatch):
    def refuse(*paths):
        raise PermissionError(*paths)

    filled(tmp_path)
    monkeypatch.setattr("os.link", refuse)
    with linked(checkpoint_path(tmp_path, 2), tmp_path / "copies") as held:
        assert is_readable(held)


def test_a_checkpoint_that_was_removed_is_not_linked(tmp_path):
    filled(tmp_path)
    # The index is removed first.
    (tmp_path / "ckpt-1.index").unlink()
    for step in (1, 7):
        with (
            pytest.raises(FileNotFoundError),
            linked(checkpoint_path(tmp_path, step), tmp_path / "links"),
        ):
            pass
    assert not (tmp_path / "links").exists()
