import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import restore, run


@pytest.fixture
def finished(load):
    return run.execute(load("STEPS = 4", "toys.Game.width = 3")).run_dir


def test_a_restored_run_samples_with_its_moving_average(finished, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("The dataset is not needed.")

    monkeypatch.setattr("tests.studies.toy.components.data", refuse)
    restored = restore.load_game(finished)
    assert restored.step == 4
    assert restored.game.width == 3
    rng = tf.random.Generator.from_seed(5)
    images = restored.sampler(6, rng).images
    latents = tf.random.Generator.from_seed(5).normal([6, 3])
    reader = tf.train.load_checkpoint(str(finished / "checkpoints" / "ckpt-4"))
    averaged, last = (
        reader.get_tensor(f"{part}/generator/kernel/.ATTRIBUTES/VARIABLE_VALUE")
        for part in ("ema", "game")
    )
    assert not np.allclose(averaged, last)
    expected = tf.reshape(tf.sigmoid(tf.matmul(latents, averaged)), [6, 8, 8, 1])
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_the_same_seed_gives_the_same_images(finished):
    sampler = restore.load_game(finished).sampler
    draws = [sampler(3, tf.random.Generator.from_seed(1)).images for _ in range(2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    rng = tf.random.Generator.from_seed(1)
    sampler(3, rng)
    assert not np.array_equal(sampler(3, rng).images, draws[0])


def test_a_directory_that_is_no_run_is_refused(toy_configs, tmp_path):
    with pytest.raises(InputError, match="is not the directory of a run"):
        restore.load_game(tmp_path)


def test_a_run_without_checkpoints_is_refused(finished):
    for path in (finished / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="has no checkpoint to sample from"):
        restore.load_game(finished)


def test_damaged_checkpoints_fall_back_or_are_reported(finished):
    (finished / "checkpoints" / "ckpt-4.index").write_bytes(b"")
    assert restore.load_game(finished).step == 0
    (finished / "checkpoints" / "ckpt-0.index").write_bytes(b"")
    with pytest.raises(CommandError, match="None of the checkpoints"):
        restore.load_game(finished)
