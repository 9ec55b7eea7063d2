"""Images of a run as files: what they hold, and where they may go."""

import errno
import os

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.evaluation import image_files
from compare_ssgan.studies import grids, images, restore, run
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import Samples


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The directory of a run."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture
def trained(load, finished):
    request = load("STEPS = 2", out=finished)
    return run.execute(request).run_dir


def read_png(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def read_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def test_a_grid_is_written_where_it_is_asked_for(trained, tmp_path):
    path = images.save_grid(trained, 5, tmp_path / "grid.png", seed=0)
    # Three columns, two rows, two pixels around each image.
    assert read_png(path).shape == (22, 32, 1)


def test_a_seed_draws_the_same_images_into_every_target(trained, tmp_path):
    num, seed = 103, 7
    archive = read_npz(images.save_images(trained, num, tmp_path / "a.npz", seed))
    assert archive.keys() == {"images"}
    pixels = archive["images"]
    assert (pixels.shape, pixels.dtype) == ((num, 8, 8, 1), np.uint8)
    assert len(np.unique(pixels, axis=0)) == num

    directory = images.save_images(trained, num, tmp_path / "new" / "pngs", seed)
    names = sorted(path.name for path in directory.iterdir())
    assert names == [f"{index:06d}.png" for index in range(num)]
    shown = [read_png(directory / name) for name in names]
    np.testing.assert_array_equal(shown, pixels)

    grid = images.save_grid(trained, num, tmp_path / "grid.png", seed)
    np.testing.assert_array_equal(read_png(grid), grids.grid(pixels / 255))

    fewer = read_npz(images.save_images(trained, 3, tmp_path / "b.npz", seed))
    np.testing.assert_array_equal(fewer["images"], pixels[:3])
    other = read_npz(images.save_images(trained, 3, tmp_path / "c.npz", seed + 1))
    assert (other["images"] != pixels[:3]).any()


def test_equal_archives_are_equal_files(trained, tmp_path):
    paths = [
        images.save_images(trained, 3, tmp_path / name, seed=0)
        for name in ("a.npz", "b.npz")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*npz*")) == ["a.npz", "b.npz"]


class Labelled:
    """A game whose images have the brightness of their label."""

    traces = 0

    def sample(
        self,
        num,
        rng,
        labels=None,
        *,
        training=False,
        generator=None,
        truncation=None,
    ):
        Labelled.traces += 1
        classes = rng.uniform([num], 0, 3, tf.int32)
        bright = tf.cast(classes, tf.float32)[:, None, None, None] / 2
        return Samples(bright * tf.ones([num, 4, 4, 1]), tf.one_hot(classes, 3))


def test_labels_of_a_conditional_game_go_along(tmp_path, monkeypatch):
    game = Labelled()
    restored = restore.Restored(game, Sampler(game), 1)
    monkeypatch.setattr(restore, "load_game", lambda run_dir: restored)
    path = images.save_images(tmp_path, 250, tmp_path / "a.npz", seed=0)
    archive = read_npz(path)
    labels = archive["labels"]
    assert (labels.shape, labels.dtype) == ((250,), np.int64)
    assert set(labels) == {0, 1, 2}
    np.testing.assert_array_equal(
        archive["images"][:, 0, 0, 0], np.array([0, 128, 255])[labels]
    )
    assert Labelled.traces == 1

    directory = images.save_images(tmp_path, 250, tmp_path / "pngs", seed=0)
    source = image_files.open_folder(directory)
    np.testing.assert_array_equal(source.labels, labels)
    shown = np.concatenate([b.images for b in source.evaluation_batches(250, 100)])
    np.testing.assert_array_equal(np.round(shown * 255), archive["images"])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("full", "--to: .*full is not empty"),
        ("none/a.npz", "--to: there is no directory .*none"),
        ("full/file", "Cannot write to .*file.*--to"),
        ("full/dir.npz", "--to: cannot write .*dir.npz"),
    ],
)
def test_a_target_that_is_taken_or_cannot_be_is_refused(
    trained, tmp_path, target, message
):
    (tmp_path / "full" / "dir.npz").mkdir(parents=True)
    (tmp_path / "full" / "file").touch()
    with pytest.raises(InputError, match=message):
        images.save_images(trained, 3, tmp_path / target, seed=0)
    assert len([*(tmp_path / "full").iterdir()]) == 2


def test_a_grid_that_is_no_png_is_refused(trained, tmp_path):
    with pytest.raises(InputError, match=r"--out must be the path of a \.png"):
        images.save_grid(trained, 5, tmp_path / "grid.jpg", seed=0)
    with pytest.raises(InputError, match="there is no directory"):
        images.save_grid(trained, 5, tmp_path / "none" / "grid.png", seed=0)


def test_what_is_no_run_leaves_no_directory(toy_configs, tmp_path):
    with pytest.raises(InputError, match="is not the directory of a run"):
        images.save_images(tmp_path, 3, tmp_path / "new", seed=0)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_that_a_run_would_refuse_is_refused(tmp_path, seed):
    for save, name in ((images.save_grid, "a.png"), (images.save_images, "a.npz")):
        with pytest.raises(InputError, match="--seed must be a whole number from"):
            save(tmp_path, 3, tmp_path / name, seed)


def test_a_full_disk_is_one_message(trained, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CommandError, match="No space left on device"):
        images.save_images(trained, 3, tmp_path / "a.npz", seed=0)
    assert [*tmp_path.glob("*npz*")] == []
